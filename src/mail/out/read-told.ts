// What mails tell of events, read just before they are sent: so that what was erased since they were asked for is not in them.
import type pg from "pg";
import type { Action, AttachmentBody, MessageBody, Model, Value } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { isErasedSql } from "../../store/read/erased-sql.ts";
import type { MailRow } from "./read-mails.ts";

/** An event that a mail tells. */
export interface ToldEvent {
  readonly mail: string;
  readonly seq: number;
  readonly id: Hash;
  readonly action: Action;
  readonly model: Model;
  readonly item: Hash | null;
  readonly value: Value | null;
  readonly timestamp: Date;
  readonly actor: Hash | null;
  /** Who did it, to people; null once erased. */
  readonly actorName: string | null;
  /** Null where it is erased, or missing. */
  readonly body: { readonly [field: string]: unknown } | null;
  /** Of what is about a message: which. */
  readonly message: Hash | null;
  /** Null where it is about none. */
  readonly isGone: boolean | null;
  readonly messageSeq: number | null;
  /** When the message was said; null where it is about none, or only the words that are gone told that. */
  readonly messageAt: Date | null;
  readonly authorName: string | null;
  readonly author: Hash | null;
  /** The message that it answers. */
  readonly parent: Hash | null;
  /** The message's words at the end of the mail; null where they are gone or missing. */
  readonly words: MessageBody | null;
  /** Of a change, the words before it. */
  readonly before: MessageBody | null;
  /** To whom it happened: another participant's name. */
  readonly itemName: string | null;
  /** Files of the message. */
  readonly files: readonly Pick<AttachmentBody, "title" | "size">[] | null;
}

/** What people call a participant: as they were added, else as they call themselves, else their address. Null once erased. */
const nameSql = (id: string, conversation: string): string =>
  `(SELECT CASE WHEN n.is_erased THEN NULL ELSE coalesce(n.name, r.name, r.address) END
    FROM participant AS n LEFT JOIN recipient AS r ON r.id = n.recipient_id
    WHERE n.conversation_id = ${conversation} AND n.id = ${id})`;

/** The latest words; null where they are erased: never older ones. */
const lastWordsSql = (message: string, conversation: string, condition: string): string =>
  `(SELECT CASE WHEN NOT ${isErasedSql("w")} THEN w.body END FROM event AS w WHERE w.conversation_id = ${conversation} AND w.model = 'message' AND (w.seq = ${message}.seq
      OR (w.item = ${message}.id AND w.action = 'modify')) AND ${condition} ORDER BY w.seq DESC LIMIT 1)`;

const filesSql = (message: string, conversation: string): string =>
  `(SELECT json_agg(json_build_object('title', f.body->>'title', 'size', f.body->'size') ORDER BY f.seq)
    FROM attachment AS t JOIN event AS f ON f.conversation_id = t.conversation_id AND f.seq = t.seq
    WHERE t.conversation_id = ${conversation} AND t.message = ${message}.id AND t.removed_seq IS NULL AND f.body IS NOT NULL
      AND NOT ${isErasedSql("f")})`;

/** What mails of events tell, by mail and seq. */
export async function readToldEvents(
  pool: Pick<pg.Pool, "query">,
  mails: readonly string[],
): Promise<readonly ToldEvent[]> {
  const { rows } = await pool.query<ToldEvent>({
    name: "read_told",
    text: `SELECT d.mail_id AS mail, e.seq, e.id, e.action, e.model, e.item, e.value, e.timestamp, e.actor,
        ${nameSql("e.actor", "e.conversation_id")} AS "actorName",
        CASE WHEN NOT ${isErasedSql("e")} THEN e.body END AS body,
        m.id AS message, m.seq AS "messageSeq", m.author, m.parent,
        m.removed_seq IS NOT NULL OR a.is_erased AS "isGone",
        (SELECT least((s.body->'mail'->>'date')::timestamptz, CASE WHEN NOT a.imported OR s.body IS NOT NULL THEN s.timestamp END)
          FROM event AS s WHERE s.conversation_id = m.conversation_id AND s.seq = m.seq) AS "messageAt",
        ${nameSql("m.author", "e.conversation_id")} AS "authorName",
        CASE WHEN e.model = 'message' AND e.action IN ('add', 'modify')
          THEN ${lastWordsSql("m", "e.conversation_id", "w.seq <= mail.up_to")} END AS words,
        CASE WHEN e.model = 'message' AND e.action = 'modify'
          THEN ${lastWordsSql("m", "e.conversation_id", "w.seq < e.seq")} END AS before,
        CASE WHEN e.model = 'participant' THEN ${nameSql("coalesce(e.item, e.id)", "e.conversation_id")} END AS "itemName",
        CASE WHEN e.model = 'message' AND e.action = 'add' THEN ${filesSql("m", "e.conversation_id")} END AS files
      FROM unnest($1::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT * FROM mail WHERE id = k.id OFFSET 0) AS mail
      CROSS JOIN LATERAL (SELECT * FROM delivery WHERE mail_id = k.id OFFSET 0) AS d
      CROSS JOIN LATERAL (SELECT * FROM event WHERE conversation_id = d.conversation_id AND seq = d.seq OFFSET 0) AS e
      LEFT JOIN message AS m ON m.conversation_id = e.conversation_id AND m.id = CASE
        WHEN e.model = 'message' AND e.action = 'add' THEN e.id WHEN e.model IN ('message', 'attachment') THEN e.item END
      LEFT JOIN participant AS a ON a.conversation_id = m.conversation_id AND a.id = m.author
      ORDER BY d.mail_id, e.seq`,
    values: [mails],
  });
  return rows;
}

