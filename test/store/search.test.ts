// Searching: whichever way the statements go, because an account has few conversations or many, they come to the same, on every page.
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { parseSearch } from "../../src/search/grammar.ts";
import { boundedQuery } from "../../src/store/read/bounded-query.ts";
import { type SearchBounds, searchReads } from "../../src/store/read/search.ts";
import type { SearchCursor } from "../../src/store/read/search-statement.ts";
import { indexAll } from "../../src/store/unindexed.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import type { Setting, Somebody } from "../support/setting.ts";

const ways: Readonly<Record<string, SearchBounds>> = {
  "reading all of few texts": { fewConversations: 1_000, fewTexts: 1_000_000, manyConversations: 1_000 },
  "listing one's conversations": { fewConversations: 0, fewTexts: 0, manyConversations: 1_000 },
  "asking of each whether it is one's own": { fewConversations: 0, fewTexts: 0, manyConversations: 1 },
};

interface Said {
  readonly conversation: Hash;
  readonly text: string;
  readonly by: "alice" | "bob";
}

let database: TestDatabase;
let alice: Somebody;
/** What alice may see. */
const seen: Said[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const setting = postgresSetting(database.pool);
  const [bob, carol] = await setting.persons("bob", "carol");
  alice = await setting.person("alice");
  for (let number = 0; number < 60; number++) await makeConversation(setting, number, bob, carol);
  await setting.store.announced(await setting.store.unannounced(-1_000, 10_000));
  await indexAll(database.pool, silentLogger);
  await database.pool.query("ANALYZE");
});
afterAll(() => database[Symbol.asyncDispose]());

/** Of every four, one without alice, one from which she was removed before the best was said, one with something taken back. */
async function makeConversation(setting: Setting, number: number, bob: Somebody, carol: Somebody): Promise<void> {
  const kind = (["open", "strange", "removed", "taken back"] as const)[number % 4] ?? "open";
  const cast = kind === "strange" ? [carol] : [alice, carol];
  const conversation = await setting.published(
    bob,
    cast.map((one) => [one, "WRITER"] as const),
  );
  const says = async (by: Somebody, text: string, isSeen: boolean) => {
    const { circumstances } = setting;
    circumstances.time = new Date(Date.parse(circumstances.time) + 1_000).toISOString();
    await setting.says(conversation, by, text);
    if (isSeen) seen.push({ conversation, text, by: by === alice ? "alice" : "bob" });
  };
  const isHers = kind !== "strange";
  await says(bob, `heron ${number % 3 === 0 ? "and otter" : "alone"} number ${number}`, isHers);
  if (number % 5 === 0) await says(bob, "herons ".repeat((number % 4) + 1), isHers);
  if (number % 7 === 0) await says(bob, `a superheronic otterly plan ${number}`, isHers);
  if (isHers && number % 6 === 0) await says(alice, "the heron again, long after the otter had gone away", true);
  // More of them than are looked into of one conversation.
  if (number === 8) for (let count = 0; count < 25; count++) await says(bob, `heron heron ${count}`, true);
  if (kind === "removed") {
    const item = await setting.participant(conversation, alice);
    await setting.does(conversation, bob, { action: "remove", model: "participant", item });
    for (let count = 0; count < (number % 8 === 2 ? 25 : 1); count++) await says(bob, "heron heron heron otter", false);
  }
  if (kind === "taken back") {
    await says(bob, "heron heron heron otter", false);
    const { rows } = await database.pool.query<{ id: Hash }>(
      "SELECT id FROM message WHERE conversation_id = $1 ORDER BY seq DESC LIMIT 1",
      [conversation],
    );
    await setting.does(conversation, bob, { action: "remove", model: "message", item: rows[0]?.id ?? "" });
  }
}

/** All pages, one after the other. */
async function allOf(pool: pg.Pool, bounds: SearchBounds, query: string, isBackward: boolean, limit: number) {
  const parsed = parseSearch(query);
  if (!("node" in parsed)) throw new Error(parsed.fault.message);
  const found: { readonly id: Hash; readonly rank: number; readonly at: number; readonly first: string }[] = [];
  for (let cursor: SearchCursor | null = null; ; ) {
    const { search } = searchReads(boundedQuery(pool), bounds);
    const request = { limit, isBackward, after: isBackward ? null : cursor, before: isBackward ? cursor : null };
    const page = await search(alice.accountId, parsed.node, request);
    const nodes = page.nodes.map(({ cursor, hits }) => ({ ...cursor, first: hits[0]?.text ?? "" }));
    if (isBackward) found.unshift(...nodes);
    else found.push(...nodes);
    if (!(isBackward ? page.hasPreviousPage : page.hasNextPage)) return found;
    cursor = (isBackward ? page.nodes[0] : page.nodes.at(-1))?.cursor ?? null;
  }
}

