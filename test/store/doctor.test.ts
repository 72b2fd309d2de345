import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import { type Diagnosis, diagnose, examinedTables } from "../../src/store/doctor.ts";
import { reindex } from "../../src/store/reindex.ts";
import { indexAll } from "../../src/store/unindexed.ts";
import { attachmentBody, messageBody, someHash } from "../conversation/given.ts";
import { adds } from "../support/commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";

/** Two conversations with a row in every table. */
async function givenConversations(database: TestDatabase) {
  const setting = postgresSetting(database.pool);
  const [alice, bob] = await setting.persons("alice", "bob");
  await setting.published(bob, [], { subject: "Another" });
  const conversation = await setting.published(alice, [[bob, "WRITER"]], { subject: "Lunch" });
  const { id: item } = await setting.does(conversation, alice, {
    action: "add",
    model: "message",
    body: messageBody(),
  });
  await setting.does(conversation, bob, { action: "modify", model: "message", item, body: messageBody("Changed") });
  await setting.does(conversation, bob, { action: "add", model: "label", body: { name: "food" } });
  await setting.does(conversation, bob, { action: "add", model: "attachment", body: attachmentBody() });
  return { setting, conversation, alice, bob };
}

const driftOf = ({ drift }: Diagnosis) => Object.fromEntries(Object.entries(drift).filter(([, count]) => count > 0));

test("rows that are the fold of their logs have no drift; what waits for a worker is none", async () => {
  await using database = await createTestDatabase();
  const { setting, conversation, alice, bob } = await givenConversations(database);
  const seen: number[] = [];
  const diagnosis = await diagnose(database.pool, (done) => seen.push(done));
  expect(diagnosis).toMatchObject({ conversations: 2, events: 9, differences: [], waiting: { unannounced: 9 } });
  expect(driftOf(diagnosis)).toEqual({});
  expect(seen).toEqual([1, 2]);

  // Erased, with the words still there; and then without.
  const erase = { action: "remove", model: "participant", value: "ERASE" } as const;
  await setting.does(conversation, bob, { ...erase, item: await setting.participant(conversation, bob) });
  expect(driftOf(await diagnose(database.pool))).toEqual({});
  expect((await diagnose(database.pool)).waiting.erasedBodies).toBeGreaterThan(0);
  await setting.store.eraseBodies(conversation);
  expect(await diagnose(database.pool)).toMatchObject({ differences: [], waiting: { erasedBodies: 0 } });
  await setting.store.moveReceipt(conversation, alice.accountId, 6);
  expect(driftOf(await diagnose(database.pool))).toEqual({});
});

test("an empty database has none", async () => {
  await using database = await createTestDatabase();
  expect(await diagnose(database.pool)).toMatchObject({ conversations: 0, events: 0, differences: [] });
});

