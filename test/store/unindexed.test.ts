// Texts that are not searchable yet: noted when they are announced, indexed some time after, never lost and never too much.
import type pg from "pg";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { backlogOf } from "../../src/store/backlog.ts";
import { diagnose } from "../../src/store/doctor.ts";
import { postgresPeerStore } from "../../src/store/postgres-peer-store.ts";
import { reindex } from "../../src/store/reindex.ts";
import { indexTexts } from "../../src/store/search-index.ts";
import { indexAll, indexBatch } from "../../src/store/unindexed.ts";
import { restAfter } from "../../workers/index-texts.ts";
import { attachmentBody, home, messageBody } from "../conversation/given.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf } from "../support/setting.ts";

const log = silentLogger;

/** A conversation of alice and bob, in which nothing waits. */
async function givenConversation({ pool }: { readonly pool: pg.Pool }) {
  const setting = postgresSetting(pool);
  const [alice, bob] = await setting.persons("alice", "bob");
  const conversation = await setting.published(alice, [[bob, "WRITER"]], { subject: "Lunch" });
  const announce = async () => setting.store.announced(await setting.store.unannounced(-1_000, 1_000));
  await announce();
  await indexAll(pool, log);
  const waiting = async (): Promise<readonly number[]> =>
    (await pool.query<{ seq: number }>("SELECT seq FROM unindexed ORDER BY seq")).rows.map(({ seq }) => seq);
  const found = async (): Promise<readonly number[]> =>
    (
      await pool.query<{ seq: number }>(
        "SELECT seq FROM searchable WHERE conversation_id = $1 AND kind = 'MESSAGE' ORDER BY seq",
        [conversation],
      )
    ).rows.map(({ seq }) => seq);
  const says = async (text: string): Promise<number> =>
    entriesOf(await setting.says(conversation, alice, text))[0]?.event.seq ?? 0;
  return { setting, conversation, alice, bob, announce, waiting, found, says };
}

test("what is announced waits to be indexed, once, where it has a text", async () => {
  await using database = await createTestDatabase();
  const { setting, conversation, alice, announce, waiting, found, says } = await givenConversation(database);
  const { pool } = database;
  expect((await pool.query("SELECT kind FROM searchable ORDER BY seq")).rows.map(({ kind }) => kind)).toEqual([
    ...["SUBJECT", "PERSON", "PERSON"],
  ]);
  const seq = await says("the heron");
  await setting.does(conversation, alice, { action: "add", model: "label", body: { name: "birds" } });
  expect(await waiting()).toEqual([]);
  await announce();
  expect(await waiting()).toEqual([seq, seq + 1]);
  expect(await backlogOf(pool, "unindexed")).toEqual({ size: 2, ageSeconds: expect.any(Number) });
  expect(await found()).toEqual([]);
  // Announcing it again, which is harmless, notes nothing.
  await setting.store.announced([{ conversation, seq }]);
  expect(await indexBatch(pool, { log })).toMatchObject({ events: 2 });
  expect(await found()).toEqual([seq]);
  await setting.store.announced([{ conversation, seq }]);
  expect(await backlogOf(pool, "unindexed")).toEqual({ size: 0, ageSeconds: 0 });
  expect(await indexBatch(pool, { log })).toMatchObject({ events: 0 });
});

test("of two that index at once each takes others, and what a crash cuts off waits on", async () => {
  await using database = await createTestDatabase();
  const { announce, waiting, found, says } = await givenConversation(database);
  const seqs = [await says("one"), await says("two")];
  await announce();
  const client = await database.pool.connect();
  await client.query("BEGIN");
  await client.query("SELECT FROM unindexed WHERE seq = $1 FOR UPDATE", [seqs[0]]);
  expect(await indexBatch(database.pool, { log })).toMatchObject({ events: 1 });
  expect(await indexBatch(database.pool, { log })).toMatchObject({ events: 0 });
  expect(await found()).toEqual([seqs[1]]);
  // With the connection goes its transaction.
  client.release(true);
  await indexAll(database.pool, log);
  expect(await found()).toEqual(seqs);
  expect(await waiting()).toEqual([]);
});

test("where the database fails, all of it waits on", async () => {
  await using database = await createTestDatabase();
  const { announce, waiting, found, says } = await givenConversation(database);
  const seq = await says("the heron");
  await announce();
  await database.pool.query("ALTER TABLE searchable RENAME TO lost");
  await expect(indexBatch(database.pool, { log })).rejects.toThrow("searchable");
  expect(await waiting()).toEqual([seq]);
  await database.pool.query("ALTER TABLE lost RENAME TO searchable");
  await indexAll(database.pool, log);
  expect(await found()).toEqual([seq]);
});

