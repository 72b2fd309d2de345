// Text whose lines flow (RFC 3676): wrapped by the program that sent it, put together again here.

/**
 * The paragraphs of flowed text, one line each. Lines of a quote stay lines of it, and flow only into lines of the same
 * depth: what is quoted never becomes part of an answer.
 * @param isSpaceDeleted whether the blank at a line's end is not part of the text (`delsp`)
 */
export function unflow(text: string, isSpaceDeleted: boolean): string {
  const paragraphs: string[] = [];
  let parts: string[] = [];
  let depth = 0;
  let isOpen = false;
  const finish = () => {
    if (parts.length > 0) paragraphs.push(parts.join(""));
    parts = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const marks = depthOf(line);
    const words = line.slice(marks).replace(/^ /, "");
    if (!isOpen || marks !== depth) {
      finish();
      parts.push(marks === 0 ? "" : `${">".repeat(marks)} `);
      depth = marks;
    }
    const isSignature = words === "-- ";
    isOpen = words.endsWith(" ") && !isSignature;
    parts.push(isOpen && isSpaceDeleted ? words.slice(0, -1) : words);
  }
  finish();
  return paragraphs.join("\n");
}

function depthOf(line: string): number {
  let depth = 0;
  while (line[depth] === ">") depth++;
  return depth;
}
