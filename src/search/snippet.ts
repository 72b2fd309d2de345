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

/** What to mark. */
export interface Needle {
  /** Folded; of several, those that stand side by side are marked as one. */
  readonly words: readonly string[];
  /**
   * `whole`: only whole words. `start`: what words begin with. `part`: within words, too; of one or two letters whole words
   * alone. Words of scripts without spaces are marked within others however.
   */
  readonly as: "whole" | "start" | "part";
}

interface Mark {
  readonly start: number;
  readonly end: number;
}

/** A word of the text. */
interface Word extends Mark {
  readonly text: string;
  readonly folded: string;
}

/** The part of `text` around the first needle; its beginning where there is none. */
export function snippetOf(text: string, needles: readonly Needle[]): readonly SnippetPart[] {
  const longest = Math.max(1, ...needles.map(({ words }) => words.length));
  const found: Mark[] = [];
  const latest: Word[] = [];
  for (const word of wordsNear(text, needles)) {
    if (!word) {
      latest.length = 0;
      continue;
    }
    latest.push(word);
    if (latest.length > longest) latest.shift();
    for (const needle of needles) found.push(...marksOf(needle, latest.slice(-needle.words.length)));
    // No further than what is shown of the first: texts may be long.
    if (found.length > 0 && word.start > (found[0]?.start ?? 0) + snippetCharacters) break;
  }
  const marks = found.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const first = marks[0]?.start ?? 0;
  const start = wordBreak(text, Math.max(0, first - charactersBefore), first);
  // What is marked is shown to its end.
  const end = marks.reduce(
    (end, mark) => (mark.start < end ? Math.max(end, mark.end) : end),
    wordEnd(text, Math.min(text.length, start + snippetCharacters)),
  );
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

/** A part of a text, from one blank to another: to look whether it has something takes a hundredth of taking its words apart. */
const partPattern = /.{1,500}\S*/gsu;

/** Parts whose words are looked at in vain: of "a" every one has the letter, and perhaps none the word. */
const partsMax = 10;

/** The words of the text, where needles may be; null stands for what is left out. */
function* wordsNear(text: string, needles: readonly Needle[]): Generator<Word | null> {
  const beginnings = needles.flatMap(({ words }) => words[0] ?? []);
  if (beginnings.length === 0) return;
  let parts = 0;
  let hasBegun = false;
  for (const { 0: part, index } of text.matchAll(partPattern)) {
    const folded = fold(part);
    const mayBegin = beginnings.some((word) => folded.includes(word));
    // What begins at the end of a part goes on in the next one.
    if (!mayBegin && !hasBegun) yield null;
    else if (++parts > partsMax) return;
    else {
      for (const { 0: word, index: at } of part.matchAll(wordPattern)) {
        const start = index + at;
        yield { text: word, folded: fold(word), start, end: start + word.length };
      }
    }
    hasBegun = mayBegin;
  }
}

/** Where a needle is, if it ends with the last of these words, of which there are as many as it has at most. */
function marksOf({ words, as }: Needle, latest: readonly Word[]): readonly Mark[] {
  const [first, last] = [latest[0], latest.at(-1)];
  const [word, lastWord] = [words[0] ?? "", words.at(-1) ?? ""];
  if (!first || !last || latest.length < words.length || word === "") return [];
  if (words.length === 1) {
    if (isUnspaced(last.text)) return marksWithin(last, word);
    const isWhole = as === "whole" || (as === "part" && word.length < 3);
    const isHit = isWhole
      ? last.folded === word
      : as === "start"
        ? last.folded.startsWith(word)
        : last.folded.includes(word);
    return isHit ? [last] : [];
  }
  if (words.slice(1, -1).some((one, i) => one !== latest[i + 1]?.folded)) return [];
  const mayBePart = (one: string) => as === "part" || isUnspaced(one);
  const isBegun = mayBePart(word) ? first.folded.endsWith(word) : first.folded === word;
  const isEnded = mayBePart(lastWord) ? last.folded.startsWith(lastWord) : last.folded === lastWord;
  if (!isBegun || !isEnded) return [];
  // Of the sentence that a word without spaces may be, only what was looked for.
  const isCut = (one: Word) => isUnspaced(one.text) && one.folded.length === one.text.length;
  const start = isCut(first) ? first.end - word.length : first.start;
  return [{ start, end: isCut(last) ? last.start + lastWord.length : last.end }];
}

/** Places within a word of a script without spaces: only they are marked, not all of the sentence. */
function marksWithin({ text, folded, ...mark }: Word, needle: string): readonly Mark[] {
  // Where folding changes the length (half-width kana), all of it is marked.
  if (folded.length !== text.length) return folded.includes(needle) ? [mark] : [];
  const found: Mark[] = [];
  for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + needle.length)) {
    found.push({ start: mark.start + at, end: mark.start + at + needle.length });
    // A text may be nothing else.
    if (at > (found[0]?.start ?? 0) - mark.start + snippetCharacters) break;
  }
  return found;
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