describe("A planted drift is found", () => {
  const nothing = someHash("nothing");
  test.each<[string, string, string, Record<string, number>]>([
    [
      "a head at another seq",
      "UPDATE conversation SET seq = seq - 1 WHERE id = $1",
      "seq 6 instead of 7",
      { conversation: 1 },
    ],
    ["another head", `UPDATE conversation SET head = '${nothing}' WHERE id = $1`, "head", { conversation: 1 }],
    [
      "another count of participants",
      "UPDATE conversation SET participants = 3 WHERE id = $1",
      "participants 3 instead of 2",
      { conversation: 1 },
    ],
    ["another expiry", "UPDATE conversation SET expires_at = now() WHERE id = $1", "expiresAt", { conversation: 1 }],
    ["no head at all", "DELETE FROM conversation WHERE id = $1", "missing", { conversation: 1 }],
    [
      "another role",
      "UPDATE participant SET role = 'ADMIN' WHERE conversation_id = $1 AND role = 'WRITER'",
      'role "ADMIN" instead of "WRITER"',
      { participant: 1 },
    ],
    [
      "another's participation",
      "UPDATE participant SET recipient_id = (SELECT p.recipient_id FROM participant AS p WHERE p.conversation_id = $1 AND p.id = $1) WHERE conversation_id = $1 AND id <> $1",
      "recipient, account",
      { participant: 1 },
    ],
    [
      "another name",
      "UPDATE participant SET name = 'Mallory' WHERE conversation_id = $1 AND id = $1",
      "name",
      { participant: 1 },
    ],
    [
      "read beyond the head",
      "UPDATE participant SET read_up_to = 99 WHERE conversation_id = $1 AND id = $1",
      "readUpTo",
      { participant: 1 },
    ],
    [
      "a participant too few",
      "DELETE FROM participant WHERE conversation_id = $1 AND role = 'WRITER'",
      "missing",
      { participant: 1, participation: 1 },
    ],
    ["other latest words", "UPDATE message SET words_seq = seq WHERE conversation_id = $1", "wordsSeq", { message: 1 }],
    ["a message too few", "DELETE FROM message WHERE conversation_id = $1", "missing", { message: 1 }],
    [
      "a message too many",
      `INSERT INTO message (conversation_id, id, seq, author, latest, words_seq, words_by) VALUES ($1, '${nothing}', 99, $1, '${nothing}', 99, $1)`,
      "surplus",
      { message: 1 },
    ],
    ["a label removed", "UPDATE label SET removed_seq = 7 WHERE conversation_id = $1", "removedSeq", { label: 1 }],
    ["a label too few", "DELETE FROM label WHERE conversation_id = $1", "missing", { label: 1 }],
    [
      "an attachment of another message",
      `UPDATE attachment SET message = '${nothing}' WHERE conversation_id = $1`,
      "message",
      { attachment: 1 },
    ],
    ["an attachment too few", "DELETE FROM attachment WHERE conversation_id = $1", "missing", { attachment: 1 }],
    [
      "no place in anybody's list",
      "DELETE FROM participation WHERE conversation_id = $1",
      "missing",
      { participation: 2 },
    ],
    [
      "a place in the list of nobody",
      "INSERT INTO participation (conversation_id, account_id, sort_at) VALUES ($1, gen_random_uuid(), now())",
      "surplus",
      { participation: 1 },
    ],
    [
      "an event to announce that is not there",
      "INSERT INTO outbox (conversation_id, seq) VALUES ($1, 99)",
      "surplus",
      { outbox: 1 },
    ],
    [
      "another id of an event",
      `UPDATE event SET id = '${nothing}' WHERE conversation_id = $1 AND seq = 4`,
      "id",
      { event: 1 },
    ],
    [
      "another event than signed",
      "UPDATE event SET item = $1 WHERE conversation_id = $1 AND seq = 4",
      "id",
      { event: 1 },
    ],
    ["an event left out", "DELETE FROM event WHERE conversation_id = $1 AND seq = 4", "seq", { event: 1 }],
    [
      "the last event left out",
      "DELETE FROM event WHERE conversation_id = $1 AND seq = 7",
      "head",
      { conversation: 1, attachment: 1, outbox: 1 },
    ],
    [
      "no log at all",
      "DELETE FROM event WHERE conversation_id = $1",
      "surplus",
      { conversation: 1, participant: 2, message: 1, label: 1, attachment: 1, outbox: 7 },
    ],
  ])("%s", async (_, sql, what, drift) => {
    await using database = await createTestDatabase({ poolSize: 2 });
    const { conversation } = await givenConversations(database);
    // Written by hand: what the database itself forbids is not what is tried here.
    await database.pool.query(sql.replaceAll("$1", `'${conversation}'`));
    const diagnosis = await diagnose(database.pool);
    expect(driftOf(diagnosis)).toEqual(drift);
    expect(diagnosis.differences[0]).toMatchObject({ conversation, what: expect.stringContaining(what) });
    expect(JSON.stringify(diagnosis)).not.toMatch(/Lunch|Changed|Mallory|a\.example/);
  });

  test("a conversation with people of two platforms, of which it is said that it is not shared", async () => {
    await using database = await createTestDatabase();
    const setting = postgresSetting(database.pool);
    const [alice, dora] = [await setting.person("alice"), await setting.person("dora", "elsewhere.example")];
    const conversation = await setting.published(alice, [[dora, "WRITER"]]);
    expect(driftOf(await diagnose(database.pool))).toEqual({});
    await database.pool.query("UPDATE conversation SET is_shared = false");
    const { differences } = await diagnose(database.pool);
    expect(differences).toMatchObject([
      { table: "conversation", conversation, what: expect.stringContaining("is_shared") },
    ]);
  });

  test("rows of a conversation that no other table knows", async () => {
    await using database = await createTestDatabase();
    await givenConversations(database);
    await database.pool.query(
      `INSERT INTO label (conversation_id, id, seq, added_by, latest) VALUES ('${nothing}', 'a', 1, 'b', 'a')`,
    );
    const diagnosis = await diagnose(database.pool);
    expect(diagnosis).toMatchObject({ conversations: 3, drift: { label: 1 } });
    expect(diagnosis.differences).toEqual([{ table: "label", conversation: nothing, id: "a", what: "surplus" }]);
  });

  test("once all is announced: unread messages that a list would not show as such, and words of one's own", async () => {
    await using database = await createTestDatabase();
    const { setting, conversation, alice, bob } = await givenConversations(database);
    await setting.store.announced(await setting.store.unannounced(-1_000, 100));
    const set = (columns: string, who: string) =>
      database.pool.query(`UPDATE participation SET ${columns} WHERE conversation_id = $1 AND account_id = $2`, [
        conversation,
        who,
      ]);
    await set("has_said = true", alice.accountId);
    expect(driftOf(await diagnose(database.pool))).toEqual({});
    await set("has_said = false, may_be_unread = false", alice.accountId);
    await set("may_be_unread = false", bob.accountId);
    const { differences } = await diagnose(database.pool);
    expect(differences.map(({ id, what }) => [id, what]).toSorted()).toEqual(
      [
        [alice.accountId, "hasSaid"],
        [bob.accountId, "mayBeUnread"],
      ].toSorted(),
    );
    await setting.store.moveReceipt(conversation, bob.accountId, 7);
    await set("has_said = true", alice.accountId);
    expect(driftOf(await diagnose(database.pool))).toEqual({});
  });
});

