// Owes events to who takes part by mail: a row for each, and a job that makes a mail of them when a burst is over.
import type pg from "pg";
import type { PlatformName } from "../../protocol/event.ts";
import type { Place } from "../../store/conversation-store.ts";
import { collectJobSql, collectKeySql, hasJobSql, sendJobSql, sendKeySql, tellEndJobSql } from "./job-sql.ts";
import { asksForMailSql, isByMailSql, isOwedSql } from "./owed-sql.ts";

/** @param platform our own name @param delayMs how long words wait for others that go into the same mail */
export interface OweOptions {
  readonly platform: PlatformName;
  readonly delayMs: number;
}

/** Owes these events to the participants whom we reach by mail, with the jobs. Safe to repeat. */
export async function oweMail(
  pool: Pick<pg.Pool, "query">,
  { platform, delayMs }: OweOptions,
  places: readonly Place[],
): Promise<void> {
  if (places.length === 0) return;
  await pool.query({
    name: "owe_mail",
    // Rows are written in one order in every process, so that two announcers never deadlock.
    text: `WITH k AS (SELECT DISTINCT conversation, seq FROM unnest($1::text[], $2::int[]) AS k(conversation, seq)),
      by_mail AS MATERIALIZED (
        SELECT p.conversation_id, p.id, p.seq, p.status, p.removed_seq, p.recipient_id, m.begun_with, m.is_muted
        FROM (SELECT DISTINCT conversation FROM k) AS c
        JOIN participant AS p ON p.conversation_id = c.conversation AND ${isByMailSql("p", "$3")}
        LEFT JOIN mail_participation AS m ON m.conversation_id = p.conversation_id AND m.participant = p.id),
      made AS (
        INSERT INTO mail_participation (conversation_id, participant, secret)
        -- 244 random bits of the system's.
        SELECT conversation_id, id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        FROM by_mail WHERE is_muted IS NULL ORDER BY conversation_id, id
        ON CONFLICT DO NOTHING),
      owed AS MATERIALIZED (
        SELECT p.conversation_id, p.id AS participant, e.seq, e.id, e.model, ${asksForMailSql("e", "p")} AS asks, p.is_muted IS TRUE AS is_muted
        FROM by_mail AS p JOIN k ON k.conversation = p.conversation_id
        JOIN event AS e ON e.conversation_id = k.conversation AND e.seq = k.seq
        WHERE ${isOwedSql("e", "p", "p")}),
      written AS (
        INSERT INTO delivery (conversation_id, participant, seq)
        SELECT conversation_id, participant, seq FROM owed WHERE NOT is_muted ORDER BY conversation_id, participant, seq
        ON CONFLICT DO NOTHING),
      due AS MATERIALIZED (
        SELECT DISTINCT o.conversation_id, o.participant
        FROM owed AS o LEFT JOIN delivery AS d USING (conversation_id, participant, seq)
        WHERE o.asks AND NOT o.is_muted AND d.mail_id IS NULL ORDER BY o.conversation_id, o.participant),
      -- Planned for who wants no mails, too: they may want them again by then.
      ends AS MATERIALIZED (
        SELECT id AS conversation_id, expires_at FROM conversation
        WHERE expires_at IS NOT NULL AND id IN (SELECT conversation_id FROM owed WHERE model = 'expiry' OR id = participant))
      SELECT ${collectJobSql("$4::int")} FROM due UNION ALL SELECT ${tellEndJobSql("$4::int")} FROM ends`,
    values: [places.map(({ conversation }) => conversation), places.map(({ seq }) => seq), platform, delayMs],
  });
}

/**
 * Asks for the jobs that are missing: to collect what waits, and to send what is collected. Such are lost where an operator
 * deletes jobs, or one failed for good.
 */
export async function sweepMail(pool: Pick<pg.Pool, "query">, { platform }: OweOptions): Promise<void> {
  await pool.query(
    `WITH due AS MATERIALIZED (
      SELECT DISTINCT d.conversation_id, d.participant FROM delivery AS d
      JOIN participant AS p ON p.conversation_id = d.conversation_id AND p.id = d.participant AND ${isByMailSql("p", "$1")}
      JOIN mail_participation AS m ON m.conversation_id = d.conversation_id AND m.participant = d.participant AND NOT m.is_muted
      JOIN event AS e ON e.conversation_id = d.conversation_id AND e.seq = d.seq
      WHERE d.mail_id IS NULL AND ${isOwedSql("e", "p", "m")} AND ${asksForMailSql("e", "p")}
        AND NOT ${hasJobSql(collectKeySql("d."))})
    SELECT ${collectJobSql("0")} FROM due`,
    [platform],
  );
  await pool.query(
    `SELECT ${sendJobSql("id")} FROM mail
    WHERE status IN ('WAITING', 'SENDING') AND NOT ${hasJobSql(sendKeySql("mail.id"))}`,
  );
}