/** A message of the time before somebody was added. */
export interface EarlierMessage {
  readonly authorName: string | null;
  readonly timestamp: Date;
  readonly words: MessageBody | null;
  readonly files: ToldEvent["files"];
}

/** What somebody who was added is told of the conversation. */
export interface Introduction {
  /** The latest, oldest first. */
  readonly messages: readonly EarlierMessage[];
  /** How many there are before them. */
  readonly earlier: number;
  /** Who takes part beside them, in the order in which they came. */
  readonly names: readonly string[];
  /** How many more do. */
  readonly others: number;
}

const introductionBounds = { messages: 20, bytes: 64 * 1024, names: 20 } as const;

/** @param upTo the last seq of what they are told @param addedSeq where they were added: what is after it comes by itself */
export async function readIntroduction(
  pool: Pick<pg.Pool, "query">,
  { conversation, participant, addedSeq, upTo }: Pick<MailRow, "conversation" | "participant" | "addedSeq" | "upTo">,
): Promise<Introduction> {
  const { messages: messagesMax, bytes: bytesMax, names: namesMax } = introductionBounds;
  const standing = `FROM message AS m JOIN event AS e ON e.conversation_id = m.conversation_id AND e.seq = m.seq
    JOIN participant AS a ON a.conversation_id = m.conversation_id AND a.id = m.author
    WHERE m.conversation_id = $1 AND m.seq < $2 AND m.removed_seq IS NULL AND NOT a.is_erased`;
  const [{ rows: messages }, { rows: counted }, { rows: people }] = await Promise.all([
    pool.query<EarlierMessage>({
      name: "introduce_messages",
      text: `SELECT ${nameSql("m.author", "$1")} AS "authorName",
          coalesce((e.body->'mail'->>'date')::timestamptz, e.timestamp) AS timestamp,
          ${lastWordsSql("m", "$1", "w.seq <= $3")} AS words, ${filesSql("m", "$1")} AS files
        ${standing} ORDER BY m.seq DESC LIMIT ${messagesMax}`,
      values: [conversation, addedSeq, upTo],
    }),
    pool.query<{ count: number }>({
      name: "introduce_count",
      text: `SELECT count(*)::int AS count ${standing}`,
      values: [conversation, addedSeq],
    }),
    pool.query<{ name: string | null; count: number }>({
      name: "introduce_people",
      text: `SELECT ${nameSql("p.id", "$1")} AS name, (count(*) OVER ())::int AS count FROM participant AS p
        WHERE p.conversation_id = $1 AND p.id <> $2 AND p.status = 'ACTIVE' ORDER BY p.seq LIMIT ${namesMax}`,
      values: [conversation, participant],
    }),
  ]);
  let bytes = 0;
  const end = messages.findIndex(({ words }, index) => {
    bytes += Buffer.byteLength(words?.text ?? "");
    return index > 0 && bytes > bytesMax;
  });
  const shown = end < 0 ? messages : messages.slice(0, end);
  return {
    messages: shown.toReversed(),
    earlier: (counted[0]?.count ?? 0) - shown.length,
    names: people.flatMap(({ name }) => name ?? []),
    others: Math.max(0, (people[0]?.count ?? 0) - people.length),
  };
}

/** Message-IDs under which a participant has messages: their own mail that said it, or ours that told it. By message. */
export async function readMessageIds(
  pool: Pick<pg.Pool, "query">,
  conversation: Hash,
  participant: Hash,
  messages: readonly Hash[],
): Promise<ReadonlyMap<Hash, string>> {
  if (messages.length === 0) return new Map();
  const { rows } = await pool.query<{ id: Hash; messageId: string | null }>({
    name: "read_message_ids",
    text: `SELECT m.id, CASE WHEN m.author = $2 THEN e.body->'mail'->>'messageId' ELSE mail.message_id END AS "messageId"
      FROM message AS m JOIN event AS e ON e.conversation_id = m.conversation_id AND e.seq = m.seq
      LEFT JOIN delivery AS d ON d.conversation_id = m.conversation_id AND d.participant = $2 AND d.seq = m.seq
      LEFT JOIN mail ON mail.id = d.mail_id
      WHERE m.conversation_id = $1 AND m.id = ANY($3::text[])`,
    values: [conversation, participant, messages],
  });
  return new Map(rows.flatMap(({ id, messageId }) => (messageId === null ? [] : [[id, messageId]])));
}
