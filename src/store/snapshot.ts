// Reads of one moment: what is appended or erased meanwhile makes no difference to them.
import type pg from "pg";

/** Runs `use` in a transaction that writes nothing and, unlike others, may take its time. Holds a connection of the pool. */
export async function readSnapshot<T>(pool: pg.Pool, use: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query("SET LOCAL statement_timeout = 0");
    return await use(client);
  } finally {
    // It wrote nothing; a connection on which even this fails is thrown away.
    await client.query("ROLLBACK").then(
      () => client.release(),
      (error: unknown) => client.release(error instanceof Error ? error : true),
    );
  }
}
