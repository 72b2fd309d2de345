import { defaultFieldResolver, type ExecutionResult, type GraphQLSchema, isObjectType, parse } from "graphql";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { inProcessBus } from "../../src/announce/bus.ts";
import { databaseTimeUs, freshForMs, openFeed } from "../../src/announce/feed.ts";
import type { Platform } from "../../src/graphql/context.ts";
import { createExecute } from "../../src/graphql/execute.ts";
import { createSubscribe, type LiveResult } from "../../src/graphql/live-execution.ts";
import { buildSchema } from "../../src/graphql/schema.ts";
import { encodeCursor } from "../../src/graphql/stream-cursor.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { updateParticipation } from "../../src/store/participation.ts";
import { home } from "../conversation/given.ts";
import { inboundMailsOf } from "../support/inbound-mails.ts";
import { appendHere, findRecipientsHere, type Somebody } from "../support/setting.ts";
import { type Given, given, remove, say } from "./given.ts";
import { pulled } from "./pulled.ts";

let all: Given;
let alice: Somebody;
let bob: Somebody;
let carol: Somebody;
let conversation: Hash;
let count = 0;
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  all = opened.use(await given());
});
afterAll(() => opened.disposeAsync());

/** What the running test opened. */
let used = new AsyncDisposableStack();
beforeEach(async () => {
  count++;
  [alice, bob, carol] = await all.setting.persons(`alice.${count}`, `bob.${count}`, `carol.${count}`);
  conversation = await all.setting.published(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);
  all.takeAnnouncements();
});
afterEach(async () => {
  vi.useRealTimers();
  await used.disposeAsync();
  used = new AsyncDisposableStack();
});

/** Another conversation of the three, with a subject. */
async function lunch(): Promise<void> {
  const others = [bob, carol].map((who) => [who, "WRITER"] as const);
  conversation = await all.setting.published(alice, others, { subject: "Lunch" });
  all.takeAnnouncements();
}

/** How often a field of the schema is resolved. */
function counting(schema: GraphQLSchema, typeName: string, fieldName: string): () => number {
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
  if (!field) throw new Error(`there is no ${typeName}.${fieldName}`);
  const { resolve = defaultFieldResolver } = field;
  let times = 0;
  field.resolve = (...args) => {
    times++;
    return resolve(...args);
  };
  return () => times;
}

type Results = AsyncIterableIterator<LiveResult, undefined>;

async function openProcess() {
  const schema = buildSchema();
  const bus = inProcessBus();
  const { pool } = all.gated;
  const { signer, now, salt } = all.setting.circumstances;
  const feed = used.use(await openFeed({ pool, bus, log: silentLogger, reconcileEveryMs: 3_600_000 }));
  const { store } = all.setting;
  const database = { pool, prisma: all.prisma };
  const platform: Platform = {
    database,
    append: appendHere(store),
    findRecipients: findRecipientsHere(pool, home),
    store,
    bus,
    feed,
    signer,
    mail: inboundMailsOf(pool, all.setting),
    domains: [home],
    now,
    salt,
  };
  const subscribeTo = createSubscribe(schema, createExecute(schema), platform, (result) => result);
  return {
    schema,
    bus,
    feed,
    /** A document as clients that send the same text get it: parsed once. */
    document: (selection: string) => parse(`subscription ($after: String) { events(after: $after) { ${selection} } }`),
    subscribe: async (
      who: Somebody,
      document: ReturnType<typeof parse>,
      variables?: Readonly<Record<string, unknown>>,
    ): Promise<Results> => {
      const viewer = { ...who, name: null };
      const results = await subscribeTo({ document, variables, operationName: undefined, viewer });
      if (!("each" in results)) throw new Error(`was not subscribed: ${JSON.stringify(results)}`);
      used.defer(() => results.end());
      return pulled(results);
    },
    announce: async () => {
      await bus.publish(
        all.takeAnnouncements().map((place) => ({ kind: "event", conversation: place.conversation, seq: place.seq })),
      );
      await feed.idle();
    },
  };
}

/** The next thing that a subscriber is sent, without GraphQL's wrapping. */
async function next(results: Results): Promise<unknown> {
  const step = await results.next();
  if (step.done) throw new Error("the stream ended");
  const result: ExecutionResult = step.value.result;
  expect(result.errors).toBeUndefined();
  return JSON.parse(JSON.stringify(result.data?.["events"]));
}

