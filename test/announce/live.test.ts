import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { inProcessBus } from "../../src/announce/bus.ts";
import { databaseTimeUs, openFeed } from "../../src/announce/feed.ts";
import { type LiveItem, type LiveOptions, liveStream } from "../../src/announce/live.ts";
import { everything } from "../../src/conversation/audience.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Somebody } from "../support/setting.ts";
import { add, type Given, given, remove, say } from "./given.ts";
import { pulled } from "./pulled.ts";

let all: Given;
let alice: Somebody;
let bob: Somebody;
let count = 0;
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  all = opened.use(await given());
});
afterAll(() => opened.disposeAsync());
beforeEach(async () => {
  count++;
  [alice, bob] = await all.setting.persons(`alice.${count}`, `bob.${count}`);
});

/** What the running test opened. */
let used = new AsyncDisposableStack();
afterEach(async () => {
  await used.disposeAsync();
  used = new AsyncDisposableStack();
});

const written = ({ item, horizon }: LiveItem): string => {
  if (item.kind !== "event") return item.kind;
  return horizon === everything ? String(item.event.seq) : `${item.event.seq}@${horizon}`;
};

interface Reading {
  readonly stream: AsyncIterableIterator<LiveItem, undefined>;
  /** The next items, as `seq`, `seq@horizon` or `gap`. */
  take(count: number): Promise<readonly string[]>;
  /** All items until the event of this seq; fails where the stream ends before. */
  until(seq: number): Promise<readonly LiveItem[]>;
}

/** An API process, as far as streams are concerned. */
async function openProcess() {
  const bus = inProcessBus();
  const { pool } = all.gated;
  const feed = used.use(await openFeed({ pool, bus, log: silentLogger, reconcileEveryMs: 3_600_000 }));
  const read = (who: Somebody, afterUs: number | null, more: Partial<LiveOptions> = {}): Reading => {
    const stream = pulled(liveStream({ feed, pool, accountId: who.accountId, conversation: null, afterUs, ...more }));
    used.defer(async () => void (await stream.return?.()));
    const next = async (): Promise<LiveItem> => {
      const step = await stream.next();
      if (step.done) throw new Error("the stream ended");
      return step.value;
    };
    return {
      stream,
      take: async (wanted) => {
        const taken: string[] = [];
        while (taken.length < wanted) taken.push(written(await next()));
        return taken;
      },
      until: async (seq) => {
        const items: LiveItem[] = [];
        for (;;) {
          const one = await next();
          items.push(one);
          if (one.item.kind === "event" && one.item.event.seq === seq) return items;
        }
      },
    };
  };
  return {
    feed,
    read,
    /** Announces all that was committed and not announced yet. */
    announce: async () => {
      await bus.publish(all.takeAnnouncements().map(({ conversation, seq }) => ({ kind: "event", conversation, seq })));
      await feed.idle();
    },
  };
}

/** A conversation of alice and bob, of an hour ago. */
async function oldConversation(): Promise<Hash> {
  const conversation = await all.setting.published(alice, [[bob, "WRITER"]]);
  await all.rows(
    "UPDATE event SET recorded_at = recorded_at - interval '1 hour' WHERE conversation_id = $1",
    conversation,
  );
  all.takeAnnouncements();
  return conversation;
}

const seqs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

const now = () => databaseTimeUs(all.gated.pool);

