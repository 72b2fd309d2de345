// Which key signs, and how running processes take up another.
import { expect, test } from "vitest";
import { ensureKeys, listSpare, type OwnKey, revokeKey, rotateKey } from "../../src/federation/keys.ts";
import { loadSigner, openSigner, signingNow } from "../../src/federation/signer.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { beginning, dayMs, minuteMs, timeAfter } from "../conversation/given.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf } from "../support/setting.ts";
import { keyCalled, listOf, publicKey } from "./given.ts";

const at = (minutes: number) => timeAfter(beginning, minutes * minuteMs);

type Window = readonly [name: string, from: number, exp?: number | undefined, revoked?: number];

const keysOf = (...windows: readonly (Window | "spare")[]): readonly OwnKey[] =>
  windows.flatMap((window) => {
    const isSpare = window === "spare";
    const [name, from, exp, revoked] = isSpare ? (["spare", 0] as const) : window;
    const but = {
      nbf: at(from),
      exp: exp === undefined ? null : at(exp),
      revoked: revoked === undefined ? null : at(revoked),
    };
    return listOf("a.example", [name, null, but]).keys.map((key) => ({
      ...key,
      sealed: isSpare ? null : new Uint8Array(),
    }));
  });

test.each<readonly [string, readonly (Window | "spare")[], number, string | null]>([
  ["the only one", [["one", 0]], 0, "one"],
  ["none before it begins", [["one", 1]], 0, null],
  [
    "the newest that has begun",
    [
      ["one", 0],
      ["two", 5],
      ["three", 9],
    ],
    5,
    "two",
  ],
  [
    "the newest, not the one that began last",
    [
      ["one", 9],
      ["two", 5],
    ],
    10,
    "two",
  ],
  ["no spare", [["one", 0], "spare"], 5, "one"],
  ["none of spares alone", ["spare"], 5, null],
  [
    "one that ends, until five minutes before that",
    [
      ["one", 0],
      ["two", 0, 20],
    ],
    14,
    "two",
  ],
  [
    "another from then on",
    [
      ["one", 0],
      ["two", 0, 20],
    ],
    15,
    "one",
  ],
  [
    "one that was revoked, until five minutes before that",
    [
      ["one", 0],
      ["two", 0, undefined, 20],
    ],
    14,
    "two",
  ],
  [
    "another from then on, whichever it is",
    [
      ["one", 0, undefined, 20],
      ["two", 15],
    ],
    15,
    "two",
  ],
  ["one that ends, to its end, where there is no other", [["one", 0, 20]], 19, "one"],
  [
    "none after the end of all",
    [
      ["one", 0, 20],
      ["two", 0, undefined, 10],
    ],
    20,
    null,
  ],
])("%s", (_, windows, minutes, expected) => {
  expect(signingNow(keysOf(...windows), at(minutes))?.key ?? null).toBe(expected && publicKey(expected));
});

const secret = "a secret of this test, and of no other";

/** A signer that reads its keys all the time, on a clock that stands still until it is moved. */
async function given(database: TestDatabase, readEveryMs = 1) {
  const keeping = { prisma: database.prisma, platform: "a.example", secret };
  const [first] = await ensureKeys(keeping, beginning);
  if (!first) throw new Error("there is no key");
  const given = { time: beginning, reads: 0, isAway: false, logged: [] as string[] };
  const prisma = new Proxy(database.prisma, {
    get: (target, name, receiver) => {
      if (name === "platformKey") {
        if (given.isAway) throw new Error("out of reach");
        given.reads++;
      }
      return Reflect.get(target, name, receiver);
    },
  });
  const destination = { write: (line: string) => void given.logged.push(line) };
  const log = createLogger({ level: "info", destination })("federation");
  const signer = await openSigner({ ...keeping, prisma, now: () => given.time, log, readEveryMs });
  /** Until it has read all that is there now. */
  const read = async () => {
    const { reads } = given;
    await expect.poll(() => given.reads, { interval: 1 }).toBeGreaterThan(reads + 1);
  };
  return Object.assign(given, {
    ...{ keeping, first, signer, read },
    [Symbol.asyncDispose]: () => signer[Symbol.asyncDispose](),
  });
}

test("a running process signs with a new key once that has begun, and with no other before", async () => {
  await using database = await createTestDatabase();
  await using running = await given(database);
  const { signer, first, keeping } = running;
  const second = await rotateKey(keeping, running.time);
  running.time = at(4);
  await running.read();
  expect(signer.key.key).toBe(first.key);
  expect(signer.former?.(second.key)).toBeNull();
  running.time = at(5);
  await running.read();
  expect(signer.key.key).toBe(second.key);
  expect(signer.former?.(first.key)?.key).toBe(first.key);
  expect(signer.former?.(publicKey("nobody's"))).toBeNull();
  expect(running.logged.join()).toContain(second.key);
});

