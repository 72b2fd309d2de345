// How far mails are: the only writer of that, for who sends.
import type pg from "pg";
import { firstBytes } from "../suppression.ts";
import { sendJobSql } from "./job-sql.ts";
import type { MailStatus } from "./read-mails.ts";

/** What became of a try. */
export interface Tried {
  readonly id: string;
  /** Which try it was. */
  readonly attempts: number;
  readonly status: Extract<MailStatus, "WAITING" | "SENDING" | "SENT" | "MAYBE_SENT" | "FAILED" | "SUPPRESSED">;
  readonly providerId?: string | null;
  readonly code: string;
  readonly answer: string;
}

/** Others that wait and were never tried, to be handed over with these; at most so many. */
export async function findAlongside(pool: pg.Pool, ids: readonly string[], max: number): Promise<readonly string[]> {
  if (max <= 0) return [];
  const { rows } = await pool.query<{ id: string }>({
    name: "mails_alongside",
    text: "SELECT id FROM mail WHERE status = 'WAITING' AND attempts = 0 AND id <> ALL($1::uuid[]) ORDER BY changed_at LIMIT $2",
    values: [ids, max],
  });
  return rows.map((row) => row.id);
}

/** Says, before they are handed over, that they are. Returns which try it is, of those that nobody else has. */
export async function claim(
  pool: pg.Pool,
  ids: readonly string[],
  provider: string,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ id: string; attempts: number }>({
    name: "claim_mails",
    text: `WITH free AS MATERIALIZED (
        SELECT id FROM mail WHERE id = ANY($1::uuid[]) AND status = 'WAITING' FOR UPDATE SKIP LOCKED)
      UPDATE mail AS m SET status = 'SENDING', attempts = attempts + 1, provider = $2, tried_at = clock_timestamp(), changed_at = clock_timestamp()
      FROM free WHERE m.id = free.id RETURNING m.id, m.attempts`,
    values: [ids, provider],
  });
  return new Map(rows.map(({ id, attempts }) => [id, attempts]));
}

/**
 * Notes what became of tries. What was heard of a mail meanwhile stays: a bounce, or that it went out after all. A code that
 * is not needed any more is deleted.
 */
export async function record(pool: pg.Pool, tries: readonly Tried[]): Promise<void> {
  if (tries.length === 0) return;
  const rows = tries.map(({ id, attempts, status, providerId = null, code, answer }) => ({
    ...{ id, attempts, status, provider_id: providerId, code },
    answer: firstBytes(answer),
  }));
  await pool.query({
    name: "record_mails",
    text: `WITH o AS MATERIALIZED (
        SELECT * FROM json_to_recordset($1::json) AS o(id uuid, attempts int, status text, provider_id text, code text, answer text)),
      noted AS (INSERT INTO mail_attempt (mail_id, code, answer) SELECT id, code, answer FROM o)
      UPDATE mail AS m SET status = o.status::"MailStatus", provider_id = coalesce(o.provider_id, m.provider_id),
        changed_at = clock_timestamp(),
        about = CASE WHEN m.kind = 'CODE' AND o.status IN ('SENT', 'FAILED', 'SUPPRESSED') THEN '{}' ELSE m.about END
      FROM o WHERE m.id = o.id AND (
        (m.status IN ('SENDING', 'WAITING') AND m.attempts = o.attempts)
        OR (o.status = 'SENT' AND m.status IN ('WAITING', 'SENDING', 'MAYBE_SENT')))`,
    values: [JSON.stringify(rows)],
  });
}

/** A mail that has nothing to say any more is none: what it was to tell rides along with the next one. */
export async function dissolve(pool: pg.Pool, id: string): Promise<void> {
  await pool.query({
    name: "dissolve_mail",
    text: `WITH gone AS (DELETE FROM mail WHERE id = $1 AND status = 'WAITING' RETURNING id)
      UPDATE delivery SET mail_id = NULL WHERE mail_id IN (SELECT id FROM gone)`,
    values: [id],
  });
}

/** Asks for the job that sends it, or finds out whether it was sent. */
export async function sendLater(pool: pg.Pool, id: string, inMs: number): Promise<void> {
  await pool.query({
    name: "send_mail_later",
    text: `SELECT ${sendJobSql("$1::text", "clock_timestamp() + $2::float8 * interval '1 millisecond'")}`,
    values: [id, inMs],
  });
}
