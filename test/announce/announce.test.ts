import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Announcer, createAnnouncer } from "../../src/announce/announce.ts";
import { inProcessBus, type Note } from "../../src/announce/bus.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { raiseInInbox } from "../../src/store/inbox-order.ts";
import { taking } from "../conversation/given.ts";
import type { Somebody } from "../support/setting.ts";
import { type Given, given, remove, say } from "./given.ts";

let all: Given;
let alice: Somebody;
let bob: Somebody;
let carol: Somebody;

beforeAll(async () => {
  all = await given();
  [alice, bob, carol] = await all.setting.persons("alice", "bob", "carol");
});
afterAll(() => all[Symbol.asyncDispose]());

/** An announcer whose bus a test can break, and all that it did. */
function announcing() {
  const published: Note[] = [];
  const erasures: (readonly Hash[])[] = [];
  const owed: Hash[] = [];
  const state = { isBusDown: false };
  const bus = inProcessBus();
  const announcer: Announcer = createAnnouncer({
    pool: all.gated.pool,
    bus: {
      ...bus,
      publish: async (notes) => {
        if (state.isBusDown) throw new Error("the bus is down");
        published.push(...notes);
      },
    },
    log: silentLogger,
    owe: async (places) => {
      owed.push(...places.map(({ conversation }) => conversation));
    },
    requestErasure: async (conversations) => {
      erasures.push(conversations);
    },
  });
  return { announcer, published, erasures, owed, state };
}

const seqOf = (note: Note): number | null => ("seq" in note ? note.seq : null);

const newConversation = async (): Promise<Hash> => {
  const conversation = await all.setting.published(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);
  await all.rows("DELETE FROM outbox");
  all.takeAnnouncements();
  return conversation;
};

const outbox = async (conversation: Hash): Promise<readonly number[]> => {
  const rows = await all.rows<{ seq: number }>(
    "SELECT seq FROM outbox WHERE conversation_id = $1 ORDER BY seq",
    conversation,
  );
  return rows.map(({ seq }) => seq);
};

const sortAt = async (conversation: Hash, { accountId }: Somebody): Promise<string> => {
  const [row] = await all.rows<{ sort_at: Date }>(
    "SELECT sort_at FROM participation WHERE conversation_id = $1 AND account_id = $2",
    conversation,
    accountId,
  );
  return row?.sort_at.toISOString() ?? "";
};

/** Lets the clock of the appends go on by a minute. */
const minuteLater = () => {
  const { circumstances } = all.setting;
  circumstances.time = new Date(Date.parse(circumstances.time) + 60_000).toISOString();
  return circumstances.time;
};

