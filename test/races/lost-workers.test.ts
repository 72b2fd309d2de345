// Jobs of a worker that was killed in the middle of them.
import { runMigrations } from "graphile-worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { giveBackLostJobs, sayWorkerIsThere } from "../../workers/lost-workers.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const opened = new AsyncDisposableStack();
let database: TestDatabase;

beforeAll(async () => {
  database = opened.use(await createTestDatabase());
  await runMigrations({ pgPool: database.pool });
});
afterAll(() => opened.disposeAsync());

/** A job of a queue, as a worker of that name has begun it. */
async function begunBy(worker: string): Promise<void> {
  const { pool } = database;
  await pool.query("SELECT graphile_worker.add_job('deliver', queue_name => $1, job_key => $1)", [worker]);
  const locked = "SET locked_by = $1, locked_at = now()";
  await pool.query(`UPDATE graphile_worker._private_jobs ${locked} WHERE key = $1`, [worker]);
  await pool.query(`UPDATE graphile_worker._private_job_queues ${locked} WHERE queue_name = $1`, [worker]);
}

const heldJobs = async () => {
  const { rows } = await database.pool.query<{ key: string }>(
    "SELECT key FROM graphile_worker.jobs WHERE locked_by IS NOT NULL ORDER BY key",
  );
  const { rows: queues } = await database.pool.query<{ key: string }>(
    "SELECT queue_name AS key FROM graphile_worker._private_job_queues WHERE locked_by IS NOT NULL ORDER BY queue_name",
  );
  expect(queues).toEqual(rows);
  return rows.map(({ key }) => key);
};

test("what a worker held is given back once it is gone, with its queue, and nothing that another is at", async () => {
  await begunBy("lost");
  await begunBy("living");
  {
    const client = await database.pool.connect();
    using _released = { [Symbol.dispose]: () => client.release(true) };
    await sayWorkerIsThere(client, "living");
    await giveBackLostJobs(database.pool);
    expect(await heldJobs()).toEqual(["living"]);
  }
  // Once its connection is gone, as when its process is killed.
  await expect
    .poll(async () => {
      await giveBackLostJobs(database.pool);
      return heldJobs();
    })
    .toEqual([]);
});
