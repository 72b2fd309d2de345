// Several statements that are done together, or not at all.
import type pg from "pg";

/** Runs `work` in a transaction of its own. What throws is rolled back, and so is what comes to a rejection. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    const isRejected = typeof result === "object" && result !== null && "code" in result;
    await client.query(isRejected ? "ROLLBACK" : "COMMIT");
    isBroken = false;
    return result;
  } finally {
    // With the connection goes its transaction.
    client.release(isBroken);
  }
}
