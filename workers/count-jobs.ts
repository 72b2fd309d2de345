// How many jobs there are: for the metrics.
import type pg from "pg";

/** Those that wait for their time or a worker, and those that failed for good; 10,000 for that many and more. */
export async function countJobs(pool: pg.Pool): Promise<{ readonly waiting: number; readonly failed: number }> {
  const { rows } = await pool.query<{ waiting: number; failed: number }>({
    name: "count_jobs",
    text: `SELECT count(*) FILTER (WHERE attempts < max_attempts) AS waiting,
        count(*) FILTER (WHERE attempts >= max_attempts AND locked_at IS NULL) AS failed
      FROM (SELECT attempts, max_attempts, locked_at FROM graphile_worker.jobs LIMIT 10000) AS j`,
  });
  return rows[0] ?? { waiting: 0, failed: 0 };
}
