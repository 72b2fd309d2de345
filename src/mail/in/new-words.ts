// What a person wrote in a mail: without the quote that their program put below it, and without their signature.
import { htmlLines } from "./html-lines.ts";
import { keptLines } from "./kept-lines.ts";
import { textLines } from "./mail-lines.ts";

export interface NewWords {
  readonly format: "PLAIN" | "HTML";
  /** Empty where they wrote nothing. Of HTML, the tags and attributes that are shown, and no others. */
  readonly text: string;
  /** Whether there is more in the mail than these words. */
  readonly isStripped: boolean;
}

/**
 * The words of a mail, from its plain text; from its HTML where there is no text. Whoever answers between the lines of a
 * quote keeps that quote: as `> ` lines, or as `<blockquote type="cite">`. Its time is linear in the mail's length, and
 * of its own result it takes nothing away.
 */
export function newWords({ text, html }: { readonly text: string | null; readonly html: string | null }): NewWords {
  if (text !== null && text.trim() !== "") return ofText(text);
  return html === null ? { format: "PLAIN", text: "", isStripped: false } : ofHtml(html);
}

function ofText(text: string): NewWords {
  const lines = textLines(text);
  const { start, end } = keptLines(lines);
  const isSeen = (line: { readonly text: string }) => line.text.trim() !== "";
  return {
    format: "PLAIN",
    text: lines
      .slice(start, end)
      .map((line) => line.text)
      .join("\n")
      .trimEnd(),
    isStripped: lines.slice(0, start).some(isSeen) || lines.slice(end).some(isSeen),
  };
}

function ofHtml(html: string): NewWords {
  const { lines, isWhole, toHtml } = htmlLines(html);
  const { start, end } = keptLines(lines);
  const isSeen = (line: { readonly text: string }) => line.text.trim() !== "";
  const hasWords = lines.slice(start, end).some(isSeen);
  return {
    format: "HTML",
    text: hasWords ? toHtml((line) => line >= start && line < end).trim() : "",
    isStripped: !isWhole || lines.slice(0, start).some(isSeen) || lines.slice(end).some(isSeen),
  };
}