test("a text that the database refuses keeps no other from being indexed", async () => {
  await using database = await createTestDatabase();
  const { announce, waiting, found, says } = await givenConversation(database);
  const [before, refused, after] = [await says("one"), await says("two"), await says("three")];
  await database.pool.query(`UPDATE event SET body = jsonb_set(body, '{mail}', '{"date": "never"}') WHERE seq = $1`, [
    refused,
  ]);
  await announce();
  expect(await indexBatch(database.pool, { log })).toMatchObject({ events: 3 });
  expect(await found()).toEqual([before, after]);
  expect(await waiting()).toEqual([]);
});

test("what is erased before it is indexed is not kept", async () => {
  await using database = await createTestDatabase();
  const { setting, conversation, alice, announce, found, says } = await givenConversation(database);
  const seq = await says("secret quokka");
  await announce();
  const item = await messageAt(database.pool, conversation, seq);
  await setting.does(conversation, alice, { action: "remove", model: "message", item });
  await setting.store.eraseBodies(conversation);
  await indexAll(database.pool, log);
  expect(await found()).toEqual([]);
});

test("what is erased while it is being indexed is not kept", async () => {
  await using database = await createTestDatabase();
  const { setting, conversation, alice, announce, found, says } = await givenConversation(database);
  const seq = await says("secret quokka");
  const { id: item } = await setting.does(conversation, alice, {
    ...{ action: "add", model: "message", body: messageBody("another quokka") },
  });
  await announce();
  const client = await database.pool.connect();
  await client.query("BEGIN");
  await indexTexts(
    client,
    [seq, seq + 1].map((seq) => ({ conversation, seq })),
  );
  await setting.does(conversation, alice, { action: "remove", model: "message", item });
  const erasing = setting.store.eraseBodies(conversation);
  const waiters = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  await expect.poll(async () => (await database.pool.query(waiters)).rowCount, { interval: 1 }).toBe(1);
  await client.query("COMMIT");
  client.release();
  await erasing;
  expect(await found()).toEqual([seq]);
});

/** A message and a subject that can be found, and their later words, which have not come. */
async function givenLostWords(database: TestDatabase) {
  const given = await givenConversation(database);
  const { setting, conversation, alice, announce, says } = given;
  const { pool } = database;
  const seq = await says("the early heron");
  await announce();
  const item = await messageAt(pool, conversation, seq);
  const words = async (): Promise<readonly string[]> =>
    (
      await pool.query<{ folded: string }>(
        "SELECT folded FROM searchable WHERE conversation_id = $1 AND kind <> 'PERSON' ORDER BY seq",
        [conversation],
      )
    ).rows.map(({ folded }) => folded.trim());
  const modified = async () => {
    const message = { action: "modify", model: "message", item, body: messageBody("the late heron") } as const;
    const entries = [
      await setting.does(conversation, alice, { action: "modify", model: "subject", body: { subject: "Dinner" } }),
      await setting.does(conversation, alice, message),
    ];
    await pool.query("UPDATE event SET body = NULL, salt = NULL WHERE conversation_id = $1 AND seq > $2", [
      conversation,
      seq,
    ]);
    return entries;
  };
  return { ...given, seq, words, modified };
}

test("where later words have not come, the earlier are not found; the later are, once they come", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const { conversation, announce, words, modified } = await givenLostWords(database);
  await indexAll(pool, log);
  expect(await words()).toEqual(["lunch", "the early heron"]);
  const entries = await modified();
  await announce();
  // What waits to be indexed is no drift, and what was taken out is none.
  const searchableDrift = async () =>
    (await diagnose(pool)).differences.filter(({ table }) => table === "searchable" || table === "unindexed");
  expect(await searchableDrift()).toEqual([]);
  await indexAll(pool, log);
  expect(await words()).toEqual([]);
  expect(await searchableDrift()).toEqual([]);
  expect(await postgresPeerStore(pool, home).fillBodies(conversation, entries)).toBe(2);
  await announce();
  await indexAll(pool, log);
  expect(await words()).toEqual(["dinner", "the late heron"]);
  expect(await searchableDrift()).toEqual([]);
});

test("indexing anew takes out earlier words, too", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const { announce, words, modified } = await givenLostWords(database);
  await indexAll(pool, log);
  await modified();
  await announce();
  await pool.query("DELETE FROM unindexed");
  expect((await diagnose(pool)).drift.searchable).toBe(2);
  await reindex({ pool });
  expect(await words()).toEqual([]);
});