describe("A planted drift in what is searched is found, and mended by indexing anew", () => {
  const of = (kind: string) => `WHERE conversation_id = $1 AND kind = '${kind}'`;
  test.each<[string, string, string]>([
    ["a text too few", `DELETE FROM searchable ${of("MESSAGE")}`, "missing"],
    ["a subject too few", `DELETE FROM searchable ${of("SUBJECT")}`, "missing"],
    ["earlier words", `UPDATE searchable SET words_seq = seq ${of("MESSAGE")}`, "wordsSeq"],
    ["other words", `UPDATE searchable SET folded = ' lunch ' ${of("MESSAGE")}`, "folded"],
    ["other lexemes", `UPDATE searchable SET words = to_tsvector('simple', 'x') ${of("PERSON")} AND seq = 1`, "words"],
    ["a language that there is not", `UPDATE searchable SET language = 'martian' ${of("MESSAGE")}`, "words"],
    ["another's words", `UPDATE searchable SET author = 'nobody' ${of("FILE")}`, "author"],
    ["another time", `UPDATE searchable SET at = at + interval '1 day' ${of("FILE")}`, "at"],
    ["another item", `UPDATE searchable SET item = 'nothing' ${of("FILE")}`, "item"],
    [
      "what nobody said",
      `INSERT INTO searchable SELECT conversation_id, 99, kind, item, 99, author, at, language, words, folded FROM searchable ${of("MESSAGE")}`,
      "surplus",
    ],
    [
      "a text of what has none",
      `INSERT INTO searchable SELECT conversation_id, 6, kind, item, 6, author, at, language, words, folded FROM searchable ${of("MESSAGE")}`,
      "surplus",
    ],
  ])("%s", async (_, sql, what) => {
    await using database = await createTestDatabase({ poolSize: 2 });
    const { pool } = database;
    const { setting, conversation } = await givenConversations(database);
    await setting.store.announced(await setting.store.unannounced(-1_000, 100));
    await pool.query("UPDATE participation SET has_said = true");
    expect(await diagnose(pool)).toMatchObject({ differences: [], waiting: { unindexed: 9 } });
    await indexAll(pool, silentLogger);
    expect(await diagnose(pool)).toMatchObject({ differences: [], waiting: { unindexed: 0 } });
    await pool.query(sql.replaceAll("$1", `'${conversation}'`));
    const diagnosis = await diagnose(pool);
    expect(driftOf(diagnosis)).toEqual({ searchable: 1 });
    expect(diagnosis.differences).toMatchObject([{ conversation, what: expect.stringContaining(what) }]);
    expect(JSON.stringify(diagnosis)).not.toMatch(/lunch/i);
    expect(await reindex({ pool })).toMatchObject({ refused: [], isStopped: false });
    expect(await diagnose(pool)).toMatchObject({ differences: [] });
  });

  test("a place to index that is not in the log", async () => {
    await using database = await createTestDatabase({ poolSize: 2 });
    const { conversation } = await givenConversations(database);
    await database.pool.query("INSERT INTO unindexed (conversation_id, seq, recorded_at) VALUES ($1, 99, now())", [
      conversation,
    ]);
    expect(driftOf(await diagnose(database.pool))).toEqual({ unindexed: 1 });
  });
});

