// Whether a key is a platform's, asked of real hosts.
import { expect, test } from "vitest";
import { afterAccepting } from "../../src/federation/peer-keys.ts";
import { beginning, dayMs, minuteMs, timeAfter } from "../conversation/given.ts";
import { memoryDiscoveryStore } from "../support/memory-discovery-store.ts";
import { type Given, listOf, Net, publicKey, wellKnown } from "./given.ts";

const lists = (...given: readonly Given[]) => wellKnown(listOf("a.test", ...given));
const one: Given = ["one", null];
const two: Given = ["two", "one"];

/** A platform that lists what it is given, and somebody who asks about its keys at the time that it is. */
async function given(...list: readonly Given[]) {
  const net = new Net();
  const host = await net.host("a.test");
  host.says(lists(...list));
  const discovery = net.discovery();
  return {
    net,
    host,
    discovery,
    ask: (key: string, at = net.time) => discovery.keyOf("a.test", publicKey(key), at),
    /** What the operator does about a stranger. */
    accept: () =>
      net.store.changePeer("a.test", (peer) => afterAccepting(peer) ?? expect.fail("there is nothing to accept")),
    [Symbol.asyncDispose]: () => net[Symbol.asyncDispose](),
  };
}

test("a listed key is valid in its window, and the platform is asked once", async () => {
  await using a = await given(one, ["two", "one", { exp: timeAfter(beginning, minuteMs) }]);
  expect(await a.ask("one")).toBe("valid");
  expect(await a.ask("two")).toBe("valid");
  expect(await a.ask("one", timeAfter(beginning, -1))).toBe("notInWindow");
  expect(await a.ask("two", timeAfter(beginning, minuteMs))).toBe("notInWindow");
  expect(a.host.asked).toBe(1);
});

test("our own keys are ours, one that was made just now too, without a fetch", async () => {
  await using net = new Net();
  const host = await net.host("us.test");
  const keys: Given[] = [["us", null]];
  const own = { platform: "us.test", domains: [], keys: async () => listOf("us.test", ...keys) };
  const discovery = net.discovery({ own });
  const ask = (key: string, at = net.time) => discovery.keyOf("us.test", publicKey(key), at);
  expect(await ask("us")).toBe("valid");
  expect(await ask("us", timeAfter(beginning, -1))).toBe("notInWindow");
  expect(await ask("next")).toBe("unknown");
  keys.push(["next", "us"]);
  expect(await ask("next")).toBe("valid");
  expect(host.asked).toBe(0);
});

test("a name of special use has no keys", async () => {
  await using net = new Net();
  expect(await net.discovery().keyOf("localhost", publicKey("one"), net.time)).toBe("unknown");
});

test("a key that is not listed is asked about once more, and then is none", async () => {
  await using a = await given(one);
  expect(await a.ask("one")).toBe("valid");
  a.net.later(minuteMs);
  a.host.says(lists(one, two));
  expect(await a.ask("two")).toBe("valid");
  expect(a.host.asked).toBe(2);
  a.net.later(minuteMs);
  expect(await a.ask("three")).toBe("unknown");
  expect(a.host.asked).toBe(3);
  // The same again costs nothing, and others are not to make us ask all the time.
  expect(await a.ask("three")).toBe("unknown");
  expect(await a.ask("four")).toBe("later");
  expect(a.host.asked).toBe(3);
  a.net.later(minuteMs);
  expect(await a.ask("four")).toBe("unknown");
  expect(a.host.asked).toBe(4);
});

test("an answer that was under way when a key came up does not say that there is none", async () => {
  await using a = await given(one);
  const held = a.host.holdsBack();
  const first = a.ask("one");
  const letGo = await held;
  const second = a.ask("two");
  letGo();
  expect([await first, await second]).toEqual(["valid", "later"]);
});

test("a list is trusted for a week without its platform, and then no longer", async () => {
  await using a = await given(one);
  expect(await a.ask("one")).toBe("valid");
  a.host.says("", { status: 503 });
  for (let day = 1; day < 7; day++) {
    a.net.later(dayMs);
    expect(await a.ask("one")).toBe("valid");
  }
  a.net.later(dayMs);
  expect(await a.ask("one")).toBe("later");
  a.net.later(minuteMs * 61);
  a.host.says(lists(one));
  expect(await a.ask("one")).toBe("valid");
});

test.each([
  [503, "later"],
  [404, "unknown"],
] as const)(
  "where a platform answers %d, a key that is not known is %s, and it is asked seldom",
  async (status, answer) => {
    await using a = await given(one);
    a.host.says("", { status });
    expect(await a.ask("two")).toBe(answer);
    expect(await a.ask("three")).toBe(answer);
    expect(a.host.asked).toBe(1);
    a.net.later(61 * minuteMs);
    expect(await a.ask("two")).toBe(answer);
    expect(a.host.asked).toBe(2);
    a.net.later(61 * minuteMs);
    a.host.says(lists(one, two));
    expect(await a.ask("two")).toBe("valid");
  },
);

