import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OutgoingError } from "../../src/net/outgoing-error.ts";
import { guardedLookUp, type ResolveHost, resolveByDns } from "../../src/net/resolve-host.ts";
import { type NameServer, startNameServer } from "../support/name-server.ts";

const [v4, v6] = ["93.184.216.34", "2606:4700:4700::1111"];

let nameServer: NameServer;
let resolveHost: ResolveHost;
beforeAll(async () => {
  nameServer = await startNameServer({
    "both.platform": [v4, v6],
    "four.platform": [v4],
    "six.platform": [v6],
    "none.platform": [],
    "private.platform": ["10.0.0.1", "fd00::1"],
    "mixed.platform": ["10.0.0.1", v4, "::ffff:7f00:1"],
    "many.platform": Array.from({ length: 12 }, (_, index) => `93.184.216.${index}`),
    "ill.platform": "SERVFAIL",
    "closed.platform": "REFUSED",
    "silent.platform": "silence",
    "half.platform": "silence about IPv6",
  });
  resolveHost = resolveByDns({ servers: [nameServer.address], timeoutMs: 250 });
});
afterAll(() => nameServer[Symbol.asyncDispose]());

/** What a connection to the name would get to try. */
const guarded = (name: string, from = resolveHost) =>
  new Promise((done, failed) => {
    guardedLookUp(from)(name, { all: true }, (error, addresses) => (error ? failed(error) : done(addresses)));
  });

const kindOf = async (name: string, from = resolveHost): Promise<unknown> => {
  const fault = await guarded(name, from).then(
    () => null,
    (error: unknown) => error,
  );
  return fault instanceof OutgoingError ? fault.kind : fault;
};

describe("A name's addresses are those that DNS has", () => {
  test("of IPv6 and IPv4", async () => {
    expect(await resolveHost("both.platform")).toEqual([v6, v4]);
    expect(await resolveHost("four.platform")).toEqual([v4]);
    expect(await resolveHost("six.platform")).toEqual([v6]);
  });

  test("also where it is silent about one kind", async () => {
    expect(await resolveHost("half.platform")).toEqual([v4]);
  });

  test("and no domain of this machine's network is tried behind it", async () => {
    const before = nameServer.asked.length;
    expect(await kindOf("nobody.platform")).toBe("noSuchHost");
    expect(new Set(nameServer.asked.slice(before))).toEqual(new Set(["nobody.platform"]));
  });
});

describe("A connection gets to try", () => {
  test("what is of the Internet, with its kind", async () => {
    expect(await guarded("both.platform")).toEqual([
      { address: v6, family: 6 },
      { address: v4, family: 4 },
    ]);
  });

  test("of mixed addresses only those of the Internet", async () => {
    expect(await guarded("mixed.platform")).toEqual([{ address: v4, family: 4 }]);
  });

  test("eight addresses at most", async () => {
    expect(await guarded("many.platform")).toHaveLength(8);
  });

  test.each([
    ["nobody.platform", "noSuchHost"],
    ["none.platform", "noSuchHost"],
    ["private.platform", "forbidden"],
    ["ill.platform", "broken"],
    ["closed.platform", "broken"],
    ["silent.platform", "timeout"],
  ])("nothing of %s, which is %s", async (name, kind) => {
    expect(await kindOf(name)).toBe(kind);
  });

  test("nothing where no name server answers at all", async () => {
    const gone = await startNameServer({});
    await gone[Symbol.asyncDispose]();
    expect(await kindOf("both.platform", resolveByDns({ servers: [gone.address], timeoutMs: 250 }))).toMatch(
      /^(broken|timeout)$/,
    );
  });

  test("nothing where who looks up says no addresses, or what is none", async () => {
    expect(await kindOf("x.platform", async () => [])).toBe("noSuchHost");
    expect(await kindOf("x.platform", async () => ["localhost", "", "127.0.0.1"])).toBe("forbidden");
  });
});
