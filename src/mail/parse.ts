// One mail as a conversation needs it: who, to whom, the words in one format, the files.
import { isAscii, isUtf8 } from "node:buffer";
import { hash as digest } from "node:crypto";
import { TextDecoder } from "node:util";
import PostalMime, { type Attachment, type Email, type Address as MailAddress } from "postal-mime";
import { toAddress } from "../accounts/accounts.ts";
import type { Address } from "../conversation/address.ts";
import { isBlank, turning } from "../conversation/body.ts";
import { limits } from "../conversation/limits.ts";
import type { MessageFormat } from "../protocol/event.ts";
import { type Hash, sha256 } from "../protocol/hash.ts";
import { headersEnd } from "./mail-head.ts";

export interface Mailbox {
  readonly address: Address;
  readonly name: string | null;
}

/** A file of a mail: what is known of it without keeping it. */
export interface MailFile {
  readonly title: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: Hash;
}

export interface ParsedMail {
  readonly from: Mailbox;
  /** Whether the mail names nobody who can be written to, so that the address was made up. */
  readonly isFromMadeUp: boolean;
  /** Of To and Cc, each once, without the sender. */
  readonly recipients: readonly Mailbox[];
  /** One line, at most as long as a subject may be; empty where there is none. */
  readonly subject: string;
  readonly format: MessageFormat;
  /** At most as long as a message may be. Quotes and signatures are as they were. */
  readonly text: string;
  /** Whether there was more of it. */
  readonly isCut: boolean;
  readonly files: readonly MailFile[];
  /** PGP and S/MIME signatures. Over the mail's bytes, without which they prove nothing; so they are no files here. */
  readonly signatures: number;
}

/** @throws Error where its parts are nested deeper, or its headers larger, than any real mail's */
export async function parseMail(raw: Buffer): Promise<ParsedMail> {
  const email = await decode(raw);
  const senders = [email.from, email.sender, ...(email.replyTo ?? [])].flatMap((one) => (one ? mailboxesOf(one) : []));
  const from = senders[0] ?? madeUpSender(email);
  const recipients = new Map<Address, Mailbox>();
  for (const one of [...(email.to ?? []), ...(email.cc ?? [])].flatMap(mailboxesOf)) {
    if (one.address !== from.address && !recipients.get(one.address)?.name) recipients.set(one.address, one);
  }
  return {
    from,
    isFromMadeUp: senders.length === 0,
    recipients: [...recipients.values()],
    subject: oneLine(email.subject ?? "", limits.subjectCharacters),
    ...wordsOf(email),
    files: email.attachments.filter((one) => !isSignature(one)).map(fileOf),
    signatures: email.attachments.filter(isSignature).length,
  };
}

/** The words in the format that they were written in; plain text where there are both, for it is what nobody has to trust. */
function wordsOf(email: Email): Pick<ParsedMail, "format" | "text" | "isCut"> {
  const text = clean(email.text ?? "");
  if (text.trim() !== "" || email.html === undefined) return { format: "PLAIN", ...cutTo(text, limits.messageBytes) };
  const html = clean(email.html);
  const isLong = Buffer.byteLength(html) > limits.messageBytes;
  // What is never shown goes first: style sheets and pictures that stand in the text are most of a long one.
  return { format: "HTML", ...cutTo(isLong ? withoutUnseen(html) : html, limits.messageBytes) };
}

const cutMark = "\n[…]";

export function cutTo(text: string, bytesMax: number): Pick<ParsedMail, "text" | "isCut"> {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return { text, isCut: false };
  // As a stream, it holds back a character that was cut through.
  const kept = new TextDecoder().decode(bytes.subarray(0, bytesMax - Buffer.byteLength(cutMark)), { stream: true });
  return { text: kept + cutMark, isCut: true };
}

function withoutUnseen(html: string): string {
  const bare = (
    [
      ["<style", "</style>"],
      ["<script", "</script>"],
      ["<!--", "-->"],
    ] as const
  ).reduce((text, [opening, closing]) => without(text, opening, closing), html);
  return bare.replace(/"data:[^"]*"|'data:[^']*'/gi, '""');
}