describe("announcing", () => {
  test("publishes before any SQL, and empties the outbox only once inboxes are in order", async () => {
    const conversation = await newConversation();
    const time = minuteLater();
    const seq = await say(all.setting, conversation, alice);
    const { announcer, published } = announcing();
    const raising = all.gated.hold("raise_in_inbox", "sent");
    const emptying = all.gated.hold("outbox_announced", "sent");

    announcer.announce(all.takeAnnouncements());
    await raising.reached;
    expect(published).toEqual([{ kind: "event", conversation, seq }]);
    expect(await sortAt(conversation, bob)).not.toBe(time);
    raising.open();
    await emptying.reached;
    expect(await sortAt(conversation, bob)).toBe(time);
    expect(await outbox(conversation)).toEqual([seq]);
    emptying.open();
    await announcer.idle();
    expect(await outbox(conversation)).toEqual([]);
  });

  test("owes events of conversations with people of other platforms, and of those that it does not know of", async () => {
    const dora = await all.setting.person("dora", "elsewhere.example");
    const alone = await newConversation();
    const { announcer, owed } = announcing();
    const shared = await all.setting.published(alice, [[dora, "WRITER"]]);
    await say(all.setting, alone, alice);
    await say(all.setting, shared, alice);
    const announcements = all.takeAnnouncements();
    announcer.announce(announcements);
    await announcer.idle();
    expect(new Set(owed)).toEqual(new Set([shared]));

    // With somebody elsewhere from now on; who is removed is owed what removes them.
    await all.setting.does(alone, alice, {
      action: "add",
      model: "participant",
      body: { address: dora.address, name: null },
      value: taking("WRITER", { via: "elsewhere.example" }),
    });
    await remove(all.setting, shared, alice, dora);
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(owed.slice(-2)).toEqual([alone, shared]);

    announcer.announce(announcements.map(({ isShared: _, ...rest }) => rest));
    await announcer.idle();
    expect(owed.slice(-1)).toEqual([shared]);
    expect(owed.slice(-announcements.length)).toContain(alone);
  });

  test("owes all that is said in a burst, and leaves nothing behind at the end", async () => {
    const dora = await all.setting.person("dora", "elsewhere.example");
    const shared = await all.setting.published(alice, [[dora, "WRITER"]]);
    const { announcer, owed } = announcing();
    for (let said = 0; said < 60; said++) {
      announcer.announce(all.takeAnnouncements());
      await say(all.setting, shared, alice);
    }
    announcer.announce(all.takeAnnouncements());
    await announcer[Symbol.asyncDispose]();
    expect(owed).toHaveLength(62);
    expect(await outbox(shared)).toEqual([]);

    // Right after an append, and while it is swept.
    await say(all.setting, shared, alice);
    announcer.announce(all.takeAnnouncements());
    await announcer[Symbol.asyncDispose]();
    expect(owed).toHaveLength(63);
    expect(await outbox(shared)).toEqual([]);
    await say(all.setting, shared, alice);
    announcer.announce(all.takeAnnouncements());
    await Promise.all([announcer.sweep(0), announcer[Symbol.asyncDispose]()]);
    expect(owed.length).toBeGreaterThan(63);
    expect(await outbox(shared)).toEqual([]);
  });

  test("goes on publishing while SQL is slow", async () => {
    const conversation = await newConversation();
    const first = await say(all.setting, conversation, alice);
    const { announcer, published } = announcing();
    const raising = all.gated.hold("raise_in_inbox", "sent");
    announcer.announce(all.takeAnnouncements());
    await raising.reached;
    const second = await say(all.setting, conversation, alice);
    announcer.announce(all.takeAnnouncements());
    await expect.poll(() => published.map(seqOf), { interval: 1 }).toEqual([first, second]);
    raising.open();
    await announcer.idle();
    expect(await outbox(conversation)).toEqual([]);
  });

  test("leaves in the outbox what the bus did not take, with inboxes in order, until a sweep", async () => {
    const conversation = await newConversation();
    const time = minuteLater();
    const seq = await say(all.setting, conversation, bob);
    const { announcer, published, state } = announcing();
    state.isBusDown = true;
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(await outbox(conversation)).toEqual([seq]);
    expect(await sortAt(conversation, carol)).toBe(time);
    await expect(announcer.sweep(0)).rejects.toThrow("the bus is down");
    expect(await outbox(conversation)).toEqual([seq]);

    state.isBusDown = false;
    expect(await announcer.sweep(0)).toBe(1);
    expect(published).toEqual([{ kind: "event", conversation, seq }]);
    expect(await outbox(conversation)).toEqual([]);
    expect(await announcer.sweep(0)).toBe(0);
  });

  test.each(["raise_in_inbox", "outbox_announced"])(
    "leaves in the outbox what %s failed for, until a sweep",
    async (name) => {
      const conversation = await newConversation();
      const time = minuteLater();
      const seq = await say(all.setting, conversation, alice);
      const { announcer, published } = announcing();
      {
        using _failing = all.gated.failing(name);
        announcer.announce(all.takeAnnouncements());
        await announcer.idle();
        expect(await outbox(conversation)).toEqual([seq]);
      }
      expect(await announcer.sweep(0)).toBe(1);
      expect(published.map(seqOf)).toEqual([seq, seq]);
      expect(await sortAt(conversation, bob)).toBe(time);
      expect(await outbox(conversation)).toEqual([]);
    },
  );

  test("is harmless when it is done twice, and by two at once", async () => {
    const conversation = await newConversation();
    const time = minuteLater();
    await say(all.setting, conversation, alice);
    const announcements = all.takeAnnouncements();
    const one = announcing().announcer;
    const other = announcing().announcer;
    one.announce(announcements);
    other.announce(announcements);
    await Promise.all([one.sweep(0), other.sweep(0)]);
    await Promise.all([one.idle(), other.idle()]);
    one.announce(announcements);
    await one.idle();
    expect(await outbox(conversation)).toEqual([]);
    expect(await sortAt(conversation, bob)).toBe(time);
  });

  test("sweeps only what has waited long enough, the oldest first", async () => {
    const conversation = await newConversation();
    await say(all.setting, conversation, alice);
    await say(all.setting, conversation, alice);
    await all.rows(
      "UPDATE outbox SET recorded_at = recorded_at - interval '1 hour' WHERE conversation_id = $1 AND seq = 4",
      conversation,
    );
    const { announcer, published } = announcing();
    expect(await outbox(conversation)).toEqual([4, 5]);
    expect(await announcer.sweep(60_000)).toBe(1);
    expect(published.map(seqOf)).toEqual([4]);
    expect(await outbox(conversation)).toEqual([5]);
    await announcer.sweep(0);
  });

  test("asks once per conversation that the erased be deleted, and only where something was erased", async () => {
    const conversation = await newConversation();
    const other = await newConversation();
    const removing = async (where: Hash) => {
      const { id: item } = await all.setting.does(where, alice, {
        action: "add",
        model: "message",
        body: { format: "PLAIN", text: "not for long", mentions: [], mail: null },
      });
      await all.setting.does(where, alice, { action: "remove", model: "message", item });
    };
    const { announcer, erasures } = announcing();
    await removing(conversation);
    await removing(conversation);
    await removing(other);
    await say(all.setting, other, bob);
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(erasures).toHaveLength(1);
    expect(erasures[0]?.toSorted()).toEqual([conversation, other].toSorted());

    await remove(all.setting, conversation, alice, bob);
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(erasures).toHaveLength(1);
    const item = await all.setting.participant(conversation, carol);
    await all.setting.does(conversation, carol, { action: "remove", model: "participant", item, value: "ERASE" });
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(erasures.slice(1)).toEqual([[conversation]]);
  });
});

