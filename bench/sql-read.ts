// The limit of reading: one statement through `pg` that brings the same data, as JSON rows.
import pg from "pg";

const inFlight = 16;

export interface SqlRead extends AsyncDisposable {
  /** The rows that the statement brings for these values. */
  rows(values: readonly unknown[]): Promise<readonly unknown[]>;
  /** Runs the statement for each, 16 in flight, on `connections` connections. Returns how many there were a second. */
  run(asked: readonly (readonly unknown[])[], connections: number): Promise<number>;
}

/** @param sql brings one column, `row` */
export function openSqlRead(url: string, name: string, sql: string): SqlRead {
  const pools = new Map<number, pg.Pool>();
  const poolOf = (connections: number): pg.Pool => {
    const pool = pools.get(connections) ?? new pg.Pool({ connectionString: url, max: connections });
    pools.set(connections, pool);
    return pool;
  };
  const read = async (pool: pg.Pool, values: readonly unknown[]) => {
    const { rows } = await pool.query<{ row: unknown }>({ name, text: sql, values: [...values] });
    return rows;
  };
  return {
    rows: async (values) => (await read(poolOf(4), values)).map(({ row }) => row),
    run: async (asked, connections) => {
      const pool = poolOf(connections);
      let next = 0;
      const startedAt = performance.now();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          for (let values = asked[next++]; values !== undefined; values = asked[next++]) await read(pool, values);
        }),
      );
      return (asked.length * 1000) / (performance.now() - startedAt);
    },
    [Symbol.asyncDispose]: async () => {
      for (const pool of pools.values()) await pool.end();
    },
  };
}
