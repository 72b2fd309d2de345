// Which platform serves a domain, asked of real hosts.
import { describe, expect, test } from "vitest";
import { wellKnownBytesMax } from "../../src/protocol/well-known.ts";
import { dayMs, minuteMs } from "../conversation/given.ts";
import { listOf, Net, wellKnown } from "./given.ts";

const hourMs = 60 * minuteMs;
const none = { kind: "none" };
const later = { kind: "later" };
const servedBy = (platform: string) => ({ kind: "platform", platform });
const ofA = (but: object = {}) => wellKnown(listOf("a.test", ["a", null]), but);

test("our own domains are ours, and what else bears our name is nobody's, without a look-up", async () => {
  await using net = new Net();
  const host = await net.host("us.test");
  const discovery = net.discovery({
    own: { platform: "us.test", domains: ["ours.test"], keys: async () => listOf("us.test", ["us", null]) },
  });
  expect(await discovery.platformOf("ours.test")).toEqual(servedBy("us.test"));
  expect(await discovery.platformOf("us.test")).toEqual(none);
  expect(host.asked).toBe(0);
});

test("names of special use are nobody's without a look-up, unless development maps them", async () => {
  await using net = new Net();
  const host = await net.host("b.localhost");
  host.says(wellKnown(listOf("b.localhost", ["b", null])));
  expect(await net.discovery().platformOf("b.localhost")).toEqual(none);
  expect(host.asked).toBe(0);
  const mapping = net.discovery({ isMapped: (name) => name === "b.localhost" });
  expect(await mapping.platformOf("b.localhost")).toEqual(servedBy("b.localhost"));
});

test("a platform that lists its own name serves it; one that does not list it does not", async () => {
  await using net = new Net();
  (await net.host("a.test")).says(ofA());
  (await net.host("b.test")).says(wellKnown(listOf("b.test", ["b", null]), { domains: ["other.test"] }));
  const discovery = net.discovery();
  expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
  expect(await discovery.platformOf("b.test")).toEqual(none);
});

describe("a domain that names a platform", () => {
  test.each([
    ["is served by it where the platform lists it", ofA({ domains: ["d.test"] }), servedBy("a.test")],
    ["is nobody's where the platform does not list it", ofA(), none],
    ["is nobody's where the platform speaks no version of ours", ofA({ domains: ["d.test"], versions: [2] }), none],
    ["is nobody's where the platform names yet another", { platform: "b.test" }, none],
    ["is nobody's where the platform names it in turn", { platform: "d.test" }, none],
    [
      "is nobody's where the platform's host shows another's document",
      wellKnown(listOf("b.test", ["b", null]), { domains: ["d.test"] }),
      none,
    ],
  ])("%s", async (_, document, expected) => {
    await using net = new Net();
    (await net.host("d.test")).says({ platform: "a.test" });
    (await net.host("b.test")).says(wellKnown(listOf("b.test", ["b", null]), { domains: ["b.test", "d.test"] }));
    const platform = await net.host("a.test");
    platform.says(document);
    expect(await net.discovery().platformOf("d.test")).toEqual(expected);
    expect(platform.asked).toBe(1);
  });

  test("may show the platform's own document instead, as a proxy in front of both does", async () => {
    await using net = new Net();
    (await net.host("d.test")).says(ofA({ domains: ["d.test"] }));
    (await net.host("a.test")).says(ofA({ domains: ["d.test"] }));
    expect(await net.discovery().platformOf("d.test")).toEqual(servedBy("a.test"));
  });

  test("is nobody's where it names us, and we do not list it", async () => {
    await using net = new Net();
    (await net.host("d.test")).says({ platform: "us.test" });
    const us = await net.host("us.test");
    expect(await net.discovery().platformOf("d.test")).toEqual(none);
    expect(us.asked).toBe(0);
  });

  test("is nobody's where it names what is never looked up", async () => {
    await using net = new Net();
    (await net.host("d.test")).says({ platform: "localhost" });
    const local = await net.host("localhost");
    expect(await net.discovery().platformOf("d.test")).toEqual(none);
    expect(local.asked).toBe(0);
  });

  test("waits where the platform is out of reach", async () => {
    await using net = new Net();
    (await net.host("d.test")).says({ platform: "a.test" });
    (await net.host("a.test")).says("", { status: 503 });
    expect(await net.discovery().platformOf("d.test")).toEqual(later);
  });

  test("costs its platform no fetch where that listed it just now", async () => {
    await using net = new Net();
    const platform = await net.host("a.test");
    platform.says(ofA({ domains: ["d.test", "e.test"] }));
    for (const name of ["d.test", "e.test"]) (await net.host(name)).says({ platform: "a.test" });
    const discovery = net.discovery();
    expect(await discovery.platformOf("d.test")).toEqual(servedBy("a.test"));
    expect(await discovery.platformOf("e.test")).toEqual(servedBy("a.test"));
    expect(platform.asked).toBe(1);
    // One that it lists since is found all the same.
    platform.says(ofA({ domains: ["d.test", "e.test", "f.test"] }));
    (await net.host("f.test")).says({ platform: "a.test" });
    expect(await discovery.platformOf("f.test")).toEqual(servedBy("a.test"));
  });
});

