// Text of mails as it can be kept and shown.
import { isBlank, turning } from "../conversation/body.ts";

/** As text can be kept: line ends of one kind, no U+0000, no half characters, no empty lines at the end. */
export function cleanText(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").replaceAll("\0", "").toWellFormed();
  let end = lines.length;
  while (lines[end - 1] === "\n") end--;
  return lines.slice(0, end);
}

/** Text for a line: blanks and control characters to one blank each, nothing that turns text, at most so many characters. */
export function oneLine(text: string, charactersMax: number): string {
  const line = text
    .toWellFormed()
    .replace(new RegExp(turning, "g"), "")
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  if (isBlank(line)) return "";
  return line.length <= charactersMax ? line : [...line].slice(0, charactersMax).join("").trim();
}
