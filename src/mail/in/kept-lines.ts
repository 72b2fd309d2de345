// Which lines of a mail a person wrote for it: pure and linear, whatever the lines came from.
import { type MailLine, nextWithWords, ownText } from "./mail-lines.ts";
import { isFieldBlock, isForwardMark, isOriginalMark, isRule, quoteHeadEndingAt } from "./quote-heads.ts";
import {
  footerLinesMax,
  isDashedName,
  isFooterMark,
  isSentFrom,
  isSignatureMark,
  signatureLinesMax,
} from "./sign-offs.ts";

export interface KeptLines {
  /** The first that is kept, and the one after the last. */
  readonly start: number;
  readonly end: number;
}

/**
 * Of a mail's lines, those without the quote below them, the "On … wrote:" above them, and the signature. Quotes with
 * words below them stay: those words answer them; but not a whole mail with its signature. What is forwarded stays too, for nobody here has seen it.
 */
export function keptLines(lines: readonly MailLine[]): KeptLines {
  const { end: cut, isForward } = foreignFrom(lines);
  if (isForward) return trimmed(lines, 0, lines.length);
  const end = withoutTail(lines, cut);
  // Nothing marks where such a quote ends. With no words above it they are below, or it is what somebody passes on.
  const isMarked = lines.slice(0, cut).some(({ isHead }) => isHead);
  if (end === 0 && cut < lines.length && !isMarked) return trimmed(lines, 0, lines.length);
  return trimmed(lines, withoutWholeQuote(lines, withoutLead(lines, end), end), end);
}

/** Where a quote begins that nothing marks line by line, as Outlook writes it; the end where there is none. */
function foreignFrom(lines: readonly MailLine[]): { readonly end: number; readonly isForward: boolean } {
  const textAt = ownText(lines, lines.length);
  const next = nextWithWords(lines);
  for (const [index, { text, isQuoted }] of lines.entries()) {
    if (isQuoted || text.trim() === "") continue;
    if (isForwardMark(text)) return { end: lines.length, isForward: true };
    if (isOriginalMark(text) || isFieldBlock(textAt, index)) return { end: index, isForward: false };
    const head = quoteHeadEndingAt(textAt, index);
    if (head?.isSure && lines[next[index] ?? -1]?.isQuoted === false) return { end: head.start, isForward: false };
  }
  return { end: lines.length, isForward: false };
}

/** Takes from the end, one after the other, what is none of the words, until words are met. */
function withoutTail(lines: readonly MailLine[], cut: number): number {
  const marks = signatureMarks(lines);
  let end = cut;
  // Whether what was taken last stood below something that announces a quote.
  let wasQuote = cut < lines.length;
  while (end > 0) {
    const last = end - 1;
    const line = lines[last];
    if (line === undefined) break;
    if (line.isQuoted) wasQuote = true;
    if (line.isQuoted || line.isHead || line.text.trim() === "" || (wasQuote && isRule(line.text))) {
      end = last;
      continue;
    }
    const head = quoteHeadEndingAt(ownText(lines, end), last);
    const start = head !== null && (wasQuote || head.isSure) ? head.start : signOffStart(lines, last, marks);
    if (start === null) break;
    end = start;
  }
  return end;
}

/** Of each line, the last signature mark at or above it in the same words; -1 where there is none. */
function signatureMarks(lines: readonly MailLine[]): readonly number[] {
  let mark = -1;
  return lines.map(({ text, isQuoted }, index) => {
    if (isQuoted) mark = -1;
    else if (isSignatureMark(text)) mark = index;
    return mark;
  });
}

/** Where the signature, or whatever else below the words, begins that ends with the line `last`; null where there is none. */
function signOffStart(lines: readonly MailLine[], last: number, marks: readonly number[]): number | null {
  const mark = marks[last] ?? -1;
  if (mark !== -1 && last - mark <= signatureLinesMax(lines[mark]?.text ?? "")) return mark;
  const text = lines[last]?.text ?? "";
  if (isSentFrom(text)) return last;
  if (isDashedName(text) && (last === 0 || lines[last - 1]?.text.trim() === "")) return last;
  for (let at = last; at >= 0 && last - at < footerLinesMax; at--) {
    const line = lines[at];
    if (line === undefined || line.isQuoted || line.text.trim() === "") return null;
    if (isFooterMark(line.text)) return at;
  }
  return null;
}

/** Where the words begin, or the quote that they answer: below the "On … wrote:" of that quote. */
function withoutLead(lines: readonly MailLine[], end: number): number {
  const { start } = trimmed(lines, 0, end);
  const textAt = ownText(lines, end, start);
  for (let last = start; last < Math.min(start + 5, end); last++) {
    const isMarked = lines.slice(start, last + 1).every((line) => line.isHead);
    if (!isMarked && quoteHeadEndingAt(textAt, last)?.start !== start) continue;
    const below = trimmed(lines, last + 1, end).start;
    if (lines[below]?.isQuoted && below < end) return below;
  }
  return start;
}

/**
 * Where the words begin below a quote that goes on to the end of the other's signature: nobody chose what of it to keep.
 * `start`, where the quote ends before, or more is quoted further down.
 */
function withoutWholeQuote(lines: readonly MailLine[], start: number, end: number): number {
  let [mark, below] = [-1, start];
  for (let at = start; at < end; at++) {
    const line = lines[at];
    if (line === undefined || (!line.isQuoted && line.text.trim() !== "")) break;
    if (!line.isQuoted) continue;
    if (isSignatureMark(line.text.replace(/^[ \t]*>[ \t]?/, ""))) mark = at;
    below = at + 1;
  }
  const isWhole = mark !== -1 && below - mark <= signatureLinesMax("-- ");
  return isWhole && below < end && !lines.slice(below, end).some(({ isQuoted }) => isQuoted) ? below : start;
}

/** Without empty lines at both ends. */
function trimmed(lines: readonly MailLine[], from: number, to: number): KeptLines {
  const isEmpty = (index: number) => lines[index]?.text.trim() === "" && !lines[index]?.isQuoted;
  let [start, end] = [from, to];
  while (start < end && isEmpty(start)) start++;
  while (end > start && isEmpty(end - 1)) end--;
  return { start, end };
}