describe("a clear no", () => {
  test.each([
    ["404", "", { status: 404 }],
    ["403", "", { status: 403 }],
    ["a redirect", "", { status: 301 }],
    ["a page", "<!doctype html><title>Welcome</title>", {}],
    ["JSON of others", { version: "1.0" }, {}],
    ["JSON that is no object", "null", {}],
    ["a name that is none", { platform: "https://a.test" }, {}],
    ["our document with another status", ofA(), { status: 203 }],
    ["a list without keys", ofA({ keys: [] }), {}],
    ["a list that does not hold", ofA({ keys: listOf("a.test", ["a", null], ["b", "c"]).keys }), {}],
    ["a list signed for another platform", ofA({ keys: listOf("b.test", ["a", null]).keys }), {}],
    [
      "a key with more to it",
      ofA({ keys: listOf("a.test", ["a", null]).keys.map((key) => ({ ...key, more: 1 })) }),
      {},
    ],
    ["bytes that are no UTF-8", Buffer.from(JSON.stringify(ofA({ more: "\u00ff" })), "latin1"), {}],
    ["a huge document", ofA({ more: "x".repeat(wellKnownBytesMax) }), {}],
    ["too many domains", ofA({ domains: Array.from({ length: 1_001 }, (_, index) => `d${index}.test`) }), {}],
  ] as const)("%s", async (_, document, saying) => {
    await using net = new Net();
    (await net.host("a.test")).says(document, saying);
    expect(await net.discovery().platformOf("a.test")).toEqual(none);
  });

  test.each(["noSuchHost", "forbidden", "tooLarge"] as const)("%s", async (failure) => {
    await using net = new Net();
    net.failing.set("a.test", failure);
    expect(await net.discovery().platformOf("a.test")).toEqual(none);
  });

  test("nothing listens there", async () => {
    await using net = new Net();
    const host = await net.host("a.test");
    await net.fetchDocument("a.test");
    await host.stop();
    expect(await net.discovery().platformOf("a.test")).toEqual(none);
  });

  test("is one for a known platform too", async () => {
    await using net = new Net();
    const host = await net.host("a.test");
    host.says(ofA());
    const discovery = net.discovery();
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
    net.later(dayMs);
    host.says("", { status: 404 });
    expect(await discovery.platformOf("a.test")).toEqual(none);
  });
});

describe("what tells nothing", () => {
  test.each([500, 502, 503, 429, 408])("%d: not now, and a known platform stays one", async (status) => {
    await using net = new Net();
    const host = await net.host("a.test");
    host.says("", { status });
    const discovery = net.discovery();
    expect(await discovery.platformOf("a.test")).toEqual(later);
    net.later(hourMs);
    host.says(ofA());
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
    for (const ms of [dayMs, dayMs, 30 * dayMs]) {
      net.later(ms);
      host.says("", { status });
      expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
    }
  });

  test.each(["timeout", "tls", "broken"] as const)("%s: the same", async (failure) => {
    await using net = new Net();
    net.failing.set("a.test", failure);
    const discovery = net.discovery();
    expect(await discovery.platformOf("a.test")).toEqual(later);
    net.later(hourMs);
    net.failing.clear();
    (await net.host("a.test")).says(ofA());
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
    net.failing.set("a.test", failure);
    net.later(7 * dayMs);
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
  });

  test("a connection that is cut", async () => {
    await using net = new Net();
    (await net.host("a.test")).breaksOff();
    expect(await net.discovery().platformOf("a.test")).toEqual(later);
  });

  test("is taken for a no after a day, of a domain that was never a platform's", async () => {
    await using net = new Net();
    net.failing.set("a.test", "timeout");
    const discovery = net.discovery();
    for (const ms of [0, hourMs, 22 * hourMs]) {
      net.later(ms);
      expect(await discovery.platformOf("a.test")).toEqual(later);
    }
    net.later(hourMs);
    expect(await discovery.platformOf("a.test")).toEqual(none);
    net.later(hourMs);
    (await net.host("a.test")).says(ofA());
    net.failing.clear();
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
  });

  test("that nothing listens is believed of a known platform after a day", async () => {
    await using net = new Net();
    const host = await net.host("a.test");
    host.says(ofA());
    const discovery = net.discovery();
    await discovery.platformOf("a.test");
    await host.stop();
    net.later(hourMs);
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
    net.later(23 * hourMs);
    expect(await discovery.platformOf("a.test")).toEqual(servedBy("a.test"));
    net.later(hourMs);
    expect(await discovery.platformOf("a.test")).toEqual(none);
  });
});

