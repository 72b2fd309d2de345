// Owes events to who takes part by mail: a row for each, and a job that makes a mail of them when a burst is over.
import type pg from "pg";
import type { PlatformName } from "../../protocol/event.ts";
import type { Place } from "../../store/conversation-store.ts";
import { asksForMailSql, isByMailSql, isOwedSql } from "./owed-sql.ts";

/**
 * Asks for the job `collect-mail`, for rows of `due` (conversation_id, participant), in milliseconds from now. A job that is
 * planned keeps its time, so that a burst becomes one mail, and words do not wait for a burst that never ends.
 */
const askToCollectSql = (inMs: string): string =>
  `graphile_worker.add_job('collect-mail', json_build_object('conversation', conversation_id, 'participant', participant),
    run_at => clock_timestamp() + ${inMs} * interval '1 millisecond',
    job_key => 'collect-mail:' || conversation_id || ':' || participant, job_key_mode => 'preserve_run_at')`;

/** Asks for the job `tell-end`, for rows of `ends` (conversation_id, expires_at): when what was said last is mailed. */
const askToTellEndSql = (inMs: string): string =>
  `graphile_worker.add_job('tell-end', json_build_object('conversation', conversation_id),
    run_at => greatest(expires_at, clock_timestamp()) + ${inMs} * interval '1 millisecond', job_key => 'tell-end:' || conversation_id)`;

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
        SELECT p.conversation_id, p.id AS participant, e.seq, e.id, e.model, ${asksForMailSql("e", "p")} AS asks
        FROM by_mail AS p JOIN k ON k.conversation = p.conversation_id
        JOIN event AS e ON e.conversation_id = k.conversation AND e.seq = k.seq
        WHERE p.is_muted IS NOT TRUE AND ${isOwedSql("e", "p", "p")}),
      written AS (
        INSERT INTO delivery (conversation_id, participant, seq)
        SELECT conversation_id, participant, seq FROM owed ORDER BY conversation_id, participant, seq
        ON CONFLICT DO NOTHING),
      due AS MATERIALIZED (
        SELECT DISTINCT o.conversation_id, o.participant
        FROM owed AS o LEFT JOIN delivery AS d USING (conversation_id, participant, seq)
        WHERE o.asks AND d.mail_id IS NULL ORDER BY o.conversation_id, o.participant),
      ends AS MATERIALIZED (
        SELECT id AS conversation_id, expires_at FROM conversation
        WHERE expires_at IS NOT NULL AND id IN (SELECT conversation_id FROM owed WHERE model = 'expiry' OR id = participant))
      SELECT ${askToCollectSql("$4::int")} FROM due UNION ALL SELECT ${askToTellEndSql("$4::int")} FROM ends`,
    values: [places.map(({ conversation }) => conversation), places.map(({ seq }) => seq), platform, delayMs],
  });
}

/**
 * Asks for the jobs that are missing: to collect what waits, and to send what is collected. Such are lost where an operator
 * deletes jobs, or one failed for good.
 */
export async function sweepMail(pool: Pick<pg.Pool, "query">, { platform }: OweOptions): Promise<void> {
  // Jobs have an `id`, too: whatever stands in `key` says of which table it is.
  const hasJob = (key: string) =>
    `EXISTS (SELECT FROM graphile_worker.jobs WHERE key = ${key} AND (attempts < max_attempts OR locked_at IS NOT NULL))`;
  await pool.query(
    `WITH due AS MATERIALIZED (
      SELECT DISTINCT d.conversation_id, d.participant FROM delivery AS d
      JOIN participant AS p ON p.conversation_id = d.conversation_id AND p.id = d.participant AND ${isByMailSql("p", "$1")}
      JOIN mail_participation AS m ON m.conversation_id = d.conversation_id AND m.participant = d.participant AND NOT m.is_muted
      JOIN event AS e ON e.conversation_id = d.conversation_id AND e.seq = d.seq
      WHERE d.mail_id IS NULL AND ${isOwedSql("e", "p", "m")} AND ${asksForMailSql("e", "p")}
        AND NOT ${hasJob("'collect-mail:' || d.conversation_id || ':' || d.participant")})
    SELECT ${askToCollectSql("0")} FROM due`,
    [platform],
  );
  await pool.query(
    `SELECT graphile_worker.add_job('send-mail', json_build_object('mail', id), job_key => 'send-mail:' || id)
    FROM mail WHERE status IN ('WAITING', 'SENDING') AND NOT ${hasJob("'send-mail:' || mail.id")}`,
  );
}
