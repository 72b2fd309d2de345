// What others wrote, on a line of a terminal: nothing in it moves the cursor, begins a line, hides or turns what stands there.

/** The text, with what would not be seen as `\u{1b}`. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
