// How much one answer may hold, and what it cannot show.
import { expect, test, vi } from "vitest";
import { conversationOf, done, errorCodeOf, givenPlatform, participantOf, said } from "../graphql/given.ts";

const given = givenPlatform();

test("formatting is bounded: four of the longest texts, however they are asked for", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  for (let count = 0; count < 5; count++) await said(alice, conversation, "*_a ".repeat(16_384));
  const ask = (last: number) =>
    alice.parley.request(
      `{ conversation(hash: "${conversation}") { messages(last: ${last}) { edges { node { a: bodyHtml b: bodyHtml } } } } }`,
    );
  await ask(4);
  expect(await errorCodeOf(ask(5))).toBe("ANSWER_TOO_LARGE");
});

test("two hundred texts of nine thousand characters may be formatted", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  await Promise.all(Array.from({ length: 100 }, () => said(alice, conversation, "word ".repeat(1_800))));
  const page = "messages(last: 100) { edges { node { bodyHtml } } }";
  await alice.parley.request(`{ conversation(hash: "${conversation}") { one: ${page} two: ${page} } }`);
});

test.each(["body", "bodyHtml"])("words count as often as aliases ask for their %s", async (field) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  for (let count = 0; count < 4; count++) await said(alice, conversation, "x".repeat(250 * 1024));
  const aliases = (count: number) => Array.from({ length: count }, (_, index) => `a${index}: ${field}`).join(" ");
  const ask = (count: number) =>
    alice.parley.request(
      `{ conversation(hash: "${conversation}") { messages(last: 4) { edges { node { ${aliases(count)} } } } } }`,
    );
  await ask(10);
  expect(await errorCodeOf(ask(20))).toBe("ANSWER_TOO_LARGE");
});

test("notes count as often as aliases ask for them, of a conversation and of a participant", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  await done(alice.parley.participationUpdate({ conversation, notes: "x".repeat(10_000) }));
  const notes = (count: number) => Array.from({ length: count }, (_, index) => `a${index}: notes`).join(" ");
  const ids = (count: number) => Array.from({ length: count }, () => `"${conversation}"`);
  const globalId = Buffer.from(`Conversation:${conversation}`).toString("base64");
  const ask = (aliases: number) =>
    alice.parley.request(
      `{ nodes(ids: ${JSON.stringify(ids(100).map(() => globalId))}) { ... on Conversation { ${notes(aliases)} } } }`,
    );
  await ask(10);
  expect(await errorCodeOf(ask(20))).toBe("ANSWER_TOO_LARGE");
  const own = (pages: number) =>
    Array.from({ length: pages }, (_, index) => `c${index}: creator { ${notes(20)} }`).join(" ");
  const askOwn = (pages: number) =>
    alice.parley.request(
      `{ nodes(ids: ${JSON.stringify(ids(100).map(() => globalId))}) { ... on Conversation { ${own(pages)} } } }`,
    );
  expect(await errorCodeOf(askOwn(1))).toBe("ANSWER_TOO_LARGE");
});

test("a snippet is made once, however many aliases ask for it", async () => {
  const { alice } = await given.people("alice");
  for (let count = 0; count < 10; count++) {
    const conversation = await conversationOf(alice);
    const words = `${"bad ".repeat(4_000)} otter`;
    await Promise.all([1, 2, 3].map(() => said(alice, conversation, words)));
  }
  await given.platform.searchable();
  const took = async (aliases: number) => {
    const snippets = Array.from({ length: aliases }, (_, index) => `a${index}: snippet { isHit }`).join(" ");
    const startedAt = performance.now();
    await alice.parley.request(`{ search(query: "a OR otter") { edges { node { hits { ${snippets} } } } } }`);
    return performance.now() - startedAt;
  };
  await took(1);
  expect(await took(48)).toBeLessThan(8 * (await took(1)) + 100);
});

test("whoever is removed while they are answered sees nothing that came after: no message, no edit", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const message = await said(alice, conversation, "Lunch?");
  const participant = await participantOf(bob, conversation, alice);
  const { pool } = given.platform.core.database;
  const { query } = pool;
  const removal = Promise.withResolvers<void>();
  const queries = vi.spyOn(pool, "query").mockImplementation(async (...args: readonly unknown[]) => {
    const isOfBob =
      JSON.stringify(args[0]).includes("read_message_page") && JSON.stringify(args).includes(conversation);
    if (isOfBob) {
      queries.mockRestore();
      await done(alice.parley.participantRemove({ conversation, participant }));
      await done(alice.parley.messageModify({ conversation, message, body: "Changed after." }));
      await said(alice, conversation, "Said after.");
      removal.resolve();
    }
    return Reflect.apply(query, pool, args);
  });
  const text = `{ conversation(hash: "${conversation}") { seq messages(last: 10) { edges { node { body seq } } } } }`;
  const answer = await bob.parley.request(text);
  await removal.promise;
  expect(answer).toEqual({ conversation: { seq: 4, messages: { edges: [{ node: { body: "Lunch?", seq: 4 } }] } } });
});
