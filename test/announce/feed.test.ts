import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Bus, inProcessBus, type Note } from "../../src/announce/bus.ts";
import { type Feed, type FeedItem, type FeedOptions, openFeed } from "../../src/announce/feed.ts";
import { everything } from "../../src/conversation/audience.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Somebody } from "../support/setting.ts";
import { add, type Given, given, remove, say } from "./given.ts";

let all: Given;
let alice: Somebody;
let bob: Somebody;
let carol: Somebody;
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  all = opened.use(await given());
});
// Other people for each test: a feed hands on whatever happens in the database.
let count = 0;
beforeEach(async () => {
  count++;
  [alice, bob, carol] = await all.setting.persons(`alice.${count}`, `bob.${count}`, `carol.${count}`);
});
afterAll(() => opened.disposeAsync());

/** Feeds of the running test. Each reconciles when it is told to. */
let feeds = new AsyncDisposableStack();
afterEach(async () => {
  await feeds.disposeAsync();
  feeds = new AsyncDisposableStack();
});

interface Process {
  readonly feed: Feed;
  readonly bus: Bus;
  /** Tells the bus of places in a conversation, and waits until what follows is done. */
  note(conversation: Hash, ...seqs: readonly number[]): Promise<void>;
  /** What subscribers of this account are handed from now on, as `seq@horizon`. */
  subscribe(who: Somebody, conversation?: Hash): string[];
  /** The same, which ends. */
  attach(who: Somebody, conversation?: Hash): { readonly handed: string[] } & Disposable;
}

const noteOf = (conversation: Hash, seq: number): Note => ({ kind: "event", conversation, seq });
const horizonName = (horizon: number) => (horizon === everything ? "all" : String(horizon));
const written = (item: FeedItem, horizon: number) => {
  const what = item.kind === "event" ? item.event.seq : item.kind === "receipt" ? `receipt ${item.seq}` : "own";
  return `${what}@${horizonName(horizon)}`;
};

async function openProcess(more: Partial<FeedOptions> = {}): Promise<Process> {
  const bus = inProcessBus();
  const feed = feeds.use(
    await openFeed({ pool: all.gated.pool, bus, log: silentLogger, reconcileEveryMs: 3_600_000, ...more }),
  );
  const attach: Process["attach"] = (who, conversation) => {
    const handed: string[] = [];
    const attached = feed.attach({
      accountId: who.accountId,
      conversation: conversation ?? null,
      deliver: (item, horizon) => handed.push(written(item, horizon)),
    });
    return { handed, [Symbol.dispose]: () => attached[Symbol.dispose]() };
  };
  return {
    feed,
    bus,
    note: async (conversation, ...seqs) => {
      await bus.publish(seqs.map((seq) => noteOf(conversation, seq)));
      await feed.idle();
    },
    attach,
    subscribe: (who, conversation) => attach(who, conversation).handed,
  };
}

/** A conversation of alice and bob whose beginning is older than what any feed looks at. */
async function oldConversation(): Promise<Hash> {
  const conversation = await all.setting.published(alice, [[bob, "WRITER"]]);
  await all.rows(
    "UPDATE event SET recorded_at = recorded_at - interval '1 hour' WHERE conversation_id = $1",
    conversation,
  );
  return conversation;
}

