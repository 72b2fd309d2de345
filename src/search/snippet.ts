// What is shown of a text in which something was found: the part around the first place, with what was found marked.
import { fold, isUnspaced, wordPattern } from "./fold.ts";

/** Parts in order; put together they are the snippet's text. */
export interface SnippetPart {
  readonly text: string;
  readonly isHit: boolean;
}

/** Characters of a snippet, about: it begins and ends at a word. */
const snippetCharacters = 200;
const charactersBefore = 60;

/** What to mark: words and parts of them, folded. Of one or two letters whole words alone. */
export type Needles = readonly string[];

/** The part of `text` around the first needle; its beginning where there is none. */
export function snippetOf(text: string, needles: Needles): readonly SnippetPart[] {
  const isHit = (word: string): boolean => {
    const folded = fold(word);
    return needles.some((needle) => (needle.length < 3 ? folded === needle : folded.includes(needle)));
  };
  const marks: { start: number; end: number }[] = [];
  for (const { 0: word, index } of text.matchAll(wordPattern)) {
    if (isUnspaced(word)) marks.push(...marksWithin(word, index, needles));
    else if (isHit(word)) marks.push({ start: index, end: index + word.length });
    // No further than what is shown of the first: texts may be long.
    if (marks.length > 0 && index > (marks[0]?.start ?? 0) + snippetCharacters) break;
  }
  const first = marks[0]?.start ?? 0;
  const start = wordBreak(text, Math.max(0, first - charactersBefore), first);
  const end = wordEnd(text, Math.min(text.length, start + snippetCharacters));
  const parts: SnippetPart[] = [];
  let at = start;
  const add = (upTo: number, isHit: boolean) => {
    const part = text.slice(at, upTo).replace(/\s+/gu, " ");
    if (part !== "") parts.push({ text: part, isHit });
    at = upTo;
  };
  for (const mark of marks) {
    if (mark.start < at || mark.end > end) continue;
    add(mark.start, false);
    add(mark.end, true);
  }
  add(end, false);
  return [
    ...(start > 0 ? [{ text: "… ", isHit: false }] : []),
    ...parts,
    ...(end < text.length ? [{ text: " …", isHit: false }] : []),
  ];
}

/** Places of needles within a word of a script without spaces: only they are marked, not all of the sentence. */
function marksWithin(word: string, index: number, needles: Needles) {
  const folded = fold(word);
  // Where folding changes the length (half-width kana), all of it is marked.
  if (folded.length !== word.length) {
    return needles.some((needle) => folded.includes(needle)) ? [{ start: index, end: index + word.length }] : [];
  }
  const found: { start: number; end: number }[] = [];
  for (const needle of needles) {
    for (let at = folded.indexOf(needle); at >= 0 && needle !== ""; at = folded.indexOf(needle, at + needle.length)) {
      found.push({ start: index + at, end: index + at + needle.length });
    }
  }
  return found.toSorted((a, b) => a.start - b.start || b.end - a.end);
}

/** The beginning of a word at or after `from`, at most `latest`. */
function wordBreak(text: string, from: number, latest: number): number {
  if (from === 0) return 0;
  const space = text.slice(from, latest).search(/\s/u);
  const at = space < 0 ? from : from + space + 1;
  return isLowSurrogate(text, at) ? at + 1 : at;
}

function wordEnd(text: string, from: number): number {
  if (from >= text.length) return text.length;
  const space = text.slice(from, from + 20).search(/\s/u);
  const at = space < 0 ? from : from + space;
  return isLowSurrogate(text, at) ? at + 1 : at;
}

const isLowSurrogate = (text: string, at: number): boolean => /^[\udc00-\udfff]/.test(text.charAt(at));