const isIn =
  (...words: readonly string[]) =>
  (one: Said) =>
    words.every((word) => one.text.includes(word));

describe.each<[string, (one: Said) => boolean]>([
  ["heron", isIn("heron")],
  ["otter", isIn("otter")],
  ["heron otter", isIn("heron", "otter")],
  ["superheronic OR again", (one) => /superheronic|again/.test(one.text)],
  ['"heron and otter"', isIn("heron and otter")],
  ["heron -otter", (one) => one.text.includes("heron") && !one.text.includes("otter")],
  ["heron from:alice", (one) => one.by === "alice" && one.text.includes("heron")],
  ["heron from:bob", (one) => one.by === "bob" && one.text.includes("heron")],
  ["heron -in:archive", isIn("heron")],
  ["from:alice", (one) => one.by === "alice"],
  ["heron before:2100", isIn("heron")],
  ["heron -before:2020", isIn("heron")],
  ["heron after:2100", () => false],
  ["-heron plan", (one) => one.text.includes("plan") && !one.text.includes("heron")],
  ["ronic", isIn("ronic")],
  ["walrus", () => false],
])("%s", (query, isFound) => {
  const expected = () => [...new Set(seen.filter(isFound).map(({ conversation }) => conversation))].toSorted();

  test.each(Object.entries(ways))("by %s", async (_, bounds) => {
    const forwards = await allOf(database.pool, bounds, query, false, 4);
    expect(forwards.map(({ id }) => id).toSorted()).toEqual(expected());
    const ranked = forwards.map(({ rank }) => rank);
    expect(ranked).toEqual(ranked.toSorted((a, b) => b - a));
    // The order and the best text of each are those of one page of all; backwards they are the same.
    const whole = await allOf(database.pool, bounds, query, false, 100);
    expect(forwards).toEqual(whole);
    expect(await allOf(database.pool, bounds, query, true, 7)).toEqual(whole);
    const other = await allOf(database.pool, ways["reading all of few texts"] ?? bounds, query, false, 100);
    expect(whole).toEqual(other);
  });
});

test("texts that have the words whole come before those that have parts of words", async () => {
  const [bounds] = Object.values(ways);
  if (!bounds) throw new Error("there is no way to search");
  const found = await allOf(database.pool, bounds, "superheron OR heron", false, 100);
  expect(found[0]?.first).toMatch(/\bherons?\b/);
  const parts = await allOf(database.pool, bounds, "ronic", false, 100);
  expect(parts.map(({ rank }) => rank)).toEqual(parts.map(() => 0));
  expect(parts.length).toBeGreaterThan(0);
});

test("people are found by their names as people type them, with accents or without", async () => {
  await using own = await createTestDatabase({ poolSize: 2 });
  const setting = postgresSetting(own.pool);
  const [bob, jose] = await setting.persons("bob", "j.garcia");
  const conversation = await setting.published(bob, []);
  const value = { role: "WRITER", via: "a.example", mail: false, imported: false } as const;
  const body = { address: jose.address, name: "José García" };
  await setting.does(conversation, bob, { action: "add", model: "participant", value, body });
  await setting.says(conversation, jose, "the heron");
  await setting.store.announced(await setting.store.unannounced(-1_000, 100));
  await indexAll(own.pool, silentLogger);
  for (const query of ["from:José", "from:jose", 'heron from:"jose garcia"', "from:j.garcia", "-from:bob heron"]) {
    const parsed = parseSearch(query);
    if (!("node" in parsed)) throw new Error(parsed.fault.message);
    const request = { limit: 10, isBackward: false, after: null, before: null };
    const { nodes } = await searchReads(boundedQuery(own.pool)).search(bob.accountId, parsed.node, request);
    expect(
      nodes.flatMap(({ hits }) => hits.map(({ text }) => text)),
      query,
    ).toEqual(["the heron"]);
  }
});