describe("the feed hands on", () => {
  test("each event once and in order, to everybody here who may see it and to nobody else", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const [alices, bobs, bobsOther, carols] = [subscribe(alice), subscribe(bob), subscribe(bob), subscribe(carol)];
    for (const seq of [3, 4, 5]) {
      expect(await say(all.setting, conversation, alice)).toBe(seq);
      await note(conversation, seq);
    }
    for (const handed of [alices, bobs, bobsOther]) expect(handed).toEqual(["3@all", "4@all", "5@all"]);
    expect(carols).toEqual([]);
  });

  test("each event once and in order, though the bus doubles, mixes and loses notes", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const handed = subscribe(bob);
    for (let seq = 3; seq <= 12; seq++) await say(all.setting, conversation, alice);
    await note(conversation, 5, 3, 5);
    await note(conversation, 4);
    await note(conversation, 9, 7, 8, 9);
    await note(conversation, 6, 3);
    await note(conversation, 12);
    expect(handed).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((seq) => `${seq}@all`));
  });

  test("only what is of the conversation that a subscriber asked for", async () => {
    const [one, other] = [await oldConversation(), await oldConversation()];
    const { subscribe, note } = await openProcess();
    const [ofOne, ofBoth] = [subscribe(bob, one), subscribe(bob)];
    await say(all.setting, one, alice);
    await say(all.setting, other, alice);
    await note(other, 3);
    await note(one, 3);
    expect(ofOne).toEqual(["3@all"]);
    expect(ofBoth).toEqual(["3@all", "3@all"]);
  });

  test("what a note says that is too far ahead only up to where there is something", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const handed = subscribe(bob);
    await say(all.setting, conversation, alice);
    await note(conversation, 7);
    for (let seq = 4; seq <= 7; seq++) {
      await say(all.setting, conversation, alice);
      await note(conversation, seq);
    }
    expect(handed).toEqual([3, 4, 5, 6, 7].map((seq) => `${seq}@all`));
  });

  test("nothing of before somebody subscribed", async () => {
    const conversation = await oldConversation();
    const { subscribe, attach, note } = await openProcess();
    await say(all.setting, conversation, alice);
    await note(conversation, 3);
    const first = attach(bob);
    await say(all.setting, conversation, alice);
    await note(conversation, 4);
    const second = subscribe(bob);
    await say(all.setting, conversation, alice);
    await note(conversation, 5);
    first[Symbol.dispose]();
    await say(all.setting, conversation, alice);
    await note(conversation, 6);
    expect(first.handed).toEqual(["4@all", "5@all"]);
    expect(second).toEqual(["5@all", "6@all"]);
  });

  test("each event once with whole batches of notes of many conversations", async () => {
    const conversations = await Promise.all(Array.from({ length: 30 }, oldConversation));
    const { subscribe, bus, feed } = await openProcess();
    const handed = conversations.map((conversation) => subscribe(bob, conversation));
    const seqs = Array.from({ length: 20 }, (_, index) => index + 3);
    await Promise.all(conversations.flatMap((conversation) => seqs.map(() => say(all.setting, conversation, alice))));
    await bus.publish(seqs.flatMap((seq) => conversations.map((conversation) => noteOf(conversation, seq))));
    await feed.idle();
    for (const one of handed) expect(one).toEqual(seqs.map((seq) => `${seq}@all`));
  });

  test("what was forgotten only as far as it was recorded later", async () => {
    const [one, other, another] = [await oldConversation(), await oldConversation(), await oldConversation()];
    const { subscribe, note, feed } = await openProcess({ positionsMax: 2 });
    const handed = subscribe(bob, one);
    await say(all.setting, one, alice);
    await note(one, 3);
    // A while later, in which the reconciler ran.
    await all.rows("UPDATE event SET recorded_at = recorded_at - interval '1 minute' WHERE conversation_id = $1", one);
    await feed.reconcile();
    for (const conversation of [other, another]) {
      await say(all.setting, conversation, alice);
      await note(conversation, 3);
    }
    await say(all.setting, one, alice);
    await note(one, 4);
    await note(one, 3);
    expect(handed).toEqual(["3@all", "4@all"]);
  });

  test("what an account has for itself, to its own subscribers alone, though it was removed, and reads nothing where there are none", async () => {
    const conversation = await oldConversation();
    const other = await oldConversation();
    const { subscribe, attach, bus, feed } = await openProcess();
    const changed = async (who: Somebody, where = conversation) => {
      await bus.publish([{ kind: "participation", conversation: where, accountId: who.accountId }]);
      await feed.idle();
    };
    const [alices, ofOther] = [subscribe(alice), subscribe(alice, other)];
    {
      using bobs = attach(bob);
      await changed(bob);
      await changed(alice, other);
      // Who never took part has nothing of it, whatever a bus says.
      const carols = subscribe(carol);
      await changed(carol);
      const seq = await remove(all.setting, conversation, alice, bob);
      await changed(bob);
      expect(bobs.handed).toEqual(["own@all", `own@${seq}`]);
      expect([alices, ofOther, carols]).toEqual([["own@all"], ["own@all"], []]);
    }
    const before = all.gated.count("read_gatherings");
    await changed(bob);
    expect(all.gated.count("read_gatherings")).toBe(before);
  });

  test("receipts, to those who take part, as often as they move", async () => {
    const conversation = await oldConversation();
    const { subscribe, bus, feed } = await openProcess();
    const [alices, carols] = [subscribe(alice), subscribe(carol)];
    const move = await all.setting.store.moveReceipt(conversation, bob.accountId, 2);
    expect(move).toMatchObject({ conversation, seq: 2 });
    if (move) await bus.publish([{ kind: "receipt", ...move }]);
    await feed.idle();
    expect(alices).toEqual(["receipt 2@all"]);
    expect(carols).toEqual([]);

    const bobs = subscribe(bob);
    await remove(all.setting, conversation, alice, bob);
    if (move) await bus.publish([{ kind: "receipt", ...move }]);
    await feed.idle();
    expect(alices).toEqual(["receipt 2@all", "receipt 2@all"]);
    expect(bobs).toEqual([]);
  });
});

