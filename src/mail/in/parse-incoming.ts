// A mail that comes in, taken apart: everything that is asked of it later, within bounds, whatever its bytes are.
import type { Attachment, Email } from "postal-mime";
import { limits } from "../../conversation/limits.ts";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import { decode } from "../decode.ts";
import { type Flow, unflow, withoutFlow } from "../flowed.ts";
import { headersEnd, readMailHead } from "../mail-head.ts";
import { cleanText, oneLine } from "../mail-text.ts";
import { type Mailbox, mailboxesOf, onePerAddress } from "../mailbox.ts";
import { isSignaturePart } from "../signature-part.ts";
import { inFewerLines, lineCount } from "./fewer-lines.ts";
import { incomingLimits, type Refusal, refusalOf } from "./incoming-limits.ts";
import { strictFrom } from "./strict-from.ts";

export interface MailHeader {
  /** In lower case. */
  readonly name: string;
  /** In one line, and otherwise as it stands there: encoded words are not decoded. */
  readonly value: string;
}

export interface IncomingFile {
  /** One line, without folders; `unnamed` where it has no name. */
  readonly title: string;
  /** `image/png`, in lower case. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: Hash;
  readonly bytes: Uint8Array;
  /** Without angle brackets; null where the part has none. */
  readonly contentId: string | null;
  /** Whether it stands in the text. */
  readonly isInline: boolean;
}

export interface IncomingMail {
  /** Without angle brackets, as all ids here; null where there is none. */
  readonly messageId: string | null;
  /** As they stand there. RFC 5256: among ids there may be addresses, and nothing tells them apart. */
  readonly inReplyTo: readonly string[];
  /** Oldest first: the first one, and the last hundred. */
  readonly references: readonly string[];
  /** What its Date says, in milliseconds since 1970: no clock of ours. Null where it says nothing that can be read. */
  readonly sentMs: number | null;
  /** All of them, in their order. */
  readonly headers: readonly MailHeader[];
  /** The one mailbox of the one From; null where there are more, none, or one that leaves a doubt. */
  readonly from: Mailbox | null;
  /** Each address once; of groups, their members. */
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  /** One line, at most as long as a subject may be; empty where there is none. */
  readonly subject: string;
  /** With quotes and signature. Where lines flow, a paragraph is a line. Null where no part is plain text. */
  readonly text: string | null;
  /** As it was written: not safe to show. Null where no part is HTML. */
  readonly html: string | null;
  /** With the mails that are attached, and the parts of a report. Without signatures over the mail. */
  readonly files: readonly IncomingFile[];
}

/**
 * Takes a mail apart, in a time that grows with its length alone.
 * @returns what stands in it, or why it is not read
 */
export async function parseIncoming(raw: Buffer): Promise<IncomingMail | { readonly refused: Refusal }> {
  const refused = refusalOf(raw);
  if (refused !== null) return { refused };
  const lines = lineCount(raw);
  if (lines > incomingLimits.lines) return { refused: "TOO_MANY_LINES" };
  const { mail, flow } = withoutFlow(raw);
  const shorter = inFewerLines(mail, lines);
  const email = await decodeWithin(shorter);
  if (typeof email === "string") return { refused: email };
  const head = readMailHead(raw, "", Number.MAX_SAFE_INTEGER);
  const { headers } = shorter === raw ? email : await decode(raw.subarray(0, headersEnd(raw)));
  const to = onePerAddress(email.to ?? []);
  const cc = onePerAddress(email.cc ?? []);
  if (to.length + cc.length > incomingLimits.addresses) return { refused: "TOO_MANY_ADDRESSES" };
  return {
    // A longer one names nothing: no index takes it, and no head of an answer can repeat it.
    messageId: (head.messageId?.length ?? 0) > limits.messageIdCharacters ? null : head.messageId,
    inReplyTo: head.inReplyTo.slice(0, 100),
    references: [...new Set([...head.references.slice(0, 1), ...head.references.slice(-100)])],
    sentMs: head.isDated ? head.sentMs : null,
    headers: headers.map(({ key, value }) => ({ name: key, value })),
    from: fromOf(raw, email),
    to,
    cc,
    subject: oneLine(email.subject ?? "", limits.subjectCharacters),
    ...textsOf(email, flow),
    files: email.attachments.filter((one) => !isSignaturePart(one)).map(fileOf),
  };
}

async function decodeWithin(mail: Buffer): Promise<Email | Refusal> {
  try {
    return await decode(mail, {
      maxNestingDepth: incomingLimits.depth,
      maxHeadersSize: incomingLimits.headerBytes,
      // A mail within a mail is somebody else's words; and in base64, its parts would not have been counted.
      forceRfc822Attachments: true,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (/nesting depth/.test(error.message)) return "TOO_DEEP";
    if (/header size/.test(error.message)) return "HEADERS_TOO_LARGE";
    throw error;
  }
}

/** The name is how the sender calls themselves: never another address. */
function fromOf(raw: Buffer, { from }: Email): Mailbox | null {
  const address = strictFrom(raw.subarray(0, headersEnd(raw)));
  if (address === null) return null;
  const name = (from === undefined ? [] : mailboxesOf(from)).find((one) => one.address === address)?.name ?? null;
  return { address, name: name?.includes("@") ? null : name };
}

function textsOf({ text, html }: Email, flow: Flow): Pick<IncomingMail, "text" | "html"> {
  return {
    text: text === undefined ? null : cleanText(unflow(text, flow)),
    html: html === undefined ? null : cleanText(html),
  };
}

function fileOf({ filename, mimeType, content, contentId, disposition, related }: Attachment): IncomingFile {
  const bytes = typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
  // Some send the folder of their disk along, and some send another one.
  const title = oneLine((filename ?? "").split(/[\\/]/).at(-1) ?? "", limits.titleCharacters);
  return {
    title: /^\.*$/.test(title) ? "unnamed" : title,
    type: oneLine(mimeType, limits.typeCharacters),
    size: bytes.length,
    sha256: sha256(bytes),
    bytes,
    contentId: contentId?.replace(/^<|>$/g, "") || null,
    isInline: related === true || disposition === "inline",
  };
}