describe("What docs/operating.md says beside a running platform mends", () => {
  test.each<[string, string]>([
    ["is_shared", "UPDATE conversation SET is_shared = false WHERE id = 'CONVERSATION'"],
    ["readUpTo", "UPDATE participant SET read_up_to = 99 WHERE conversation_id = 'CONVERSATION'"],
    ["readUpTo", "UPDATE participant SET read_up_to = -1 WHERE conversation_id = 'CONVERSATION'"],
    ["missing", "DELETE FROM participation WHERE conversation_id = 'CONVERSATION'"],
    [
      "surplus",
      "INSERT INTO participation (conversation_id, account_id, sort_at) VALUES ('CONVERSATION', 'ACCOUNT', now())",
    ],
    ["hasSaid", "UPDATE participation SET has_said = false WHERE conversation_id = 'CONVERSATION'"],
    ["mayBeUnread", "UPDATE participation SET may_be_unread = false WHERE conversation_id = 'CONVERSATION'"],
    ["surplus", "INSERT INTO outbox (conversation_id, seq) VALUES ('CONVERSATION', 99)"],
    ["surplus", "INSERT INTO unindexed (conversation_id, seq, recorded_at) VALUES ('CONVERSATION', 99, now())"],
  ])("%s: %s", async (what, planted) => {
    await using database = await createTestDatabase();
    const { pool } = database;
    const { setting, conversation, bob } = await givenConversations(database);
    const dora = await setting.person("dora", "elsewhere.example");
    await setting.does(conversation, bob, adds(dora));
    await setting.store.announced(await setting.store.unannounced(-1_000, 100));
    await pool.query("UPDATE participation SET has_said = true");
    expect(driftOf(await diagnose(pool))).toEqual({});
    const here = (sql: string, account: string) =>
      pool.query(sql.replaceAll("CONVERSATION", conversation).replaceAll("ACCOUNT", account));
    await here(planted, randomUUID());
    const page = await readFile(new URL("../../docs/operating.md", import.meta.url), "utf8");
    const { differences } = await diagnose(pool);
    expect(differences.map((one) => one.what).join()).toContain(what);
    // And what the doctor names when it is asked again.
    for (const asked of [differences, null]) {
      for (const one of asked ?? (await diagnose(pool)).differences) {
        const [, statement] = page.split(`-- ${one.table}: ${/^\w+/.exec(one.what)?.[0]}`);
        expect(statement).toBeDefined();
        await here(statement?.slice(statement.indexOf("\n")).split(";")[0] ?? "", one.id);
      }
    }
    expect(await diagnose(pool)).toMatchObject({ differences: [] });
  });
});

test("a few differences are named, all are counted", async () => {
  await using database = await createTestDatabase();
  const { setting, conversation, alice } = await givenConversations(database);
  for (let count = 0; count < 20; count++) await setting.says(conversation, alice);
  await database.pool.query("UPDATE message SET parent = id");
  const { drift, differences } = await diagnose(database.pool);
  expect(drift.message).toBe(21);
  expect(differences).toHaveLength(5);
  expect(Object.keys(drift).toSorted()).toEqual([...examinedTables].toSorted());
});
