// Indexing anew: whatever was searchable before, it comes to what the logs say; broken off, it is begun again.
import { expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import { reindex } from "../../src/store/reindex.ts";
import { indexAll } from "../../src/store/unindexed.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";

test("broken off and begun again, it comes to the same as indexing did, and leaves what waits alone", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const setting = postgresSetting(pool);
  const alice = await setting.person("alice");
  for (let count = 0; count < 2; count++) {
    const conversation = await setting.published(alice, [], { subject: `Lunch ${count}` });
    for (let said = 0; said < 120; said++) await setting.says(conversation, alice, `number ${said}`);
  }
  await setting.store.announced(await setting.store.unannounced(-1_000, 1_000));
  await indexAll(pool, silentLogger);
  const rows = async () => (await pool.query("SELECT * FROM searchable ORDER BY conversation_id, seq")).rows;
  const expected = await rows();
  expect(expected).toHaveLength(2 * 122);
  await pool.query("DELETE FROM searchable WHERE seq % 3 = 0");
  await pool.query("UPDATE searchable SET folded = 'x', words = '' WHERE seq % 3 = 1");

  const stopping = new AbortController();
  const stopped = await reindex({ pool, signal: stopping.signal, onProgress: () => stopping.abort() });
  expect(stopped.isStopped).toBe(true);
  expect(stopped.texts).toBeLessThan(2 * 122);
  const seen: (readonly [number, number])[] = [];
  expect(await reindex({ pool, onProgress: (...at) => seen.push(at) })).toEqual({
    ...{ texts: 2 * 122, surplus: 0, refused: [], isStopped: false },
  });
  expect(seen.at(-1)).toEqual([2 * 122, 2 * 122]);
  expect(await rows()).toEqual(expected);
});

test("what the database refuses is told, and everything else indexed", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const setting = postgresSetting(pool);
  const alice = await setting.person("alice");
  const conversation = await setting.published(alice, [], { subject: "Lunch" });
  for (const text of ["one", "two", "three"]) await setting.says(conversation, alice, text);
  await pool.query(`UPDATE event SET body = jsonb_set(body, '{mail}', '{"date": "never"}') WHERE seq = 4`);
  expect(await reindex({ pool })).toMatchObject({ texts: 5, refused: [{ conversation, seq: 4 }] });
  const { rows } = await pool.query<{ seq: number }>("SELECT seq FROM searchable ORDER BY seq");
  expect(rows.map(({ seq }) => seq)).toEqual([0, 1, 3, 5]);
});