describe("who may see is asked when an event is handed on", () => {
  test("somebody who is added sees from then on", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const handed = subscribe(carol);
    await say(all.setting, conversation, alice);
    await note(conversation, 3);
    await add(all.setting, conversation, alice, carol);
    await note(conversation, 4);
    await say(all.setting, conversation, alice);
    await note(conversation, 5);
    expect(handed).toEqual(["4@all", "5@all"]);
  });

  test("somebody who is removed sees the removal, and nothing after", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const [bobs, alices] = [subscribe(bob), subscribe(alice)];
    await say(all.setting, conversation, alice);
    await note(conversation, 3);
    expect(await remove(all.setting, conversation, alice, bob)).toBe(4);
    await note(conversation, 4);
    await say(all.setting, conversation, alice);
    await note(conversation, 5);
    expect(bobs).toEqual(["3@all", "4@4"]);
    expect(alices).toEqual(["3@all", "4@all", "5@all"]);
  });

  test("a burst that was committed before anything of it was handed on stops at the removal", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const handed = subscribe(bob);
    for (let seq = 3; seq <= 6; seq++) await say(all.setting, conversation, alice);
    await remove(all.setting, conversation, alice, bob);
    for (let seq = 8; seq <= 11; seq++) await say(all.setting, conversation, alice);
    await note(conversation, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    expect(handed).toEqual([3, 4, 5, 6, 7].map((seq) => `${seq}@7`));
  });

  test("somebody who is added anew sees on, also what was said while they were gone", async () => {
    const conversation = await oldConversation();
    const { subscribe, note } = await openProcess();
    const handed = subscribe(bob);
    await remove(all.setting, conversation, alice, bob);
    await note(conversation, 3);
    await say(all.setting, conversation, alice);
    await add(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    await note(conversation, 4, 5, 6);
    expect(handed).toEqual(["3@3", "4@all", "5@all", "6@all"]);
  });

  test("the conversation that comes with an event is never newer than the look at who may see it", async () => {
    const conversation = await oldConversation();
    const { feed, bus } = await openProcess();
    const heads: [number, number][] = [];
    feed.attach({
      accountId: bob.accountId,
      conversation,
      deliver: (item, horizon) => {
        if (item.kind === "event") heads.push([item.head?.seq ?? 0, horizon]);
      },
    });
    await say(all.setting, conversation, alice);
    const reading = all.gated.hold("read_gatherings", "answered");
    await bus.publish([noteOf(conversation, 3)]);
    await reading.reached;
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    reading.open();
    await feed.idle();
    expect(heads).toEqual([[3, everything]]);
    expect(await feed.horizon(bob.accountId, conversation)).toBe(4);
    expect(await feed.horizon(alice.accountId, conversation)).toBe(everything);
    expect(await feed.horizon(carol.accountId, conversation)).toBe(0);
  });

  test("horizons that are asked for in one tick are looked up together, and never remembered", async () => {
    const conversation = await oldConversation();
    const { feed } = await openProcess();
    const before = all.gated.count("read_horizons");
    const asked = [bob, alice, carol, bob].map(({ accountId }) => feed.horizon(accountId, conversation));
    expect(await Promise.all(asked)).toEqual([everything, everything, 0, everything]);
    expect(all.gated.count("read_horizons")).toBe(before + 1);
    await remove(all.setting, conversation, alice, bob);
    expect(await feed.horizon(bob.accountId, conversation)).toBe(3);
  });

  test("what was erased between commit and handing on has no body", async () => {
    const conversation = await oldConversation();
    const { feed, note } = await openProcess();
    const bodies: unknown[] = [];
    feed.attach({
      accountId: bob.accountId,
      conversation,
      deliver: (item) => {
        if (item.kind === "event") bodies.push([item.event.seq, item.event.body, item.event.salt, item.event.isErased]);
      },
    });
    const { id: item } = await all.setting.does(conversation, alice, {
      action: "add",
      model: "message",
      body: { format: "PLAIN", text: "a secret", mentions: [], mail: null },
    });
    await all.setting.does(conversation, alice, { action: "remove", model: "message", item });
    await note(conversation, 3, 4);
    expect(bodies).toEqual([
      [3, null, null, true],
      [4, null, null, false],
    ]);
  });
});