describe("what was found is kept", () => {
  test.each([
    [0, 5 * minuteMs],
    [299, 5 * minuteMs],
    [1_800, 30 * minuteMs],
    [10_000_000, dayMs],
    [undefined, hourMs],
  ])("with a max-age of %s for %d ms", async (maxAge, keptMs) => {
    await using net = new Net();
    const host = await net.host("a.test");
    const saying = maxAge === undefined ? {} : { maxAge };
    for (const [document, status] of [
      [ofA(), 200],
      ["", 404],
      ["", 503],
    ] as const) {
      host.asked = 0;
      host.says(document, { ...saying, status });
      const discovery = net.discovery();
      const first = await discovery.platformOf("a.test");
      net.later(keptMs - 1);
      expect(await discovery.platformOf("a.test")).toEqual(first);
      expect(host.asked).toBe(1);
      net.later(1);
      await discovery.platformOf("a.test");
      expect(host.asked).toBe(2);
      net.later(2 * dayMs);
    }
  });

  test.each(["timeout", "refused"] as const)("%s for five minutes", async (failure) => {
    await using net = new Net();
    net.failing.set("a.test", failure);
    let fetches = 0;
    const discovery = net.discovery({
      fetchDocument: (host) => {
        fetches++;
        return net.fetchDocument(host);
      },
    });
    for (const [ms, expected] of [
      [0, 1],
      [5 * minuteMs - 1, 1],
      [1, 2],
    ] as const) {
      net.later(ms);
      await discovery.platformOf("a.test");
      expect(fetches).toBe(expected);
    }
  });

  test("for other processes too", async () => {
    await using net = new Net();
    const host = await net.host("a.test");
    host.says(ofA());
    await net.discovery().platformOf("a.test");
    expect(await net.discovery().platformOf("a.test")).toEqual(servedBy("a.test"));
    expect(host.asked).toBe(1);
  });
});

test("a host that is being asked is asked once, however many want to know", async () => {
  await using net = new Net();
  const host = await net.host("a.test");
  host.says(ofA());
  const held = host.holdsBack();
  const discovery = net.discovery();
  const asking = Array.from({ length: 50 }, () => discovery.platformOf("a.test"));
  (await held)();
  expect(await Promise.all(asking)).toEqual(Array.from({ length: 50 }, () => servedBy("a.test")));
  expect(host.asked).toBe(1);
});

test("a source that asked about too many hosts in a minute waits, others and the platform itself do not", async () => {
  await using net = new Net();
  const discovery = net.discovery({ fetchesPerMinute: 3 });
  const ask = (name: string, source?: string) => discovery.platformOf(`${name}.test`, source);
  for (const name of ["one", "two", "three"]) expect(await ask(name, "eve")).toEqual(none);
  expect(await ask("four", "eve")).toEqual(later);
  // What is known costs nothing; and being over the budget is kept of no domain.
  expect(await ask("one", "eve")).toEqual(none);
  expect(await ask("four", "alice")).toEqual(none);
  expect(await ask("five")).toEqual(none);
  expect(await ask("six", "eve")).toEqual(later);
  net.later(minuteMs);
  expect(await ask("six", "eve")).toEqual(none);
});

test("over the budget, a platform that is known stays one", async () => {
  await using net = new Net();
  (await net.host("a.test")).says(ofA());
  const discovery = net.discovery({ fetchesPerMinute: 1 });
  expect(await discovery.platformOf("a.test", "eve")).toEqual(servedBy("a.test"));
  net.later(2 * hourMs);
  expect(await discovery.platformOf("nobody.test", "eve")).toEqual(none);
  expect(await discovery.platformOf("a.test", "eve")).toEqual(servedBy("a.test"));
});
