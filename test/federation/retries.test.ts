// How often others are asked again: not at once for ever, longer each time, and at once where something changed.
import type { WorkerUtils } from "graphile-worker";
import { describe, expect, test } from "vitest";
import { scheduleJobs } from "../../src/cli/open-federation.ts";
import { limits } from "../../src/conversation/limits.ts";
import { batchLimits, type Entry, type LogPage, type Result, signedEventOf } from "../../src/federation/batch.ts";
import { createFederation, type Schedule } from "../../src/federation/federation.ts";
import type { Transport } from "../../src/federation/transport.ts";
import { createLogger } from "../../src/observe/logger.ts";
import type { PlatformName, SignedEvent } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { eventHash } from "../../src/protocol/seal.ts";
import { abroad, beginning, home, messageBody, someHash, timeAfter } from "../conversation/given.ts";
import { adds, callsIt, removes, says, takesTheLead } from "../support/commands.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

interface Planned {
  readonly kind: keyof Schedule;
  readonly of: string;
  readonly inMs: number;
  readonly mode?: "unlessPlanned" | undefined;
  readonly failures?: number;
  readonly heldUpTo?: number | undefined;
  readonly asked?: readonly string[];
}

type Post = (
  entries: readonly Entry[],
  to: PlatformName,
) => Promise<readonly Result[] | null> | readonly Result[] | null;
type Pages = (after: number) => LogPage | null | Promise<LogPage | null>;

const unreachable = { unreachable: "refused", answer: "", retryAfterMs: null };

/** A platform, whose requests come to nothing but for what `post` and `events` answer, and what it plans. */
function given(post: Post = () => null, events: Pages | null = null) {
  const tables = newTables();
  const setting = memorySetting(tables);
  const peers = memoryPeerStore(tables, newPeerTables(), home);
  const planned: Planned[] = [];
  const transport: Transport = {
    post: async (to, entries) => (await post(entries, to)) ?? unreachable,
    events: async (_, __, after) => (await events?.(after)) ?? unreachable,
    greet: async () => unreachable,
  };
  const schedule: Schedule = {
    deliver: (of, inMs, mode) => planned.push({ kind: "deliver", of, inMs, mode }),
    askAgain: (_, of, inMs, mode) => planned.push({ kind: "askAgain", of, inMs, mode }),
    catchUp: async (_, of, inMs, failures, heldUpTo) =>
      void planned.push({ kind: "catchUp", of, inMs, failures, ...(heldUpTo !== undefined && { heldUpTo }) }),
    askWords: async ({ from: of, asked, failures }, inMs, mode) =>
      void planned.push({ kind: "askWords", of, inMs, failures, mode, asked }),
  };
  const federation = createFederation({
    platform: home,
    store: setting.store,
    peers,
    transport,
    keys: { keyOf: async () => "valid" },
    people: async () => setting.people,
    reach: async () => "unknown",
    isOurs: async (address) => setting.people.has(address),
    onReceipts: () => {},
    onPendingChanged: () => {},
    now: setting.circumstances.now,
    random: () => 0.5,
    schedule,
  });
  return { setting, peers, federation, schedule, planned };
}

/** A conversation of eve's elsewhere that alice is in as an ADMIN, and something that she said while nobody answers there. */
async function givenThatWaits({ post, events = null }: { post?: Post; events?: Pages | null } = {}) {
  const all = given(post, events);
  const { setting, federation } = all;
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const elsewhere = new Elsewhere(setting);
  const conversation = await elsewhere.published(eve, [[alice, "ADMIN"]]);
  await elsewhere.followed(conversation);
  const { accountId } = alice;
  expect(await federation.append({ conversation, accountId, command: says("Hello?") })).toHaveProperty("pending");
  return { ...all, alice, elsewhere, conversation };
}

test("who says again and again that it has less than it said is not told the same for ever", async () => {
  let posts = 0;
  const { setting, peers, federation, planned } = given((entries) => {
    posts++;
    return entries.map(() => ({ result: "gap", seq: posts % 2 }));
  });
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const conversation = await setting.published(alice, [[eve, "WRITER"]]);
  await peers.owe([{ conversation, first: 1, seq: 2 }]);
  await federation.deliver(abroad);
  expect(posts).toBeLessThan(50);
  expect(planned).toEqual([{ kind: "deliver", of: abroad, inMs: 15_000, mode: undefined }]);
});