describe("the reconciler", () => {
  test("finds what the bus lost, once", async () => {
    const conversation = await oldConversation();
    const { subscribe, note, feed } = await openProcess();
    const handed = subscribe(bob);
    await say(all.setting, conversation, alice);
    await say(all.setting, conversation, alice);
    await feed.reconcile();
    expect(handed).toEqual(["3@all", "4@all"]);
    await feed.reconcile();
    await note(conversation, 3, 4);
    expect(handed).toEqual(["3@all", "4@all"]);
  });

  test("runs when the bus is back, and by itself", async () => {
    const conversation = await oldConversation();
    let tellRestored = () => {};
    const { promise: restored, resolve } = Promise.withResolvers<void>();
    const bus: Bus = {
      ...inProcessBus(),
      onRestored: (tell) => {
        tellRestored = tell;
        return { [Symbol.dispose]: resolve };
      },
    };
    const feed = await openFeed({ pool: all.gated.pool, bus, log: silentLogger, reconcileEveryMs: 20 });
    const handed: string[] = [];
    const both = Promise.withResolvers<void>();
    feed.attach({
      accountId: bob.accountId,
      conversation,
      deliver: (item, horizon) => {
        if (handed.push(written(item, horizon)) === 2) both.resolve();
      },
    });
    await say(all.setting, conversation, alice);
    tellRestored();
    await expect.poll(() => handed, { interval: 1 }).toEqual(["3@all"]);
    await say(all.setting, conversation, alice);
    await both.promise;
    expect(handed).toEqual(["3@all", "4@all"]);
    await feed[Symbol.asyncDispose]();
    await restored;
  });

  test.each(["feed_events", "read_gatherings"])("finds what could not be handed on, for %s failed", async (name) => {
    const conversation = await oldConversation();
    const { subscribe, note, feed } = await openProcess();
    const handed = subscribe(bob);
    await say(all.setting, conversation, alice);
    {
      using _failing = all.gated.failing(name);
      await note(conversation, 3);
      await feed.reconcile();
    }
    expect(handed).toEqual([]);
    await say(all.setting, conversation, alice);
    await feed.reconcile();
    expect(handed).toEqual(["3@all", "4@all"]);
  });

  test("looks back to when it last went well, however long the database was out of reach", async () => {
    const conversation = await oldConversation();
    const tenMinutesAgo = all.gated.answering("database_time", [{ now: Date.now() * 1_000 - 600_000_000 }]);
    const { subscribe, feed } = await openProcess();
    const handed = subscribe(bob);
    await feed.reconcile();
    tenMinutesAgo[Symbol.dispose]();
    await say(all.setting, conversation, alice);
    await all.rows(
      "UPDATE event SET recorded_at = recorded_at - interval '5 minutes' WHERE conversation_id = $1 AND seq = 3",
      conversation,
    );
    {
      using _failing = all.gated.failing("feed_reconcile");
      await expect(feed.reconcile()).rejects.toThrow();
    }
    await feed.reconcile();
    expect(handed).toEqual(["3@all"]);
  });

  test("hands nobody what happened while nobody was there", async () => {
    const conversation = await oldConversation();
    const { subscribe, feed } = await openProcess();
    await say(all.setting, conversation, alice);
    await all.rows(
      "UPDATE event SET recorded_at = recorded_at - interval '1 minute' WHERE conversation_id = $1",
      conversation,
    );
    await feed.reconcile();
    const handed = subscribe(bob);
    await say(all.setting, conversation, alice);
    await feed.reconcile();
    expect(handed).toEqual(["4@all"]);
  });
});
