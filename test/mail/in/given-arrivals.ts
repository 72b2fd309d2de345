// Mails that come in to a platform of the test: written as programs write them, stored as sources store them, worked through.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type BlobStore, diskBlobStore } from "../../../src/files/blob-store.ts";
import { type Authentication, blobOf, type Envelope } from "../../../src/mail/in/inbound-mail.ts";
import { mailToken, newSecret, type TokenPurpose } from "../../../src/mail/mail-token.ts";
import { present, type Somebody } from "../../graphql/given.ts";
import type { TestPlatform } from "../../support/platform.ts";

export interface WrittenMail {
  /** Default: `Bob <bob@b.example>` */
  readonly from?: string;
  /** Of the head. Default: what the envelope says. */
  readonly to?: string;
  readonly cc?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly files?: readonly { readonly name: string; readonly type?: string; readonly content: string }[];
  /** Without angle brackets, as the two below. Default: a new one. */
  readonly id?: string | null;
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
  readonly date?: string;
  /** Lines of the head. */
  readonly more?: readonly string[];
}

/** The mail's bytes. */
export function written(mail: WrittenMail): Buffer {
  const { from = "Bob <bob@b.example>", to = "undisclosed-recipients:;", id = `${randomUUID()}@b.example` } = mail;
  const head = [
    ...[`From: ${from}`, `To: ${to}`],
    mail.cc !== undefined && `Cc: ${mail.cc}`,
    mail.subject !== undefined && `Subject: ${mail.subject}`,
    id !== null && `Message-ID: <${id}>`,
    mail.inReplyTo !== undefined && `In-Reply-To: <${mail.inReplyTo}>`,
    mail.references && `References: ${mail.references.map((one) => `<${one}>`).join(" ")}`,
    mail.date !== undefined && `Date: ${mail.date}`,
    ...(mail.more ?? []),
    "MIME-Version: 1.0",
  ].filter((line) => line !== false && line !== undefined);
  const { text = mail.html === undefined ? "Yes, let us do that." : undefined, html, files = [] } = mail;
  const parts = [
    text !== undefined && `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`,
    html !== undefined && `Content-Type: text/html; charset=utf-8\r\n\r\n${html}`,
    ...files.map(
      ({ name, type = "text/plain", content }) =>
        `Content-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString("base64")}`,
    ),
  ].filter((part) => part !== false);
  const [only] = parts;
  if (parts.length === 1) return Buffer.from([...head, only].join("\r\n").replace(/\r?\n/g, "\r\n"));
  const kind = files.length > 0 ? "mixed" : "alternative";
  const body = parts.map((part) => `--=_part\r\n${part}\r\n`).join("");
  return Buffer.from(
    `${head.join("\r\n")}\r\nContent-Type: multipart/${kind}; boundary="=_part"\r\n\r\n${body}--=_part--\r\n`,
  );
}

export interface Arrival {
  /** RCPT TO. */
  readonly to: readonly string[];
  /** Default: aligned. */
  readonly verdict?: Authentication["verdict"];
  readonly envelope?: Partial<Envelope>;
}

/** Where the platform keeps its blobs. */
export const blobsOf = (dataFolder: string): BlobStore => diskBlobStore(join(dataFolder, "blobs"));

/** Stores a mail as a source does, and answers with its id. */
export async function stored(
  { core: { database, config } }: TestPlatform,
  raw: Buffer,
  { to, verdict = "aligned", envelope }: Arrival,
): Promise<string> {
  const id = randomUUID();
  await blobsOf(config.dataFolder).put(blobOf(id), raw);
  const { rows } = await database.pool.query<{ id: string }>(
    "INSERT INTO inbound_mail (id, key, secret, envelope, authentication) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    [
      ...[id, id, newSecret()],
      JSON.stringify({
        source: "smtp",
        from: "bob@b.example",
        to,
        remoteAddress: "192.0.2.1",
        helo: "b.example",
        ...envelope,
      }),
      JSON.stringify({ verdict, spf: "", dkim: "" }),
    ],
  );
  return present(rows[0]).id;
}

export interface Became {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly conversation_id: string | null;
  readonly participant: string | null;
  readonly message: string | null;
  readonly kept_for: string | null;
}

/** What became of a mail. */
export async function became({ core }: TestPlatform, id: string): Promise<Became> {
  const { rows } = await core.database.pool.query<Became>(
    "SELECT id, status, reason, conversation_id, participant, message, kept_for FROM inbound_mail WHERE id = $1",
    [id],
  );
  return present(rows[0]);
}

/** Stores a mail, has it worked through, and answers with what became of it. */
export async function arrives(platform: TestPlatform, mail: WrittenMail, arrival: Arrival): Promise<Became> {
  const id = await stored(platform, written({ to: arrival.to.join(", "), ...mail }), arrival);
  await platform.core.mail.inbound.handle(id);
  return became(platform, id);
}

/** The reply address of a participant, made as a mail to them makes it. */
export async function replyAddress(
  { core: { database, config } }: TestPlatform,
  conversation: string,
  participant: string,
  purpose: TokenPurpose = "reply",
): Promise<string> {
  const { rows } = await database.pool.query<{ id: string; secret: Buffer }>(
    `INSERT INTO mail_participation (conversation_id, participant, secret) VALUES ($1, $2, $3)
      ON CONFLICT (conversation_id, participant) DO UPDATE SET secret = mail_participation.secret RETURNING id, secret`,
    [conversation, participant, newSecret()],
  );
  return `reply+${mailToken(purpose, present(rows[0]))}@${config.mail.domain}`;
}

/** Adds somebody who has nothing but this address; their participant's hash. */
export async function addByMail(
  by: Somebody,
  conversation: string,
  address: string,
  role: "READER" | "COMMENTER" | "WRITER" = "WRITER",
): Promise<string> {
  const answer = await by.parley.participantAdd({ conversation, address, role });
  if (!("item" in answer)) throw new Error(JSON.stringify(answer));
  return present(answer.item).hash ?? "";
}

/** What is said in a conversation, in the order of the log: who and what. */
export async function sayings(
  { core: { database } }: TestPlatform,
  conversation: string,
): Promise<readonly { readonly by: string; readonly text: string; readonly answers: string | null }[]> {
  const { rows } = await database.pool.query<{ by: string; text: string; answers: string | null }>(
    `SELECT r.address AS by, e.body->>'text' AS text, parent.body->>'text' AS answers
      FROM message AS m JOIN event AS e ON e.conversation_id = m.conversation_id AND e.seq = m.seq
      JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.author
      JOIN recipient AS r ON r.id = p.recipient_id
      LEFT JOIN event AS parent ON parent.conversation_id = m.conversation_id AND parent.id = m.parent
      WHERE m.conversation_id = $1 ORDER BY m.seq`,
    [conversation],
  );
  return rows;
}