test("what is owed while a platform is being delivered to is sent by that run, and no other is asked for", async () => {
  const told: number[] = [];
  const all = given(async (entries) => {
    told.push(...entries.flatMap((entry) => ("event" in entry ? entry.event.event.seq : [])));
    // Something is said while it answers, and while it is looked at whether there is more.
    if (told.length === 2) await say(3);
    return entries.map(() => ({ result: "accepted" }));
  });
  const { setting, peers, federation, planned } = all;
  const { debts } = peers;
  peers.debts = async (...asked) => {
    const found = await debts(...asked);
    if (told.length === 3) await say(4);
    return found;
  };
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const conversation = await setting.published(alice, [[eve, "WRITER"]]);
  const say = async (seq: number) => {
    if ((await setting.log(conversation)).length >= seq) return;
    await setting.does(conversation, alice, says("Hello"));
    await federation.announced([{ conversation, seq, isErasing: false }]);
  };
  await federation.announced([{ conversation, seq: 2, isErasing: false }]);
  expect(planned).toHaveLength(1);
  await federation.deliver(abroad);
  expect(told).toEqual([1, 2, 3, 4]);
  expect(planned).toHaveLength(1);
  await say(5);
  expect(planned).toHaveLength(2);
});

test("what is owed of one conversation does not wait for another whose events were lost here", async () => {
  const told: Entry[] = [];
  const { setting, peers, federation } = given((entries) => {
    told.push(...entries);
    return entries.map(() => ({ result: "accepted" }));
  });
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const one = await setting.published(alice, [[eve, "WRITER"]]);
  const other = await setting.published(alice, [[eve, "WRITER"]]);
  await peers.owe([{ conversation: one, first: 1, seq: 9 }]);
  await peers.acknowledged(abroad, [{ conversation: one, seq: 2 }]);
  await peers.owe([{ conversation: other, first: 1, seq: 2 }]);
  await federation.deliver(abroad);
  expect(told).toHaveLength(2);
});

test("erasures and logs that are never taken do not keep others from being told", async () => {
  const told = new Set<string>();
  const { setting, peers, federation } = given((entries) => {
    for (const entry of entries) {
      if ("event" in entry) told.add(entry.event.event.proposal.conversation ?? "");
      if ("head" in entry) told.add(entry.head.conversation);
    }
    return entries.map(() => ({ result: "later" }));
  });
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const erased: Hash[] = [];
  // One more than are told at a time.
  for (let count = 0; count < 101; count++) {
    const conversation = await setting.published(alice, [[eve, "WRITER"]]);
    const { id } = await setting.does(conversation, alice, says("Hello"));
    await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, eve)));
    const { event } = await setting.does(conversation, alice, removes("message", id));
    await peers.oweErasures([{ conversation, seq: event.seq }]);
    erased.push(conversation);
  }
  for (let run = 0; run < 2; run++) await federation.deliver(abroad);
  expect(told.size).toBe(erased.length);

  // And of logs of which it says nothing, or of which there is no more here.
  const passed = new Set<Hash>();
  const { passedOver } = peers;
  peers.passedOver = async (to, conversations) => {
    for (const conversation of conversations) passed.add(conversation);
    return passedOver(to, conversations);
  };
  await peers.unsettle(abroad, beginning, beginning);
  const lost = await setting.published(alice, [[eve, "WRITER"]]);
  await peers.owe([{ conversation: lost, first: 1, seq: 9 }]);
  await peers.acknowledged(abroad, [{ conversation: lost, seq: 2 }]);
  await federation.deliver(abroad);
  expect(passed).toEqual(new Set([...erased, lost]));
});