describe("inbox order", () => {
  test("comes up for everybody who takes part, for whoever spoke too, and not for who was removed", async () => {
    const conversation = await newConversation();
    const before = await sortAt(conversation, carol);
    await remove(all.setting, conversation, alice, carol);
    const time = minuteLater();
    await say(all.setting, conversation, bob);
    const { announcer } = announcing();
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(await sortAt(conversation, alice)).toBe(time);
    expect(await sortAt(conversation, bob)).toBe(time);
    expect(await sortAt(conversation, carol)).toBe(before);
  });

  test("is not moved by what is no new words", async () => {
    const conversation = await newConversation();
    const before = await sortAt(conversation, bob);
    minuteLater();
    await all.setting.does(conversation, alice, { action: "modify", model: "subject", body: { subject: "Lunch" } });
    await all.setting.does(conversation, alice, { action: "add", model: "label", body: { name: "food" } });
    const { announcer } = announcing();
    announcer.announce(all.takeAnnouncements());
    await announcer.idle();
    expect(await sortAt(conversation, bob)).toBe(before);
  });

  test("never goes back, whatever is announced late", async () => {
    const conversation = await newConversation();
    const early = minuteLater();
    const late = minuteLater();
    const { pool } = all.gated;
    const words = (timestamp: string) => ({ conversation, seq: 4, timestamp, author: conversation });
    await raiseInInbox(pool, [words(late), words(early)]);
    expect(await sortAt(conversation, bob)).toBe(late);
    await raiseInInbox(pool, [words(early)]);
    expect(await sortAt(conversation, bob)).toBe(late);
    // Both at once, in both orders: whoever waits for the other's lock looks again.
    const later = minuteLater();
    await Promise.all([
      raiseInInbox(pool, [words(later)]),
      raiseInInbox(pool, [words(late)]),
      raiseInInbox(pool, [words(early)]),
    ]);
    expect(await sortAt(conversation, bob)).toBe(later);
  });
});