describe("subscribers with the same document and variables", () => {
  test("share one execution per event", async () => {
    const { schema, document, subscribe, announce } = await openProcess();
    const times = counting(schema, "EventAdded", "event");
    const asked = document("... on EventAdded { event { seq body } conversation { seq } }");
    const subscribers = await Promise.all([alice, bob, carol, bob].map((who) => subscribe(who, asked)));
    const expected = (seq: number, text: string) => ({
      event: { seq, body: { format: "MARKDOWN", text, mentions: [], mail: null } },
      conversation: { seq },
    });
    for (const [seq, text] of [
      [4, "one"],
      [5, "two"],
    ] as const) {
      await say(all.setting, conversation, alice, text);
      await announce();
      for (const answer of await Promise.all(subscribers.map(next))) expect(answer).toEqual(expected(seq, text));
    }
    expect(times()).toBe(2);
  });

  test("have as much room beside an error as without one", async () => {
    const { document, subscribe, announce } = await openProcess();
    for (let times = 0; times < 4; times++) await say(all.setting, conversation, alice, "x".repeat(250 * 1024));
    all.takeAnnouncements();
    const words = Array.from({ length: 8 }, (_, index) => `a${index}: body`).join(" ");
    // Four of five may be formatted.
    const asked = document(
      `... on EventAdded { conversation { messages(last: 5) { edges { node { ${words} bodyHtml } } } } }`,
    );
    const subscribers = await Promise.all([bob, carol].map((who) => subscribe(who, asked)));
    await say(all.setting, conversation, alice, "x".repeat(250 * 1024));
    await announce();
    for (const subscriber of subscribers) {
      const { errors, data } = (await subscriber.next()).value?.result ?? {};
      expect(errors?.map(({ path }) => path?.at(-1))).toEqual(["bodyHtml"]);
      expect(JSON.stringify(data).match(/"a\d":"x/g)).toHaveLength(40);
    }
  });

  test("need no query for what comes with the event, live and after a break", async () => {
    await lunch();
    const { document, subscribe, announce } = await openProcess();
    const asked = document(
      "... on EventAdded { cursor event { hash seq body actor { displayName } } conversation { id hash seq status subject reference } }",
    );
    const names = ["read_view", "read_views", "read_events", "read_participants", "read_horizons"];
    const before = names.map((name) => all.gated.count(name));
    const after = encodeCursor(await databaseTimeUs(all.gated.pool));
    const subscribers = await Promise.all([alice, bob, carol].map((who) => subscribe(who, asked)));
    await say(all.setting, conversation, alice, "to all");
    await announce();
    const resumed = await subscribe(bob, asked, { after });
    const told = {
      event: { seq: 5, body: { text: "to all" }, actor: { displayName: alice.address } },
      conversation: { seq: 5, status: "OPEN", subject: "Lunch", reference: "lunch" },
    };
    for (const answer of await Promise.all(subscribers.map(next))) expect(answer).toMatchObject(told);
    // The other conversation's three first, then its own four.
    for (const seq of [1, 2, 3, 1, 2, 3, 4]) expect(await next(resumed)).toMatchObject({ event: { seq } });
    expect(await next(resumed)).toMatchObject(told);
    expect(names.map((name) => all.gated.count(name))).toEqual(before);
  });

  test("do not share with those of another document, or who ask for something else by a variable", async () => {
    const { schema, subscribe, announce } = await openProcess();
    const times = counting(schema, "EventAdded", "event");
    const document = () =>
      parse(
        "subscription ($withBody: Boolean = true) { events { ... on EventAdded { event { seq body @include(if: $withBody) } } } }",
      );
    const asked = document();
    const subscribers = await Promise.all([
      subscribe(bob, asked),
      subscribe(bob, asked, {}),
      subscribe(bob, document()),
      subscribe(bob, asked, { withBody: false }),
    ]);
    await say(all.setting, conversation, alice);
    await announce();
    const answers = (await Promise.all(subscribers.map(next))).map((answer) => JSON.stringify(answer));
    expect(answers.map((answer) => answer.includes("body"))).toEqual([true, true, true, false]);
    expect(times()).toBe(3);
  });

  test("share though each began after a cursor of its own", async () => {
    const { schema, document, subscribe, announce } = await openProcess();
    const asked = document("... on EventAdded { event { seq } }");
    const nowUs = await databaseTimeUs(all.gated.pool);
    const subscribers = await Promise.all(
      [bob, carol].map((who, index) => subscribe(who, asked, { after: encodeCursor(nowUs + index) })),
    );
    for (const results of subscribers) {
      for (const seq of [1, 2, 3]) expect(await next(results)).toEqual({ event: { seq } });
    }
    const times = counting(schema, "EventAdded", "event");
    await say(all.setting, conversation, alice);
    await announce();
    for (const results of subscribers) expect(await next(results)).toEqual({ event: { seq: 4 } });
    expect(times()).toBe(1);
  });

  test("get each their own where the answer depends on who is looking", async () => {
    const { schema, document, subscribe, announce } = await openProcess();
    const times = counting(schema, "EventAdded", "conversation");
    const asked = document("... on EventAdded { event { seq } conversation { unread } }");
    const subscribers = await Promise.all([alice, bob, carol].map((who) => subscribe(who, asked)));
    await all.setting.store.moveReceipt(conversation, bob.accountId, 3);
    for (const [seq, author] of [
      [4, alice],
      [5, alice],
      [6, carol],
    ] as const) {
      await say(all.setting, conversation, author);
      await announce();
      const answers = await Promise.all(subscribers.map(next));
      const unread = { 4: [0, 1, 1], 5: [0, 2, 2], 6: [1, 3, 2] }[seq];
      expect(answers).toEqual(unread.map((one) => ({ event: { seq }, conversation: { unread: one } })));
    }
    // Together, to find out, by a plan and then by graphql-js; and from then on each alone.
    expect(times()).toBe(2 + 3 * 3);
  });

  test("share what all may see though the document also asks for what is each one's own", async () => {
    const { schema, document, subscribe, announce, bus, feed } = await openProcess();
    const times = counting(schema, "EventAdded", "event");
    const asked = document(
      "... on EventAdded { event { seq } } ... on ParticipationChanged { conversation { folder notes } }",
    );
    const [alices, bobs, bobsOther] = await Promise.all([alice, bob, bob].map((who) => subscribe(who, asked)));
    for (const [who, own, told] of [
      [alice, { folder: "ARCHIVE", notes: "alice's" }, [alices]],
      [bob, { folder: "SPAM", notes: "bob's" }, [bobs, bobsOther]],
    ] as const) {
      const { accountId } = who;
      const changes = { ...own };
      await updateParticipation({ pool: all.gated.pool }, { conversation, accountId, clientId: null, changes });
      await bus.publish([{ kind: "participation", conversation, accountId }]);
      await feed.idle();
      for (const results of told) expect(results && (await next(results))).toEqual({ conversation: own });
    }
    await say(all.setting, conversation, carol);
    await announce();
    for (const results of [alices, bobs, bobsOther]) {
      expect(results && (await next(results))).toEqual({ event: { seq: 4 } });
    }
    expect(times()).toBe(1);
  });

  test("never share what a participant has for themselves", async () => {
    const { document, subscribe, announce } = await openProcess();
    const { accountId } = bob;
    const changes = { folder: "SPAM", notes: "bob's" } as const;
    await updateParticipation({ pool: all.gated.pool }, { conversation, accountId, clientId: null, changes });
    for (const selection of [
      "... on EventAdded { event { actor { folder notes } } }",
      "... on EventAdded { conversation { participants { edges { node { folder notes } } } } }",
    ]) {
      const asked = document(selection);
      const subscribers = await Promise.all([bob, alice, carol, bob].map((who) => subscribe(who, asked)));
      await say(all.setting, conversation, bob);
      await announce();
      const answers = (await Promise.all(subscribers.map(next))).map((answer) => JSON.stringify(answer));
      expect(answers.map((answer) => answer.includes("bob's"))).toEqual([true, false, false, true]);
    }
  });

  test("share with those of the same account where the answer depends on who is looking", async () => {
    const { schema, document, subscribe, announce } = await openProcess();
    const times = counting(schema, "EventAdded", "conversation");
    const asked = document("... on EventAdded { conversation { unread } }");
    const subscribers = await Promise.all([bob, bob, alice, bob].map((who) => subscribe(who, asked)));
    await say(all.setting, conversation, alice);
    await announce();
    const answers = await Promise.all(subscribers.map(next));
    expect(answers).toEqual([1, 1, 0, 1].map((unread) => ({ conversation: { unread } })));
    // Together, to find out, by a plan and then by graphql-js; and then once for each account.
    expect(times()).toBe(2 + 2);
  });
});

describe("who was removed", () => {
  test("never gets an answer that was made for somebody who sees more", async () => {
    const { schema, document, subscribe, announce } = await openProcess();
    const times = counting(schema, "EventAdded", "event");
    const asked = document(
      "... on EventAdded { event { seq } conversation { seq messages(last: 9) { edges { node { body } } } } }",
    );
    const [alices, bobs] = [await subscribe(alice, asked), await subscribe(bob, asked)];
    await say(all.setting, conversation, alice, "for all");
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice, "for the others");
    await announce();
    const words = (...bodies: readonly string[]) => ({ edges: bodies.map((body) => ({ node: { body } })) });
    for (const seq of [4, 5, 6]) {
      expect(await next(alices)).toEqual({
        event: { seq },
        conversation: { seq: 6, messages: words("for all", "for the others") },
      });
    }
    for (const seq of [4, 5]) {
      expect(await next(bobs)).toEqual({ event: { seq }, conversation: { seq: 5, messages: words("for all") } });
    }
    expect(times()).toBe(5);
  });

  test.each([
    ["what all share", "conversation { messages(last: 9) { edges { node { body } } } }"],
    ["what depends on who is looking", "conversation { unread messages(last: 9) { edges { node { body } } } }"],
  ])("while an event waited for them, gets with it nothing past the removal: %s", async (_, selection) => {
    const { document, subscribe, announce } = await openProcess();
    const asked = document(`... on EventAdded { event { seq } ${selection} }`);
    const [alices, bobs] = [await subscribe(alice, asked), await subscribe(bob, asked)];
    await say(all.setting, conversation, alice, "for all");
    await announce();
    // Handed on to bob, who does not take it yet.
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice, "for the others");
    for (const results of [alices, bobs]) {
      const got = JSON.stringify(await next(results));
      expect(got).toContain("for all");
      expect(got).not.toContain("for the others");
    }
  });

  test("while an answer is made for them, gets nothing past the removal", async () => {
    const { document, subscribe, announce } = await openProcess();
    const asked = document("... on EventAdded { conversation { messages(last: 9) { edges { node { body } } } } }");
    const bobs = await subscribe(bob, asked);
    await say(all.setting, conversation, alice, "for all");
    await announce();
    const reading = all.gated.hold("read_message_page_backward", "sent");
    const got = next(bobs);
    await reading.reached;
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice, "for the others");
    reading.open();
    expect(JSON.stringify(await got)).not.toContain("for the others");
  });

  test("gets with a receipt nothing past the removal", async () => {
    const { document, subscribe, bus, feed } = await openProcess();
    const asked = document(
      "... on ReceiptMoved { readUpTo conversation { seq messages(last: 9) { edges { node { body } } } } }",
    );
    const bobs = await subscribe(bob, asked);
    await say(all.setting, conversation, alice, "for all");
    const move = await all.setting.store.moveReceipt(conversation, alice.accountId, 4);
    if (move) await bus.publish([{ kind: "receipt", ...move }]);
    await feed.idle();
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice, "for the others");
    expect(await next(bobs)).toEqual({
      readUpTo: 4,
      conversation: { seq: 5, messages: { edges: [{ node: { body: "for all" } }] } },
    });
  });
});

