// A mail of an archive as a conversation needs it: who, to whom, the words in one format, the files.
import { hash as digest } from "node:crypto";
import type { Attachment, Email } from "postal-mime";
import { limits } from "../../conversation/limits.ts";
import type { MessageFormat } from "../../protocol/event.ts";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import { cutTo, withoutUnseen } from "../cut-text.ts";
import { decode } from "../decode.ts";
import { withoutFlow } from "../flowed.ts";
import { cleanText, oneLine } from "../mail-text.ts";
import { type Mailbox, mailboxesOf, onePerAddress } from "../mailbox.ts";
import { isSignaturePart } from "../signature-part.ts";

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
  // Line by line as it was written, also where lines flow: so quotes are kept as they are.
  const email = await decode(withoutFlow(raw).mail);
  const senders = [email.from, email.sender, ...(email.replyTo ?? [])].flatMap((one) => (one ? mailboxesOf(one) : []));
  const from = senders[0] ?? madeUpSender(email);
  const recipients = onePerAddress([...(email.to ?? []), ...(email.cc ?? [])]);
  return {
    from,
    isFromMadeUp: senders.length === 0,
    recipients: recipients.filter(({ address }) => address !== from.address),
    subject: oneLine(email.subject ?? "", limits.subjectCharacters),
    ...wordsOf(email),
    files: email.attachments.filter((one) => !isSignaturePart(one)).map(fileOf),
    signatures: email.attachments.filter(isSignaturePart).length,
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
