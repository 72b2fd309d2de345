// Collects what waits for a participant by mail into mails, each with the job that sends it.
import type pg from "pg";
import type { PlatformName } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { isErasedSql } from "../../store/read/erased-sql.ts";
import { inTransaction } from "../../store/transaction.ts";
import { newSecret } from "../mail-token.ts";
import { messageIdOf } from "./ask-mail.ts";
import { sendJobSql } from "./job-sql.ts";
import { asksForMailSql, isByMailSql, isOwedSql } from "./owed-sql.ts";

/**
 * What one mail tells at most; the rest is the next one. Above 100 KB, Gmail hides the end of a mail. What rides along is
 * not counted: it comes to a line each, of which few are shown.
 */
const mailBounds = { messages: 50, bytes: 64 * 1024 } as const;

export interface CollectOptions {
  readonly platform: PlatformName;
  /** Of our mail addresses. */
  readonly domain: string;
  /** So much of what waits is looked at at a time. @default 5_000 */
  readonly owedMax?: number;
}

export interface Collected {
  readonly conversation: Hash;
  readonly participant: Hash;
}

/** Makes mails of what waits for the participant, if it is worth one. Safe to repeat, also at once. */
export async function collectMail(pool: pg.Pool, options: CollectOptions, whose: Collected): Promise<void> {
  while (await inTransaction(pool, (client) => collectOne(client, options, whose)));
}

interface Reached {
  readonly is_reached: boolean;
  readonly is_suppressed: boolean;
}

interface Owed {
  readonly seq: number;
  readonly bytes: number;
  readonly asks: boolean;
}

/** Makes one mail. Returns whether there may be another one to make. */
async function collectOne(
  client: pg.ClientBase,
  { platform, domain, owedMax = 5_000 }: CollectOptions,
  { conversation, participant }: Collected,
): Promise<boolean> {
  const key = [conversation, participant];
  // Held until the end: two that collect for one participant take turns.
  const { rows: found } = await client.query<Reached>({
    name: "collect_whose",
    text: `SELECT ${isByMailSql("p", "$3")} AND NOT m.is_muted AND r.address IS NOT NULL AS is_reached,
        EXISTS (SELECT FROM suppression WHERE address = r.address) AS is_suppressed
      FROM mail_participation AS m JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.participant
      LEFT JOIN recipient AS r ON r.id = p.recipient_id
      WHERE m.conversation_id = $1 AND m.participant = $2 FOR UPDATE OF m`,
    values: [...key, platform],
  });
  const [whose] = found;
  if (!whose) return false;
  // Who left, was removed or muted since then is told nothing of what was on its way; who began it by mail, not that they are in it.
  await client.query({
    name: "collect_forget",
    text: `DELETE FROM delivery AS d USING event AS e, participant AS p, mail_participation AS m
      WHERE d.conversation_id = $1 AND d.participant = $2 AND d.mail_id IS NULL
        AND e.conversation_id = d.conversation_id AND e.seq = d.seq AND p.conversation_id = d.conversation_id AND p.id = d.participant
        AND m.conversation_id = d.conversation_id AND m.participant = d.participant AND NOT ($3 AND ${isOwedSql("e", "p", "m")})`,
    values: [...key, whose.is_reached],
  });
  if (!whose.is_reached) return false;
  const { rows: owed } = await client.query<Owed>({
    name: "collect_owed",
    text: `SELECT d.seq, coalesce(octet_length(e.body->>'text'), 0) AS bytes, ${asksForMailSql("e", "p")} AS asks
      FROM delivery AS d JOIN event AS e ON e.conversation_id = d.conversation_id AND e.seq = d.seq
      JOIN participant AS p ON p.conversation_id = d.conversation_id AND p.id = d.participant
      WHERE d.conversation_id = $1 AND d.participant = $2 AND d.mail_id IS NULL ORDER BY d.seq LIMIT $3`,
    values: [...key, owedMax],
  });
  const isMore = owed.length === owedMax;
  if (!owed.some(({ asks }) => asks)) {
    // So much that no mail would show it is not told: words may wait behind it.
    if (isMore) await forget(client, [...key, owed.at(-1)?.seq]);
    return isMore;
  }
  const taken = asMuchAsFits(owed);
  await makeMail(client, { conversation, participant }, taken, whose.is_suppressed, domain);
  return isMore || owed.slice(taken.length).some(({ asks }) => asks);
}

/** What rides along up to a place, and was in no mail yet. */
async function forget(client: pg.ClientBase, upTo: readonly unknown[]): Promise<void> {
  await client.query({
    name: "collect_forget_lines",
    text: "DELETE FROM delivery WHERE conversation_id = $1 AND participant = $2 AND mail_id IS NULL AND seq <= $3",
    values: [...upTo],
  });
}

/** The first of them, at least one, and no further than the bounds. */
function asMuchAsFits(owed: readonly Owed[]): readonly Owed[] {
  let [messages, bytes] = [0, 0];
  const end = owed.findIndex((one) => {
    bytes += one.bytes;
    if (one.asks) messages++;
    return messages > 1 && one.asks && (messages > mailBounds.messages || bytes > mailBounds.bytes);
  });
  return end < 0 ? owed : owed.slice(0, end);
}

async function makeMail(
  client: pg.ClientBase,
  { conversation, participant }: Collected,
  taken: readonly Owed[],
  isSuppressed: boolean,
  domain: string,
): Promise<void> {
  const id = crypto.randomUUID();
  const seqs = taken.map(({ seq }) => seq);
  const status = isSuppressed ? "SUPPRESSED" : "WAITING";
  await client.query({
    name: "collect_mail",
    text: `WITH made AS (
        INSERT INTO mail (id, secret, conversation_id, participant, kind, up_to, message_id, status)
        VALUES ($1, $2, $3, $4, 'EVENTS', $5, $6, $7::"MailStatus") RETURNING id, status),
      told AS (
        UPDATE delivery SET mail_id = $1 WHERE conversation_id = $3 AND participant = $4 AND seq = ANY($8::int[])),
      named AS (
        UPDATE mail_participation AS m SET subject = coalesce((
          SELECT e.body->>'subject' FROM conversation AS c
          JOIN event AS e ON e.conversation_id = c.id AND e.seq = c.subject_seq
          -- Hidden at once, deleted later: the copy would stay.
          WHERE c.id = $3 AND NOT ${isErasedSql("e")}), '')
        WHERE m.conversation_id = $3 AND m.participant = $4 AND m.subject IS NULL)
      SELECT ${sendJobSql("id")} FROM made WHERE status = 'WAITING'`,
    values: [id, newSecret(), conversation, participant, Math.max(...seqs), messageIdOf(id, domain), status, seqs],
  });
}
