// A mail's bytes as its headers, texts and files, whatever charset they say or do not say.
import { isAscii, isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import PostalMime, { type Email, type PostalMimeOptions } from "postal-mime";
import { headersEnd } from "./mail-head.ts";

/**
 * Decodes a mail. What says no charset, or a wrong one, is read as UTF-8 where it is that, else as Windows-1252: old
 * archives are full of bytes above 127 that nothing announces, in headers too.
 * @throws Error where a bound of `options` is passed
 */
export async function decode(raw: Buffer, options: PostalMimeOptions = {}): Promise<Email> {
  const readable = withUtf8Headers(raw);
  const isMislabelled = !isAscii(readable) && isUtf8(readable) && declaresAscii(readable);
  const email = await PostalMime.parse(isMislabelled ? withCharset(readable, "utf-8") : readable, options);
  const lost = lostIn(email);
  if (lost === 0) return email;
  const again = await PostalMime.parse(withCharset(readable, "windows-1252"), options);
  return lostIn(again) < lost ? again : email;
}

/** How many characters could not be read. */
function lostIn({ text = "", html = "" }: Email): number {
  return (text + html).split("\ufffd").length - 1;
}

function withUtf8Headers(raw: Buffer): Buffer {
  const end = headersEnd(raw);
  const head = raw.subarray(0, end);
  const isJis = head.includes("\u001b$");
  if (isUtf8(head) && !isJis) return raw;
  const declared = /charset="?([\w.:-]+)/i.exec(raw.toString("latin1", 0, end + 16_384))?.[1] ?? "";
  const text = decoderOf(isJis ? "iso-2022-jp" : declared).decode(head);
  return Buffer.concat([Buffer.from(text), raw.subarray(end)]);
}

/** Of a charset that cannot be the one of what is not UTF-8: Windows-1252's, which knows every byte. */
function decoderOf(charset: string): TextDecoder {
  try {
    const decoder = new TextDecoder(charset);
    if (decoder.encoding !== "utf-8") return decoder;
  } catch {
    // Not a charset that is known here.
  }
  return new TextDecoder("windows-1252");
}

// Of more lines, or longer ones, no part's headers are.
const blockMax = 64 * 1024;
const isHeaderLine = /^[!-9;-~]+:/;
const textType = /^content-type:[ \t]*text\/(?:plain|html)\b[^\n]*(?:\n[ \t][^\n]*)*/gim;
const asciiOrUtf8 = /;\s*charset="?(?:us-ascii|ascii|utf-?8)"?/i;

function declaresAscii(mail: Buffer): boolean {
  return /charset="?(?:us-)?ascii/i.test(mail.toString("latin1"));
}

/** The mail with this charset named for texts that name none, ASCII or UTF-8. */
function withCharset(mail: Buffer, charset: string): Buffer {
  const text = mail.toString("latin1");
  const hasType = /^content-type:/im.test(text.slice(0, headersEnd(mail)));
  const named = mapHeaders(text, (block) =>
    block.replace(textType, (header) => {
      const bare = header.replace(asciiOrUtf8, "").trimEnd();
      return /charset/i.test(bare) ? header : `${bare}; charset=${charset}`;
    }),
  );
  return Buffer.from(hasType ? named : `Content-Type: text/plain; charset=${charset}\n${named}`, "latin1");
}

/** The mail with what `change` makes of its headers, and of those of each of its parts after a line that begins with `--`. */
export function mapHeaders(mail: string, change: (block: string) => string): string {
  const pieces: string[] = [];
  let kept = 0;
  for (let start = 0; start !== -1; ) {
    const end = blockEnd(mail, start);
    if (end > start && end - start <= blockMax) {
      pieces.push(mail.slice(kept, start), change(mail.slice(start, end)));
      kept = end;
    }
    const next = mail.indexOf("\n--", Math.max(0, end - 1));
    const lineEnd = next === -1 ? -1 : mail.indexOf("\n", next + 1);
    start = lineEnd === -1 ? -1 : lineEnd + 1;
  }
  return pieces.join("") + mail.slice(kept);
}

/** Where the headers end that begin at `start`. */
function blockEnd(mail: string, start: number): number {
  let at = start;
  for (;;) {
    const lineEnd = mail.indexOf("\n", at);
    if (lineEnd === -1) return at;
    const isFolded = at > start && (mail[at] === " " || mail[at] === "\t");
    if (!isFolded && !isHeaderLine.test(mail.slice(at, Math.min(lineEnd, at + 100)))) return at;
    at = lineEnd + 1;
  }
}
