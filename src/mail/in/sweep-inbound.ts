// Asks for the jobs of mails that came in and wait without one: an operator deleted it, or it failed for good before who leads
// the conversation was back. Messages wait for their leader as long.
import type pg from "pg";

/** So long a mail is worked through anew. Beyond it, its failed job is left for the operator to see. */
const sweptFor = "7 days";
/** Before that its first job may not be seen yet. */
const sweptAfter = "5 minutes";

/** Safe to repeat. Returns how many were asked for. */
export async function sweepInbound(pool: Pick<pg.Pool, "query">): Promise<number> {
  const { rowCount } = await pool.query(
    `WITH waiting AS MATERIALIZED (
      SELECT id, CASE WHEN key LIKE 'postmark %' AND key NOT LIKE 'postmark Inbound %' THEN 'hear-of-mail' ELSE 'handle-mail' END AS task
      FROM inbound_mail WHERE status = 'WAITING'
        AND received_at BETWEEN clock_timestamp() - interval '${sweptFor}' AND clock_timestamp() - interval '${sweptAfter}')
    SELECT graphile_worker.add_job(task, json_build_object('inbound', id), job_key => task || ':' || id)
    FROM waiting WHERE NOT EXISTS (SELECT FROM graphile_worker.jobs
      WHERE key = task || ':' || waiting.id AND (attempts < max_attempts OR locked_at IS NOT NULL))`,
  );
  return rowCount ?? 0;
}