test("words that are erased before they are indexed leave no earlier ones behind", async () => {
  await using database = await createTestDatabase();
  const { setting, conversation, alice, bob, announce, found, says } = await givenConversation(database);
  const seq = await says("the heron");
  await announce();
  await indexAll(database.pool, log);
  const item = await messageAt(database.pool, conversation, seq);
  await setting.does(conversation, bob, { action: "modify", model: "message", item, body: messageBody("mine") });
  const { id } = await setting.does(conversation, bob, { action: "add", model: "message", body: messageBody("bye") });
  await setting.does(conversation, bob, {
    ...{ action: "remove", model: "participant", item: await setting.participant(conversation, bob), value: "ERASE" },
  });
  await setting.store.eraseBodies(conversation);
  await announce();
  await indexAll(database.pool, log);
  expect(id).not.toBe(item);
  expect(await found()).toEqual([]);
  await setting.does(conversation, alice, { action: "modify", model: "message", item, body: messageBody("my own") });
  await announce();
  await indexAll(database.pool, log);
  expect(await found()).toEqual([seq]);
});

test("who is writing the earlier words at that moment finishes first", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const { conversation, seq, announce, words, modified } = await givenLostWords(database);
  const client = await pool.connect();
  await client.query("BEGIN");
  await indexTexts(
    client,
    [seq, 2].map((place) => ({ conversation, seq: place })),
  );
  await modified();
  await announce();
  const indexing = indexAll(pool, log);
  const waiters = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  await expect.poll(async () => (await pool.query(waiters)).rowCount, { interval: 1 }).toBe(1);
  await client.query("COMMIT");
  client.release();
  await indexing;
  expect(await words()).toEqual([]);
});

test("a mail's words and files are found by its date, also once they are changed, and where the words come later", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const { setting, conversation, alice, announce } = await givenConversation(database);
  const mail = { date: "2002-08-22T12:00:00.000Z", messageId: "" };
  const body = { ...messageBody("the heron"), mail };
  const said = await setting.does(conversation, alice, { action: "add", model: "message", body });
  const attaches = { action: "add", model: "attachment", body: attachmentBody() } as const;
  const { seq } = (await setting.does(conversation, alice, { ...attaches, item: said.id })).event;
  const alone = await setting.does(conversation, alice, attaches);
  const times = async () => {
    await announce();
    await indexAll(pool, log);
    expect((await diagnose(pool)).drift.searchable).toBe(0);
    const { rows } = await pool.query<{ seq: number; at: Date }>(
      "SELECT seq, at FROM searchable WHERE kind IN ('MESSAGE', 'FILE') ORDER BY seq",
    );
    return rows.map(({ seq, at }) => [seq, at.toISOString()]);
  };
  const expected = [
    [said.event.seq, mail.date],
    [seq, mail.date],
    [alone.event.seq, alone.event.timestamp],
  ];
  expect(await times()).toEqual(expected);
  await setting.does(conversation, alice, {
    ...{ action: "modify", model: "message", item: said.id, body: messageBody("the changed heron") },
  });
  expect(await times()).toEqual(expected);

  await pool.query("UPDATE event SET body = NULL, salt = NULL WHERE conversation_id = $1 AND seq = $2", [
    conversation,
    said.event.seq,
  ]);
  await pool.query("DELETE FROM searchable");
  await reindex({ pool });
  expect((await times()).map(([, at]) => at)).not.toContain(mail.date);
  expect(await postgresPeerStore(pool, home).fillBodies(conversation, [said])).toBe(1);
  expect(await times()).toEqual(expected);
});

test("indexing rests while events are appended, unless it is far behind, and looks now and then where nothing waits", () => {
  const batch = { events: 50, behindSeconds: 1, isBusy: true };
  expect(restAfter(batch, 20)).toBeGreaterThan(20);
  expect(restAfter({ ...batch, isBusy: false }, 20)).toBe(0);
  expect(restAfter({ ...batch, behindSeconds: 60 }, 20)).toBe(0);
  expect(restAfter({ events: 0, behindSeconds: 0, isBusy: false }, 20)).toBeGreaterThan(0);
});

test("while something is in the outbox, or came a moment ago, events are being appended", async () => {
  await using database = await createTestDatabase();
  const { announce, says } = await givenConversation(database);
  const { pool } = database;
  await says("one");
  await announce();
  expect(await indexBatch(pool, { log })).toMatchObject({ events: 1, isBusy: true });
  await says("two");
  await announce();
  await pool.query("UPDATE unindexed SET recorded_at = recorded_at - interval '2 seconds'");
  expect(await indexBatch(pool, { log })).toMatchObject({ events: 1, isBusy: false });
  await says("three");
  await announce();
  await pool.query("UPDATE unindexed SET recorded_at = recorded_at - interval '2 seconds'");
  await says("four");
  expect(await indexBatch(pool, { log })).toMatchObject({ events: 1, isBusy: true });
});

async function messageAt(pool: pg.Pool, conversation: Hash, seq: number): Promise<Hash> {
  const { rows } = await pool.query<{ id: Hash }>("SELECT id FROM message WHERE conversation_id = $1 AND seq = $2", [
    conversation,
    seq,
  ]);
  return rows[0]?.id ?? "";
}
