// A mail as lines, each somebody's own or quoted.
import { quoteHeadEndingAt } from "./quote-heads.ts";

export interface MailLine {
  readonly text: string;
  /** Whether it stands in a quote. */
  readonly isQuoted: boolean;
  /** Whether the program that wrote it marked it as the line above a quote. */
  readonly isHead?: boolean;
}

/** The lines of plain text. */
export function textLines(text: string): readonly MailLine[] {
  const lines = text
    .replace(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => ({ text: line, isQuoted: /^[ \t]{0,4}>/.test(line) }));
  return withOddQuotes(lines);
}

/** Some mark quotes by another character: by that of the first line below an "On … wrote:". Here, it becomes `>`. */
function withOddQuotes(lines: readonly MailLine[]): readonly MailLine[] {
  const textAt = ownText(lines, lines.length);
  const next = nextWithWords(lines);
  for (const index of lines.keys()) {
    const below = next[index] ?? -1;
    if (lines[below] === undefined || lines[below].isQuoted) continue;
    const mark = /^[ \t]{0,2}(?:[|:}%]|--\]|[=-]>)/.exec(lines[below].text)?.[0];
    if (mark === undefined || !quoteHeadEndingAt(textAt, index)?.isSure) continue;
    return lines.map((line, at) =>
      at >= below && line.text.startsWith(mark)
        ? { text: `> ${line.text.slice(mark.length).trimStart()}`, isQuoted: true }
        : line,
    );
  }
  return lines;
}

/** A line's words where they are somebody's own, between `from` and `end`. */
export const ownText =
  (lines: readonly MailLine[], end: number, from = 0) =>
  (index: number): string | null => {
    const line = lines[index];
    return line === undefined || line.isQuoted || index >= end || index < from ? null : line.text;
  };

/** Of each line, the next one that is not empty; -1 where there is none. */
export function nextWithWords(lines: readonly MailLine[]): readonly number[] {
  const next: number[] = new Array(lines.length).fill(-1);
  let found = -1;
  for (let index = lines.length - 1; index >= 0; index--) {
    next[index] = found;
    if (lines[index]?.text.trim() !== "") found = index;
  }
  return next;
}