test("what waits is asked again later the longer it waits, and nothing sets that back", async () => {
  const { setting, federation, planned, conversation } = await givenThatWaits();
  expect(planned).toEqual([{ kind: "askAgain", of: abroad, inMs: 750, mode: "unlessPlanned" }]);
  for (const waitedMs of [3_000, 60_000, 3_600_000]) {
    setting.circumstances.time = timeAfter(beginning, waitedMs);
    await federation.resume();
    expect(planned.at(-1)).toEqual({ kind: "askAgain", of: abroad, inMs: 0, mode: "unlessPlanned" });
    await federation.askAgain(conversation);
    const inMs = planned.at(-1)?.inMs ?? 0;
    expect(inMs).toBeGreaterThanOrEqual(waitedMs / 3);
    expect(inMs).toBeLessThanOrEqual(3_600_000);
  }
});

test("what waits is asked of whom the lead went to, at once", async () => {
  const { setting, federation, planned, elsewhere, conversation, alice } = await givenThatWaits();
  const lead = await setting.asks(conversation, alice, takesTheLead(home));
  if (!("leader" in lead)) throw new Error("nothing was proposed");
  await elsewhere.takes(conversation, lead.proposal);
  const log = await elsewhere.log(conversation);
  await federation.receive(
    abroad,
    log.map((event) => ({ event })),
  );
  expect(planned).toContainEqual({ kind: "askAgain", of: home, inMs: 0, mode: undefined });
  await federation.askAgain(conversation);
  const entries = await setting.log(conversation);
  expect(entries.at(-1)?.body).toEqual(messageBody("Hello?"));
  // And nothing is planned for what waits no more.
  const count = planned.length;
  await federation.askAgain(conversation);
  expect(planned).toHaveLength(count);
});

test.each([
  ["us", home, [abroad]],
  ["another, which names it again", "c.example", [abroad, "c.example"]],
])("who names %s as the leader in vain is asked once, and again when what waits is", async (_, named, all) => {
  const asked: string[] = [];
  let page: LogPage | null = null;
  const { setting, federation, planned, conversation } = await givenThatWaits({
    post: (entries, to) => {
      if (!page) return null;
      asked.push(to);
      const leader = to === abroad ? named : abroad;
      return entries.map(() => ({ result: "rejected", code: "WRONG_LEADER", message: "Not here.", leader }));
    },
    events: () => page,
  });
  const last = (await setting.log(conversation)).at(-1);
  page = { head: { seq: last?.event.seq ?? 0, hash: last?.hash ?? "" }, events: [] };
  await federation.askAgain(conversation);
  expect(asked).toEqual(all);
  expect(planned.at(-1)).toEqual({ kind: "askAgain", of: abroad, inMs: 750, mode: undefined });
});

test("what waits is asked for in as many requests as a leader takes, in its order", async () => {
  const sizes: number[] = [];
  let isThere = false;
  const { setting, federation, elsewhere, conversation, alice } = await givenThatWaits({
    post: async (entries) => {
      if (!isThere) return null;
      const size = Buffer.byteLength(JSON.stringify({ entries }));
      sizes.push(size);
      if (size > batchLimits.bytes) return null;
      const results: Result[] = [];
      for (const entry of entries) {
        if (!("proposal" in entry)) throw new Error("something else was asked");
        const event = signedEventOf(await elsewhere.takes(conversation, entry.proposal));
        results.push({ result: "accepted", event });
      }
      return results;
    },
  });
  const { accountId } = alice;
  // Each character is of three bytes.
  const texts = Array.from({ length: 30 }, (_, index) => `${index} ${"€".repeat(limits.messageBytes / 4)}`);
  for (const text of texts) await federation.append({ conversation, accountId, command: says(text) });
  isThere = true;
  await federation.askAgain(conversation);
  expect(sizes.length).toBeGreaterThan(1);
  const said = (await setting.log(conversation)).map(({ body }) => body).slice(-texts.length);
  expect(said).toEqual(texts.map((text) => messageBody(text)));
});

