// Where a platform's reach ends is told without reading the log: strangers ask for it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { standings } from "../../src/store/standings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const events = 5_000;
const opened = new AsyncDisposableStack();
let database: TestDatabase;

beforeAll(async () => {
  database = opened.use(await createTestDatabase());
  const { pool } = database;
  // `one` never moved; `two` went from a.example to b.example by event 1,000, and to c.example by event 3,000.
  await pool.query(
    `INSERT INTO conversation (id, seq, head, timestamp, created_at, leader, participants, admins, leader_latest)
    SELECT id, $1, 'head', now(), now(), leader, 1, 1, latest
    FROM (VALUES ('one', 'a.example', NULL), ('two', 'c.example', '3000')) AS c(id, leader, latest)`,
    [events],
  );
  await pool.query(
    `INSERT INTO event (conversation_id, seq, id, timestamp, leader, key, signature, platform, platform_key, sent_at,
      action, model, follows)
    SELECT c.id, seq, seq, now(), CASE
        WHEN c.id = 'one' OR seq <= 1000 THEN 'a.example' WHEN seq <= 3000 THEN 'b.example' ELSE 'c.example' END,
      'key', 'signature', 'a.example', 'key', now(), 'add', CASE WHEN c.id = 'two' AND seq IN (1000, 3000) THEN 'leader' ELSE 'message' END,
      CASE WHEN c.id = 'two' THEN CASE seq WHEN 3000 THEN '1000' WHEN 1000 THEN '1' END END
    FROM generate_series(1, $1) AS seq CROSS JOIN (SELECT id FROM conversation) AS c`,
    [events],
  );
  await pool.query("ANALYZE");
}, 60_000);
afterAll(() => opened.disposeAsync());

test.each([
  ["one", "stranger.example", 0],
  ["two", "stranger.example", 0],
  ["two", "a.example", 1_000],
  ["two", "b.example", 3_000],
])("in conversation %s, of %s: %i", async (conversation, platform, reach) => {
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN");
    expect(await standings(client).reachOf(platform, conversation)).toBe(reach);
    const { rows } = await client.query<{ read: number }>(
      `SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS read FROM pg_stat_xact_user_tables WHERE relname = 'event'`,
    );
    expect(rows[0]?.read).toBeLessThan(10);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
});