test("its key does not change within one turn, so what is made and signed at once has one key", async () => {
  await using database = await createTestDatabase();
  await using running = await given(database);
  const second = await rotateKey(running.keeping, running.time);
  running.time = at(2);
  await running.read();
  running.time = at(5);
  expect(running.signer.key.key).toBe(running.first.key);
  await running.read();
  expect(running.signer.key.key).toBe(second.key);
});

test("a conversation goes on over a new key, also what was proposed under the one before", async () => {
  await using database = await createTestDatabase();
  await using running = await given(database);
  const setting = postgresSetting(database.pool, { signer: running.signer });
  const alice = await setting.person("alice", "a.example");
  const publication = setting.publication(alice);
  const unsigned = publication.proposals.map((signed) => {
    const proposal = { ...signed.proposal, platform: "a.example", key: running.first.key };
    return { ...signed, proposal };
  });
  expect(unsigned).toHaveLength(1);
  const second = await rotateKey(running.keeping, running.time);
  running.time = at(5);
  await running.read();
  expect(running.signer.key.key).toBe(second.key);
  const result = await setting.store.append({ ...publication, proposals: unsigned });
  const [published] = entriesOf(result);
  expect(published?.event.key).toBe(running.first.key);
  await setting.says(published?.id ?? "", alice, "At noon?");
  const log = await setting.log(published?.id ?? "");
  expect(log.map(({ event, signatures }) => [event.key, signatures.proposal])).toEqual([
    [running.first.key, null],
    [second.key, null],
  ]);
  expect((await setting.followed(published?.id ?? "")).conversation?.seq).toBe(2);
});

test("a key that is revoked is given up before it ends, and is no former key after that", async () => {
  await using database = await createTestDatabase();
  await using running = await given(database);
  const { signer, first, keeping } = running;
  const second = await rotateKey(keeping, at(-5));
  await running.read();
  expect(signer.key.key).toBe(second.key);
  expect(await revokeKey(keeping, second.key, running.time)).toMatchObject({ revoked: at(10) });
  running.time = at(4);
  await running.read();
  expect(signer.key.key).toBe(second.key);
  running.time = at(5);
  await running.read();
  expect(signer.key.key).toBe(first.key);
  expect(signer.former?.(second.key)?.key).toBe(second.key);
  running.time = at(10);
  expect(signer.former?.(second.key)).toBeNull();
});

test("without the database a process signs on, says so, and reads again when it is back", async () => {
  await using database = await createTestDatabase();
  await using running = await given(database);
  running.isAway = true;
  await expect.poll(() => running.logged.join(), { interval: 1 }).toContain("will try again");
  const second = await rotateKey(running.keeping, at(-5));
  expect(running.signer.key.key).toBe(running.first.key);
  running.isAway = false;
  await running.read();
  expect(running.signer.key.key).toBe(second.key);
});

test("a process that slept reads its keys before it signs, and signs nothing where it cannot", async () => {
  await using database = await createTestDatabase();
  await using running = await given(database, 1_000_000);
  const { signer, first, keeping } = running;
  expect(signer.ready()).toBeNull();
  const second = await rotateKey(keeping, running.time);
  running.time = timeAfter(beginning, dayMs);
  expect(signer.key.key).toBe(first.key);
  running.isAway = true;
  await expect(signer.ready()).rejects.toThrow("could not be read for five minutes");
  running.isAway = false;
  await signer.ready();
  expect(signer.key.key).toBe(second.key);
  expect(signer.ready()).toBeNull();
});

test("with another secret there is no signer, and the message says what to do", async () => {
  await using database = await createTestDatabase();
  const keeping = { prisma: database.prisma, platform: "a.example", secret };
  const { key } = await loadSigner(keeping, beginning);
  expect((await loadSigner(keeping, beginning)).key.key).toBe(key.key);
  const other = { ...keeping, secret: "another secret than the one before it" };
  await expect(loadSigner(other, beginning)).rejects.toThrow(/PARLEY_SECRET.*--spare FILE/);
  // A key that a spare vouched for opens, whatever the older ones do.
  const spare = keyCalled("spare");
  await listSpare(keeping, spare.key, beginning);
  const rotated = await rotateKey(other, beginning, spare);
  expect((await loadSigner(other, beginning)).key.key).toBe(rotated.key);
});