/** Without what stands between the two, of which case does not count. */
function without(text: string, opening: string, closing: string): string {
  // Of what is longer in lower case, places would be others.
  const lower = text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const at = lower.indexOf(opening, from);
    const end = at === -1 ? -1 : lower.indexOf(closing, at);
    if (end === -1) return kept.join("") + text.slice(from);
    kept.push(text.slice(from, at));
    from = end + closing.length;
  }
}

/** As text can be kept: line ends of one kind, no U+0000, no half characters, no empty lines at the end. */
export function clean(text: string): string {
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

function mailboxesOf(one: MailAddress): readonly Mailbox[] {
  if (one.group !== undefined) return one.group.flatMap(mailboxesOf);
  const address = toAddress(one.address ?? "");
  if (address === null) return [];
  const name = oneLine(one.name, limits.nameCharacters);
  return [{ address, name: name === "" || name.toLowerCase() === address ? null : name }];
}

/** Whoever has no address that can be one still said it: under an address of nobody's (RFC 2606), the same for the same text. */
function madeUpSender({ headers, from }: Email): Mailbox {
  const said = headers.find(({ key }) => key === "from")?.value ?? "";
  const name = oneLine(from?.name || said, limits.nameCharacters);
  const localPart = said === "" ? "unknown" : `unknown-${digest("sha256", said, "hex").slice(0, 16)}`;
  return { address: `${localPart}@invalid`, name: name === "" ? null : name };
}

function isSignature({ mimeType }: Attachment): boolean {
  return /^application\/(?:pgp-signature|(?:x-)?pkcs7-signature)$/.test(mimeType);
}

function fileOf({ filename, mimeType, content }: Attachment): MailFile {
  const bytes = typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
  return {
    title: oneLine(filename ?? "", limits.titleCharacters) || "unnamed",
    type: oneLine(mimeType, limits.typeCharacters),
    size: bytes.length,
    sha256: sha256(bytes),
  };
}

/**
 * Decodes a mail. What says no charset, or a wrong one, is read as UTF-8 where it is that, else as Windows-1252: old
 * archives are full of bytes above 127 that nothing announces, in headers too.
 */
async function decode(raw: Buffer): Promise<Email> {
  const readable = withUtf8Headers(raw);
  const isMislabelled = !isAscii(readable) && isUtf8(readable) && declaresAscii(readable);
  const email = await PostalMime.parse(isMislabelled ? withCharset(readable, "utf-8") : readable);
  const lost = lostIn(email);
  if (lost === 0) return email;
  const again = await PostalMime.parse(withCharset(readable, "windows-1252"));
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

// The headers of the mail, and of each of its parts after a line that begins with `--`.
const headerBlocks = /(?:^|\n--[^\n]*\n)(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+/g;
const textType = /^content-type:[ \t]*text\/(?:plain|html)\b[^\n]*(?:\n[ \t][^\n]*)*/gim;
const asciiOrUtf8 = /;\s*charset="?(?:us-ascii|ascii|utf-?8)"?/i;

function declaresAscii(mail: Buffer): boolean {
  return /charset="?(?:us-)?ascii/i.test(mail.toString("latin1"));
}

/** The mail with this charset named for texts that name none, ASCII or UTF-8. */
function withCharset(mail: Buffer, charset: string): Buffer {
  const text = mail.toString("latin1");
  const hasType = /^content-type:/im.test(text.slice(0, headersEnd(mail)));
  const named = text.replace(headerBlocks, (block) =>
    block.replace(textType, (header) => {
      const bare = header.replace(asciiOrUtf8, "").trimEnd();
      return /charset/i.test(bare) ? header : `${bare}; charset=${charset}`;
    }),
  );
  return Buffer.from(hasType ? named : `Content-Type: text/plain; charset=${charset}\n${named}`, "latin1");
}