/** Numbers from 0 up to a bound, the same in each run (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe("a live stream", () => {
  test("gives from now on what happens, each event once and in order", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    await say(all.setting, conversation, alice);
    await announce();
    const { take } = read(bob, null);
    await say(all.setting, conversation, alice);
    await announce();
    await say(all.setting, conversation, alice);
    await announce();
    expect(await take(2)).toEqual(["4", "5"]);
  });

  test("begins with what came after its cursor, and goes on with what happens", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = await now();
    await say(all.setting, conversation, alice);
    await say(all.setting, conversation, alice);
    await announce();
    const { take } = read(bob, cursor);
    await say(all.setting, conversation, alice);
    await announce();
    expect(await take(3)).toEqual(["3", "4", "5"]);
  });

  test("gives each event once, when it is committed while the backfill reads, whoever is quicker to tell of it", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = await now();
    for (const when of ["sent", "answered"] as const) {
      const first = await say(all.setting, conversation, alice);
      const reading = all.gated.hold("backfill_places", when);
      const { take } = read(bob, cursor);
      const taken = take(2);
      await reading.reached;
      const second = await say(all.setting, conversation, alice);
      await announce();
      reading.open();
      const last = await say(all.setting, conversation, alice);
      await announce();
      const soFar = Array.from({ length: last - 2 }, (_, index) => String(index + 3));
      expect([...(await taken), ...(await take(soFar.length - 2))]).toEqual(soFar);
      expect([first, second]).toEqual([last - 2, last - 1]);
    }
  });

  test("has no hole where an event is not visible yet when a page of the backfill passes over it", async () => {
    const [conversation, busy] = [await oldConversation(), await oldConversation()];
    const { read, announce } = await openProcess();
    const cursor = await now();
    // A page full of events, and then one that takes its time between recording and commit.
    await Promise.all(Array.from({ length: 499 }, () => say(all.setting, busy, alice)));
    const slow = await all.slowly(conversation, () => say(all.setting, conversation, alice));
    await say(all.setting, busy, alice);
    await announce();

    const firstPage = all.gated.hold("backfill_places", "answered");
    const { take, until } = read(bob, cursor);
    const taken = take(500);
    await firstPage.reached;
    expect(await slow.commit()).toBe(3);
    expect(await say(all.setting, conversation, alice)).toBe(4);
    await announce();
    firstPage.open();
    await taken;
    const ofIt = (await until(4)).filter(({ item }) => item.kind === "event" && item.conversation === conversation);
    expect(ofIt.map(written)).toEqual(["3", "4"]);
  });

  test("gives each event once and in order, in many interleavings of writing, announcing and reading", async () => {
    const { read, announce, feed } = await openProcess();
    for (let seed = 1; seed <= 40; seed++) {
      const roll = dice(seed);
      const conversations = [await oldConversation(), await oldConversation()];
      const cursor = await now();
      const said = new Map(conversations.map((conversation) => [conversation, 2]));
      const writing = async () => {
        const conversation = conversations[roll(2)] ?? "";
        said.set(conversation, await say(all.setting, conversation, alice));
      };
      for (let step = roll(4); step > 0; step--) await writing();
      if (roll(2)) await announce();

      const gate = all.gated.hold(roll(2) ? "backfill_places" : "database_time", roll(2) ? "sent" : "answered");
      const { stream } = read(bob, cursor);
      const got: string[] = [];
      const pulling = (async () => {
        for await (const one of stream)
          got.push(`${"conversation" in one.item ? one.item.conversation : ""} ${written(one)}`);
      })();
      await gate.reached;
      let isHeld = true;
      for (let step = 4 + roll(12); step > 0; step--) {
        const action = roll(6);
        if (action < 3) await writing();
        else if (action === 3) await announce();
        else if (action === 4) await feed.reconcile();
        else if (isHeld) {
          gate.open();
          isHeld = false;
        } else all.takeAnnouncements();
      }
      gate.open();
      await feed.reconcile();
      const due = conversations.flatMap((conversation) =>
        Array.from({ length: (said.get(conversation) ?? 0) - 2 }, (_, index) => `${conversation} ${index + 3}`),
      );
      await expect.poll(() => got.length, { interval: 1 }).toBeGreaterThanOrEqual(due.length);
      await stream.return?.();
      await pulling;
      all.takeAnnouncements();
      const ofEach = conversations.flatMap((conversation) => got.filter((one) => one.startsWith(conversation)));
      expect(ofEach, `with seed ${seed}`).toEqual(due);
    }
  });

  test("gives the many events of one append in order, however many appends were written together", async () => {
    const { read, announce } = await openProcess();
    const cursor = await now();
    const guests = await all.setting.persons(...Array.from({ length: 20 }, (_, index) => `guest.${index}`));
    const cast = [bob, ...guests].map((guest) => [guest, "WRITER"] as const);
    // More than five rounds: by then the database has made its plans for good.
    for (let round = 0; round < 8; round++) {
      await Promise.all(
        [alice, ...guests].slice(0, 1 + round).map((creator) =>
          all.setting.published(
            creator,
            cast.filter(([guest]) => guest !== creator),
          ),
        ),
      );
    }
    const [{ appended } = { appended: 0 }] = await all.rows<{ appended: number }>(
      "SELECT count(*) AS appended FROM event JOIN participant USING (conversation_id) WHERE account_id = $1",
      bob.accountId,
    );
    await announce();
    const { stream } = read(bob, cursor);
    const places = new Map<string, number>();
    for (let left = Number(appended); left > 0; left--) {
      const { item } = (await stream.next()).value ?? {};
      if (item?.kind !== "event") throw new Error("no event");
      expect(item.event.seq).toBe((places.get(item.conversation) ?? 0) + 1);
      places.set(item.conversation, item.event.seq);
    }
  });

  test("gives no more of a conversation than was asked for", async () => {
    const [one, other] = [await oldConversation(), await oldConversation()];
    const { read, announce } = await openProcess();
    const cursor = await now();
    await say(all.setting, other, alice);
    await say(all.setting, one, alice);
    const { take } = read(bob, cursor, { conversation: one });
    expect(await take(1)).toEqual(["3"]);
    await say(all.setting, other, alice);
    await say(all.setting, one, alice);
    await announce();
    expect(await take(1)).toEqual(["4"]);
  });

  test("ends when it is returned, also while it waits, and lets go of the feed", async () => {
    const conversation = await oldConversation();
    const { read, announce, feed } = await openProcess();
    const { stream } = read(bob, null);
    const waiting = stream.next();
    await stream.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    const before = all.gated.count("feed_events");
    await say(all.setting, conversation, alice);
    await announce();
    await feed.reconcile();
    // Nobody is there, so nothing is read.
    expect(all.gated.count("feed_events")).toBe(before);
  });

  test("ends when it is returned in the middle of its backfill", async () => {
    const conversation = await oldConversation();
    const { read } = await openProcess();
    const cursor = await now();
    await say(all.setting, conversation, alice);
    const page = all.gated.hold("backfill_places", "answered");
    const { stream } = read(bob, cursor);
    const waiting = stream.next();
    await page.reached;
    await stream.return?.();
    page.open();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test("asks nothing of the database once it is returned, however many wait for their turn", async () => {
    await oldConversation();
    const { read } = await openProcess();
    const cursor = await now();
    const places = all.gated.hold("backfill_places", "sent");
    const first = read(bob, cursor).stream;
    const waiting = [first.next()];
    await places.reached;
    const before = all.gated.count("backfill_places");
    for (let count = 0; count < 20; count++) {
      const { stream } = read(bob, cursor);
      waiting.push(stream.next());
      await stream.return?.();
    }
    await first.return?.();
    places.open();
    await Promise.all(waiting);
    expect(all.gated.count("backfill_places")).toBe(before);
  });

  test("holds little at a time, where the words are long", async () => {
    const conversation = await oldConversation();
    const { read } = await openProcess();
    const cursor = await now();
    for (let count = 0; count < 4; count++) await say(all.setting, conversation, alice, "x".repeat(200_000));
    const before = all.gated.count("backfill_events");
    const { take } = read(bob, cursor);
    expect(await take(1)).toEqual(["3"]);
    expect(all.gated.count("backfill_events")).toBe(before + 1);
    expect(await take(3)).toEqual(["4", "5", "6"]);
    expect(all.gated.count("backfill_events")).toBe(before + 2);
  });

  test("breaks where the database fails in its backfill, and is no hole", async () => {
    await oldConversation();
    const { read } = await openProcess();
    const { stream } = read(bob, await now());
    using _failing = all.gated.failing("backfill_places");
    await expect(stream.next()).rejects.toThrow("backfill_places fails here");
  });
});

describe("a gap is told", () => {
  test.each([
    ["too old", -25 * 3_600_000_000],
    ["of the future", 3_600_000_000],
  ])("where the cursor is %s, and the stream goes on", async (_, offsetUs) => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = (await now()) + offsetUs;
    const { stream, take } = read(bob, cursor);
    expect(await stream.next()).toEqual({ done: false, value: { item: { kind: "gap", afterUs: cursor }, horizon: 0 } });
    await say(all.setting, conversation, alice);
    await announce();
    expect(await take(1)).toEqual(["3"]);
  });

  test("where more happened than a backfill gives, and the stream goes on with what comes", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = await now();
    for (let seq = 3; seq <= 14; seq++) await say(all.setting, conversation, alice);
    await announce();
    const { take } = read(bob, cursor, { backfillMax: 10 });
    expect(await take(1)).toEqual(["gap"]);
    await say(all.setting, conversation, alice);
    await announce();
    // What lies between is not given any more, for that is what the gap says.
    expect(await take(1)).toEqual(["15"]);
    expect(await read(bob, cursor, { backfillMax: 13 }).take(13)).toEqual(seqs(3, 15));
  });

  test("where a subscriber is slow, never a silent hole, with a cursor up to which nothing is missing", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const { take, stream } = read(bob, null, { bufferMax: 10 });
    const sayAndAnnounce = async (times: number) => {
      for (let time = 0; time < times; time++) await say(all.setting, conversation, alice);
      await announce();
    };
    await sayAndAnnounce(1);
    expect(await take(1)).toEqual(["3"]);
    await sayAndAnnounce(10);
    expect(await take(10)).toEqual(seqs(4, 13));
    await sayAndAnnounce(11);
    await sayAndAnnounce(2);
    const { item } = (await stream.next()).value ?? {};
    expect(item?.kind).toBe("gap");
    expect(await take(2)).toEqual(["25", "26"]);
    const again = read(bob, item?.kind === "gap" ? item.afterUs : null);
    expect(await again.take(24)).toEqual(seqs(3, 26));
  });

  test("where the words that wait for a slow subscriber are too many, though the items are not", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const { take } = read(bob, null, { bufferCharactersMax: 100 });
    const long = "x".repeat(60);
    for (let time = 0; time < 2; time++) await say(all.setting, conversation, alice, long);
    await announce();
    expect(await take(1)).toEqual(["gap"]);
    // What was let go of does not count any more.
    for (let seq = 5; seq <= 9; seq++) {
      await say(all.setting, conversation, alice, long);
      await announce();
      expect(await take(1)).toEqual([String(seq)]);
    }
  });

  test("where a subscriber is slow from the start, with a cursor that is good to resume from", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const { stream } = read(bob, null, { bufferMax: 2 });
    for (let seq = 3; seq <= 5; seq++) await say(all.setting, conversation, alice);
    await announce();
    const { item } = (await stream.next()).value ?? {};
    expect(item?.kind).toBe("gap");
    const again = read(bob, item?.kind === "gap" ? item.afterUs : null);
    expect(await again.take(3)).toEqual(["3", "4", "5"]);
  });

  test("where a subscriber is slow while the backfill reads, and all that comes after the gap follows it", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = await now();
    await say(all.setting, conversation, alice);
    await announce();
    const page = all.gated.hold("backfill_places", "answered");
    const { take } = read(bob, cursor, { bufferMax: 2 });
    const first = take(1);
    await page.reached;
    for (let seq = 4; seq <= 7; seq++) {
      await say(all.setting, conversation, alice);
      await announce();
    }
    page.open();
    expect(await first).toEqual(["3"]);
    expect(await take(2)).toEqual(["gap", "7"]);
  });
});

describe("who was removed", () => {
  test("gets in the backfill what was up to the removal, and nothing after it", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = await now();
    await say(all.setting, conversation, alice);
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    await announce();
    const other = await oldConversation();
    await say(all.setting, other, alice);
    expect(await read(bob, cursor).take(3)).toEqual(["3@4", "4@4", "3"]);
  });

  test("gets live what was up to the removal, and nothing after it", async () => {
    const conversation = await oldConversation();
    const other = await oldConversation();
    const { read, announce } = await openProcess();
    const { take } = read(bob, null);
    await say(all.setting, conversation, alice);
    await announce();
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    await announce();
    await say(all.setting, other, alice);
    await announce();
    expect(await take(3)).toEqual(["3", "4@4", "3"]);
  });

  test("and is added anew while away, is told of a gap", async () => {
    const conversation = await oldConversation();
    const { read } = await openProcess();
    await say(all.setting, conversation, alice);
    await remove(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    // An hour passes, in which their cursor moved on by another conversation.
    await all.rows(
      "UPDATE event SET recorded_at = recorded_at - interval '1 hour' WHERE conversation_id = $1",
      conversation,
    );
    const cursor = await now();
    await add(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    expect(await read(bob, cursor).take(3)).toEqual(["gap", "6", "7"]);
  });

  test("and is added anew, is told of a gap, for what came in between was not given", async () => {
    const conversation = await oldConversation();
    const { read, announce } = await openProcess();
    const cursor = await now();
    const live = read(bob, null);
    await remove(all.setting, conversation, alice, bob);
    await announce();
    await say(all.setting, conversation, alice);
    await announce();
    await add(all.setting, conversation, alice, bob);
    await say(all.setting, conversation, alice);
    await announce();
    expect(await live.take(4)).toEqual(["3@3", "gap", "5", "6"]);
    expect(await read(bob, cursor).take(5)).toEqual(["3", "4", "gap", "5", "6"]);
  });
});