test("who is slow to take an event gets the words that are left, though others got them as they were", async () => {
  await lunch();
  const { document, subscribe, announce } = await openProcess();
  const asked = document("... on EventAdded { event { seq body } conversation { subject } }");
  const [bobs, carols] = [await subscribe(bob, asked), await subscribe(carol, asked)];
  await say(all.setting, conversation, alice, "a secret");
  await announce();
  expect(await next(bobs)).toMatchObject({ event: { body: { text: "a secret" } }, conversation: { subject: "Lunch" } });
  const item = await all.setting.participant(conversation, alice);
  await all.setting.does(conversation, alice, { action: "remove", model: "participant", item, value: "ERASE" });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + freshForMs });
  expect(await next(carols)).toEqual({ event: { seq: 5, body: null }, conversation: { subject: null } });
});

test("what is erased between commit and handing on is hidden", async () => {
  const { document, subscribe, announce } = await openProcess();
  const bobs = await subscribe(bob, document("... on EventAdded { event { seq body salt isErased } }"));
  const { id: item } = await all.setting.does(conversation, alice, {
    action: "add",
    model: "message",
    body: { format: "PLAIN", text: "a secret", mentions: [], mail: null },
  });
  await all.setting.does(conversation, alice, { action: "remove", model: "message", item });
  await announce();
  expect(await next(bobs)).toEqual({ event: { seq: 4, body: null, salt: null, isErased: true } });
  expect(await next(bobs)).toEqual({ event: { seq: 5, body: null, salt: null, isErased: false } });
});