test("what a leader rejects is answered with that, and nothing waits behind it", async () => {
  let code: string | null = null;
  const { peers, federation, planned, conversation, alice } = await givenThatWaits({
    post: (entries) =>
      code === null ? null : entries.map(() => ({ result: "rejected", code: code ?? "", message: "No." })),
  });
  const { accountId } = alice;
  for (const named of ["UNKNOWN_KEY", "BAD_SIGNATURE", "BAD_FORM", "EXPIRED"]) {
    code = named;
    const count = planned.length;
    await federation.askAgain(conversation);
    expect(await peers.firstPending(conversation)).toBeNull();
    expect(planned).toHaveLength(count);
    const rejection = {
      code: named === "EXPIRED" ? named : "FORBIDDEN",
      message: expect.stringMatching(/No|: [A-Z_]+\./),
    };
    expect(await federation.append({ conversation, accountId, command: callsIt("Lunch") })).toEqual({ rejection });
    code = null;
    await federation.append({ conversation, accountId, command: says("Hello?") });
  }
  code = "WRONG_LEADER";
  await federation.askAgain(conversation);
  expect(await peers.firstPending(conversation)).not.toBeNull();
});

test("who becomes known only by what we lost is asked for the rest", async () => {
  const { setting, peers, federation, planned } = given();
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const before = new Elsewhere(setting, home);
  const conversation = await before.published(alice);
  await before.does(conversation, alice, adds(eve));
  const lost = await before.log(conversation);
  await federation.receive(
    abroad,
    lost.map((event) => ({ event })),
  );
  expect(await peers.head(conversation)).toMatchObject({ seq: 2 });
  expect(await peers.destinationsOwed()).toEqual([abroad]);
  expect(planned).toContainEqual({ kind: "deliver", of: abroad, inMs: 125_000, mode: undefined });
});

test("who comes back is asked for what waits for it, and for nothing that waits for others", async () => {
  const { federation, planned } = await givenThatWaits();
  await federation.greeted("c.example");
  expect(planned.filter(({ kind, inMs }) => kind === "askAgain" && inMs === 0)).toEqual([]);
  await federation.greeted(abroad);
  expect(planned.at(-1)).toEqual({ kind: "askAgain", of: abroad, inMs: 0, mode: undefined });
});

test("who speaks is asked for what waits for it, also where only that was not answered; not for what is being asked", async () => {
  const { setting, federation, planned } = await givenThatWaits();
  const asked = () => planned.filter(({ kind, inMs }) => kind === "askAgain" && inMs === 0);
  const receipt = { conversation: someHash("any"), participant: someHash("anybody"), seq: 1 };
  await federation.receive(abroad, [{ receipt }]);
  expect(asked()).toEqual([]);
  setting.circumstances.time = timeAfter(beginning, 60_000);
  await federation.receive("c.example", [{ receipt }]);
  expect(asked()).toEqual([]);
  await federation.receive(abroad, [{ receipt }]);
  expect(asked()).toEqual([{ kind: "askAgain", of: abroad, inMs: 0, mode: undefined }]);
  // Where each says that the other leads, each would ask because it was asked: not more often than without that.
  await federation.serveLog(abroad, someHash("any"), 0);
  expect(asked()).toHaveLength(1);
  setting.circumstances.time = timeAfter(beginning, 120_000);
  await federation.serveLog(abroad, someHash("any"), 0);
  expect(asked()).toHaveLength(2);
});

test("who tells of more is not answered where catching up cannot be kept: it tells again", async () => {
  const { federation, schedule, conversation } = await givenThatWaits();
  const { catchUp } = schedule;
  schedule.catchUp = () => Promise.reject(new Error("nothing is kept here"));
  const head = { conversation, seq: 9, hash: someHash("of more") };
  await expect(federation.receive(abroad, [{ head }])).rejects.toThrow("nothing is kept here");
  schedule.catchUp = catchUp;
  expect(await federation.receive(abroad, [{ head }])).toMatchObject([{ result: "gap" }]);
});

