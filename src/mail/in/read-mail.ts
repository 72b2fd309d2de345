// What is read of a mail that came in: who it says it is from, what it answers, its words and files.
import PostalMime, { addressParser, type Address as MailAddress } from "postal-mime";
import { toAddress } from "../../accounts/accounts.ts";
import { limits } from "../../conversation/limits.ts";
import { readMailHead } from "../mail-head.ts";
import { type Mailbox, oneLine } from "../parse.ts";

export interface ReceivedFile {
  readonly title: string;
  readonly type: string;
  readonly content: Uint8Array;
}

export interface ReceivedMail {
  /** All mailboxes of all its From fields (RFC 5322 §3.6.2 allows several). */
  readonly from: readonly Mailbox[];
  /** Of To and Cc, as they stand there: where reply addresses are looked for. */
  readonly recipients: string;
  /** Without angle brackets, as all ids here. */
  readonly messageId: string | null;
  readonly inReplyTo: readonly string[];
  /** The oldest first. */
  readonly references: readonly string[];
  /** What its Date says, in milliseconds since 1970. */
  readonly sentMs: number | null;
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly files: readonly ReceivedFile[];
}

/** Characters of To and Cc that are looked at: more is no mail of a person's. */
const recipientsMax = 64 * 1024;

/** @throws Error where its parts are nested deeper, or its headers larger, than any real mail's */
export async function readMail(raw: Buffer): Promise<ReceivedMail> {
  const email = await PostalMime.parse(raw);
  const valuesOf = (name: string) => email.headers.filter(({ key }) => key === name).map(({ value }) => value);
  const { messageId, inReplyTo, references, sentMs, isDated } = readMailHead(raw, "", Number.MAX_SAFE_INTEGER);
  return {
    from: valuesOf("from").flatMap((value) => addressParser(value).flatMap(mailboxesOf)),
    recipients: [...valuesOf("to"), ...valuesOf("cc")].join(", ").slice(0, recipientsMax),
    messageId: messageId !== null && messageId.length <= limits.messageIdCharacters - 2 ? messageId : null,
    inReplyTo,
    references,
    sentMs: isDated ? sentMs : null,
    subject: oneLine(email.subject ?? "", limits.subjectCharacters),
    text: email.text ?? "",
    html: email.html ?? null,
    files: email.attachments.map(({ filename, mimeType, content }) => ({
      title: oneLine(filename ?? "", limits.titleCharacters) || "unnamed",
      type: oneLine(mimeType, limits.typeCharacters),
      content: typeof content === "string" ? Buffer.from(content) : new Uint8Array(content),
    })),
  };
}

/** Also those that are no address: who counts mailboxes has to see them. */
function mailboxesOf(one: MailAddress): readonly Mailbox[] {
  if (one.group !== undefined) return one.group.flatMap(mailboxesOf);
  const name = oneLine(one.name, limits.nameCharacters);
  const address = toAddress(one.address ?? "") ?? "";
  return [{ address, name: name === "" || name.toLowerCase() === address ? null : name }];
}