test("a newer list is asked for behind what is answered, so that a revocation becomes known", async () => {
  await using a = await given(one, two);
  expect(await a.ask("one")).toBe("valid");
  a.net.later(61 * minuteMs);
  a.host.says(lists(["one", null, { revoked: timeAfter(beginning, minuteMs) }], two));
  expect(await a.ask("one")).toBe("valid");
  await a.discovery[Symbol.asyncDispose]();
  expect(await a.ask("one")).toBe("notInWindow");
  expect(await a.ask("one", beginning)).toBe("valid");
  expect(a.host.asked).toBe(2);
});

test("a revocation that is withdrawn still holds", async () => {
  await using a = await given(["one", null, { revoked: timeAfter(beginning, minuteMs) }], two);
  await a.ask("one");
  a.net.later(8 * dayMs);
  a.host.says(lists(one, two));
  expect(await a.ask("two")).toBe("valid");
  expect(await a.ask("one")).toBe("notInWindow");
});

test("a list that does not join on makes a stranger, who is told of once, until the operator accepts", async () => {
  await using a = await given(one);
  expect(await a.ask("one")).toBe("valid");
  a.net.later(minuteMs);
  a.host.says(lists(["other", null]));
  expect(await a.ask("other")).toBe("stranger");
  a.net.later(minuteMs);
  expect(await a.ask("other")).toBe("stranger");
  expect(await a.ask("one")).toBe("stranger");
  expect(await a.ask("one", beginning)).toBe("valid");
  // New conversations go by what it shows.
  const shown = { trust: "shown" } as const;
  expect(await a.discovery.keyOf("a.test", publicKey("other"), a.net.time, shown)).toBe("valid");
  expect(a.net.logged).toHaveLength(1);
  expect(a.net.logged[0]).toContain("parley keys accept");

  await a.accept();
  a.net.later(minuteMs);
  expect(await a.ask("other")).toBe("valid");
  expect(await a.ask("one")).toBe("unknown");
});

test("a key that was listed once is its platform's for what is more than a week old, and others are not", async () => {
  await using a = await given(one);
  const before = a.net.time;
  expect(await a.ask("one")).toBe("valid");
  a.net.later(30 * dayMs);
  a.host.says(lists(["other", null]));
  await a.ask("other");
  await a.accept();
  a.net.later(minuteMs);
  expect(await a.ask("one", before)).toBe("valid");
  expect(await a.ask("one")).toBe("unknown");
  a.net.later(minuteMs);
  expect(await a.ask("never", before)).toBe("unknown");
});

test("a key of a list that does not hold is none", async () => {
  await using a = await given(one, ["two", "other"]);
  expect(await a.ask("two")).toBe("unknown");
  expect(await a.ask("one")).toBe("unknown");
});

test("a domain that names a platform has no keys of its own", async () => {
  await using a = await given(one);
  a.host.says({ platform: "b.test" });
  expect(await a.ask("one")).toBe("unknown");
});

test("a source over its budget hears that later, and what is known costs it nothing", async () => {
  await using a = await given(one);
  (await a.net.host("b.test")).says(wellKnown(listOf("b.test", ["b", null])));
  const discovery = a.net.discovery({ fetchesPerMinute: 1 });
  const ask = (platform: string, key: string) =>
    discovery.keyOf(platform, publicKey(key), a.net.time, { source: "192.0.2.1" });
  expect(await ask("a.test", "one")).toBe("valid");
  expect(await ask("b.test", "b")).toBe("later");
  expect(await ask("a.test", "one")).toBe("valid");
  a.net.later(minuteMs);
  expect(await ask("b.test", "b")).toBe("valid");
});

test("a batch asks the store once a platform", async () => {
  const store = memoryDiscoveryStore();
  let reads = 0;
  await using net = new Net({
    ...store,
    peer: (platform) => {
      reads++;
      return store.peer(platform);
    },
  });
  (await net.host("a.test")).says(lists(one));
  const discovery = net.discovery();
  await discovery.keyOf("a.test", publicKey("one"), net.time);
  const before = reads;
  for (let event = 0; event < 100; event++) await discovery.keyOf("a.test", publicKey("one"), net.time);
  expect(reads).toBe(before);
});

test("a store that fails says so, and the next one to ask is answered", async () => {
  const store = memoryDiscoveryStore();
  let isFailing = true;
  await using net = new Net({
    ...store,
    changePeer: async (platform, change) => {
      if (isFailing) throw new Error("the disk is full");
      return store.changePeer(platform, change);
    },
  });
  (await net.host("a.test")).says(lists(one));
  const discovery = net.discovery();
  await expect(discovery.keyOf("a.test", publicKey("one"), net.time)).rejects.toThrow("the disk is full");
  isFailing = false;
  expect(await discovery.keyOf("a.test", publicKey("one"), net.time)).toBe("valid");
});