test("words that did not come are asked for, also where a crash came between their event and that", async () => {
  const { setting, federation, planned, elsewhere, conversation } = await givenThatWaits();
  await elsewhere.does(conversation, await setting.person("eve", abroad), says("Hello"));
  const log = await elsewhere.log(conversation);
  const entries = log.map((event) => ({ event: { ...event, body: null, salt: null } })).slice(-1);
  const word = { kind: "askWords", of: abroad, inMs: 60_000, failures: 0, asked: [] };
  await federation.receive(abroad, entries);
  expect(planned.at(-1)).toEqual({ ...word, mode: undefined });
  await federation.receive(abroad, entries);
  expect(planned.at(-1)).toEqual({ ...word, mode: "unlessPlanned" });
  expect(planned.filter(({ kind }) => kind === "askWords")).toHaveLength(2);
  await federation.receive(
    abroad,
    log.slice(-1).map((event) => ({ event })),
  );
  expect(planned.filter(({ kind }) => kind === "askWords")).toHaveLength(2);
});

test("who cannot be caught up with is asked later each time, and not for ever", async () => {
  const { federation, planned, conversation } = await givenThatWaits();
  const delayAfter = async (failures: number) => {
    planned.length = 0;
    await federation.catchUp(conversation, abroad, failures);
    return planned;
  };
  expect(await delayAfter(0)).toEqual([{ kind: "catchUp", of: abroad, inMs: 750, failures: 1 }]);
  expect(await delayAfter(5)).toEqual([{ kind: "catchUp", of: abroad, inMs: 24_000, failures: 6 }]);
  expect(await delayAfter(1_000)).toEqual([]);
});

test("a silent platform takes one place of the worker for each kind of work, however many conversations wait for it", async () => {
  const queues = new Set<string>();
  const jobs: Pick<WorkerUtils, "addJob"> = {
    addJob: async (_, __, spec) => {
      queues.add(spec?.queueName ?? "");
      throw new Error("nothing is kept here");
    },
  };
  const schedule = scheduleJobs(jobs, createLogger({ level: "silent" })("worker"));
  for (const conversation of ["one", "two", "three"]) {
    schedule.askAgain(conversation, abroad, 0);
    // Nothing else would find this again.
    const words = { conversation, from: abroad, asked: [], failures: 0 };
    for (const kept of [schedule.catchUp(conversation, abroad, 0, 0), schedule.askWords(words, 0)])
      await expect(kept).rejects.toThrow("nothing is kept here");
  }
  expect([...queues].sort()).toEqual([`ask-leader:${abroad}`, `ask-words:${abroad}`, `catch-up:${abroad}`]);
});

