// How much waits in a table that is worked through.
import type pg from "pg";

export interface Backlog {
  /** 10,000 for that many and more. */
  readonly size: number;
  /** How long ago the oldest was recorded; 0 where nothing waits. */
  readonly ageSeconds: number;
}

/** @param table `outbox`: events that are not announced yet; `unindexed`: those that search does not find yet */
export async function backlogOf(pool: pg.Pool, table: "outbox" | "unindexed"): Promise<Backlog> {
  const { rows } = await pool.query<Backlog>({
    name: `${table}_backlog`,
    text: `SELECT (SELECT count(*) FROM (SELECT FROM ${table} LIMIT 10000) AS b) AS size,
      coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(recorded_at) FROM ${table}))::float8, 0) AS "ageSeconds"`,
  });
  return rows[0] ?? { size: 0, ageSeconds: 0 };
}
