// One mail as a conversation needs it: who, to whom, the words in one format, the files.
import { hash as digest } from "node:crypto";
import { TextDecoder } from "node:util";
import type { Attachment, Email } from "postal-mime";
import type { Address } from "../conversation/address.ts";
import { limits } from "../conversation/limits.ts";
import type { MessageFormat } from "../protocol/event.ts";
import { type Hash, sha256 } from "../protocol/hash.ts";
import { decode } from "./decode.ts";
import { isSignature } from "./is-signature.ts";
import { cleanText, oneLine } from "./mail-text.ts";
import { type Mailbox, mailboxesOf } from "./mailbox.ts";

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
  const text = cleanText(email.text ?? "");
  if (text.trim() !== "" || email.html === undefined) return { format: "PLAIN", ...cutTo(text, limits.messageBytes) };
  const html = cleanText(email.html);
  const isLong = Buffer.byteLength(html) > limits.messageBytes;
  // What is never shown goes first: style sheets and pictures that stand in the text are most of a long one.
  return { format: "HTML", ...cutTo(isLong ? withoutUnseen(html) : html, limits.messageBytes) };
}

/** Text or HTML of a mail as it may be shown: of what is very long, style sheets and pictures that stand in it are left out, and the end. */
export function cutForShowing<Text extends string | null>(text: Text): Text | string {
  if (text === null || Buffer.byteLength(text) <= limits.messageBytes) return text;
  return cutTo(withoutUnseen(text), limits.messageBytes).text;
}

const cutMark = "\n[…]";

export function cutTo(text: string, bytesMax: number): Pick<ParsedMail, "text" | "isCut"> {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return { text, isCut: false };
  // As a stream, it holds back a character that was cut through.
  const kept = new TextDecoder().decode(bytes.subarray(0, bytesMax - Buffer.byteLength(cutMark)), { stream: true });
  return { text: kept + cutMark, isCut: true };
}

/** HTML without what is never shown: style sheets, scripts, comments, pictures that stand in it. */
export function withoutUnseen(html: string): string {
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

/** Whoever has no address that can be one still said it: under an address of nobody's (RFC 2606), the same for the same text. */
function madeUpSender({ headers, from }: Email): Mailbox {
  const said = headers.find(({ key }) => key === "from")?.value ?? "";
  const name = oneLine(from?.name || said, limits.nameCharacters);
  const localPart = said === "" ? "unknown" : `unknown-${digest("sha256", said, "hex").slice(0, 16)}`;
  return { address: `${localPart}@invalid`, name: name === "" ? null : name };
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