describe("A platform that answers slowly takes a place of the worker for half a minute, then others have their turn", () => {
  /** Pages of one event each, for each of which it takes its time. */
  async function givenSlowPages() {
    const pages = new Map<number, LogPage>();
    const askedFor: number[] = [];
    const all = await givenThatWaits({
      events: async (after) => {
        all.setting.circumstances.time = timeAfter(all.setting.circumstances.time, 20_000);
        askedFor.push(after);
        return pages.get(after) ?? null;
      },
    });
    const shows = (log: readonly SignedEvent[]) => {
      const last = log.at(-1);
      if (!last) throw new Error("no log");
      const head = { seq: last.event.seq, hash: eventHash(last.event) };
      for (const event of log) pages.set(event.event.seq - 1, { head, events: [event] });
      pages.set(head.seq, { head, events: [] });
    };
    return { ...all, eve: await all.setting.person("eve", abroad), askedFor, shows };
  }

  test("a delivery", async () => {
    let posts = 0;
    const { setting, peers, federation, planned } = given((entries) => {
      posts++;
      setting.circumstances.time = timeAfter(setting.circumstances.time, 10_000);
      return entries.map((_, index) => ({ result: index === 0 ? "accepted" : "later" }));
    });
    const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
    const conversation = await setting.published(alice, [[eve, "WRITER"]]);
    for (let count = 0; count < 8; count++) await setting.does(conversation, alice, says("Hello"));
    await peers.owe([{ conversation, first: 1, seq: 10 }]);
    await federation.deliver(abroad);
    expect(posts).toBe(3);
    expect(planned).toEqual([{ kind: "deliver", of: abroad, inMs: 0, mode: undefined }]);
  });

  test("asking a leader, whose events join on to others that it shows one by one", async () => {
    let isThere = false;
    const all = await givenThatWaits({
      post: async (entries) => {
        if (!isThere) return null;
        const results: Result[] = [];
        for (const entry of entries) {
          if (!("proposal" in entry)) continue;
          await all.elsewhere.does(all.conversation, eve, says("And I say."));
          const event = signedEventOf(await all.elsewhere.takes(all.conversation, entry.proposal));
          results.push({ result: "accepted", event });
        }
        return results;
      },
      events: async (after) => {
        all.setting.circumstances.time = timeAfter(all.setting.circumstances.time, 20_000);
        const log = await all.elsewhere.log(all.conversation);
        const last = log.at(-1);
        return last
          ? { head: { seq: log.length, hash: eventHash(last.event) }, events: log.slice(after, after + 1) }
          : null;
      },
    });
    const { setting, federation, planned, peers, conversation, alice } = all;
    const eve = await setting.person("eve", abroad);
    const { accountId } = alice;
    for (let count = 0; count < 2; count++)
      await federation.append({ conversation, accountId, command: says("Hello?") });
    expect(await peers.pendingIn(conversation, 10)).toHaveLength(3);
    [isThere, planned.length] = [true, 0];
    await federation.askAgain(conversation);
    expect(await peers.pendingIn(conversation, 10)).toHaveLength(2);
    expect(planned.filter(({ kind }) => kind === "askAgain")).toEqual([
      { kind: "askAgain", of: abroad, inMs: 0, mode: undefined },
    ]);
  });

  test("catching up", async () => {
    const { federation, planned, elsewhere, conversation, eve, shows } = await givenSlowPages();
    for (let count = 0; count < 3; count++) await elsewhere.does(conversation, eve, says("Hello"));
    shows(await elsewhere.log(conversation));
    planned.length = 0;
    await federation.catchUp(conversation, abroad);
    expect(planned).toEqual([{ kind: "catchUp", of: abroad, inMs: 0, failures: 0 }]);
    await federation.catchUp(conversation, abroad);
    expect(planned).toHaveLength(1);
  });

  test("holding another log against ours, which goes on where it was", async () => {
    const { federation, planned, elsewhere, conversation, eve, askedFor, shows } = await givenSlowPages();
    await elsewhere.does(conversation, eve, says("Hello"));
    await elsewhere.followed(conversation);
    const log = await elsewhere.log(conversation);
    shows(log.map((one) => (one.event.seq < 3 ? one : { ...one, event: { ...one.event, key: "another" } })));
    planned.length = 0;
    await federation.catchUp(conversation, abroad);
    expect(planned).toEqual([{ kind: "catchUp", of: abroad, inMs: 0, failures: 0, heldUpTo: 1 }]);
    await federation.catchUp(conversation, abroad, 0, 1);
    expect(planned).toHaveLength(1);
    expect(askedFor).toEqual([3, 0, 1, 2]);
  });

  test("words: those who have some are asked on, then whoever is next, and all again later", async () => {
    const { setting, federation, planned, elsewhere, conversation, eve, askedFor, shows } = await givenSlowPages();
    const carol = await setting.person("carol", "c.example");
    await elsewhere.does(conversation, eve, adds(carol));
    for (let count = 0; count < 4; count++) await elsewhere.does(conversation, eve, says("Hello"));
    const log = await elsewhere.log(conversation);
    const last = log.length;
    const bare = log.map((one) => (one.event.seq > 3 ? { ...one, body: null, salt: null } : one));
    await elsewhere.followed(conversation, bare);
    shows(log.slice(0, last - 1));
    planned.length = 0;
    const asks = (from: string, asked: readonly string[], inMs: number, failures = 0) => ({
      ...{ kind: "askWords", of: from, asked, inMs, failures, mode: undefined },
    });
    const words = { conversation, from: abroad, asked: [], failures: 0 };
    await federation.askWords(words);
    expect(planned.at(-1)).toEqual(asks(abroad, [], 0));
    await federation.askWords(words);
    expect(planned.at(-1)).toEqual(asks("c.example", [abroad], 0));
    await federation.askWords({ ...words, from: "c.example", asked: [abroad] });
    expect(planned.at(-1)).toEqual(asks(abroad, [], 120_000, 1));
    expect(askedFor).toEqual([3, 4, 5, last - 1, last - 1]);
  });
});
