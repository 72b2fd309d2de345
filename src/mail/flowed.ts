// Text whose lines flow (RFC 3676): wrapped by the program that sent it, put together again here.
import { mapHeaders } from "./decode.ts";

export interface Flow {
  readonly isFlowed: boolean;
  /** Whether the blank at a line's end is not part of the text (`delsp`). */
  readonly isSpaceDeleted: boolean;
}

/** The mail without the word that its lines flow: what decodes it would join the lines of a quote to the answer. */
export function withoutFlow(raw: Buffer): { readonly mail: Buffer; readonly flow: Flow } {
  const text = raw.toString("latin1");
  let flow: Flow = { isFlowed: false, isSpaceDeleted: false };
  if (!/format\s{0,9}=\s{0,9}"?flowed/i.test(text)) return { mail: raw, flow };
  const mail = mapHeaders(text, (block) =>
    block.replace(/\bformat\s{0,9}=\s{0,9}"?flowed"?/gi, () => {
      flow = { isFlowed: true, isSpaceDeleted: /\bdelsp\s{0,9}=\s{0,9}"?yes/i.test(block) };
      return "format=fixed";
    }),
  );
  return flow.isFlowed ? { mail: Buffer.from(mail, "latin1"), flow } : { mail: raw, flow };
}

/**
 * The paragraphs of flowed text, one line each. Lines of a quote stay lines of it, and flow only into lines of the same
 * depth: what is quoted never becomes part of an answer. Other text is as it is.
 */
export function unflow(text: string, { isFlowed, isSpaceDeleted }: Flow): string {
  if (!isFlowed) return text;
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
