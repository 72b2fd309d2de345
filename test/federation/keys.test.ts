// The platform's own keys: made, vouched for, given up.
import { expect, test } from "vitest";
import {
  ensureKeys,
  type KeyKeeping,
  listSpare,
  openOf,
  ownKeyList,
  revokeKey,
  rotateKey,
} from "../../src/federation/keys.ts";
import { isInWindow, joinFault, keyListFault } from "../../src/protocol/key-list.ts";
import { beginning, minuteMs, timeAfter } from "../conversation/given.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { keyCalled } from "./given.ts";

const secret = "a secret of this test, and of no other";
const keepingOf = ({ prisma }: TestDatabase): KeyKeeping => ({ prisma, platform: "a.example", secret });
const listIn = ({ prisma }: TestDatabase) => ownKeyList(prisma, "a.example");

test("several processes that start at once make one key, which vouches for itself", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  const all = await Promise.all([1, 2, 3, 4].map(() => ensureKeys(keeping, beginning)));
  const [first] = all[0] ?? [];
  expect(all).toEqual(all.map(() => [first]));
  expect(first).toMatchObject({ by: null, nbf: beginning, exp: null, revoked: null });
  expect(keyListFault(await listIn(database))).toBeNull();
});

test("a database of another platform is refused", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  await ensureKeys(keeping, beginning);
  const other = { ...keeping, platform: "b.example" };
  await expect(ensureKeys(other, beginning)).rejects.toThrow(/belongs to the platform "a\.example".*PARLEY_PLATFORM/);
  await expect(rotateKey(other, beginning)).rejects.toThrow(/belongs to the platform/);
});

test("each new key is vouched for by the one before, and signs when no cache has the list without it", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  const [first] = await ensureKeys(keeping, beginning);
  const before = await listIn(database);
  const second = await rotateKey(keeping, timeAfter(beginning, 1));
  expect(second).toMatchObject({ by: first?.key, nbf: timeAfter(beginning, 1 + 5 * minuteMs), exp: null });
  expect(openOf(second, secret)?.key).toBe(second.key);
  const third = await rotateKey(keeping, timeAfter(beginning, 2));
  expect(third.by).toBe(second.key);
  const after = await listIn(database);
  expect(after.keys.map(({ key }) => key)).toEqual([first?.key, second.key, third.key]);
  expect(keyListFault(after)).toBeNull();
  expect(joinFault(before, after)).toBeNull();
});

test("keys stand in the order in which they were made, whenever they begin", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  await ensureKeys(keeping, beginning);
  const rotated = await rotateKey(keeping, beginning);
  // It begins before the key that vouches for it.
  const spare = await listSpare(keeping, keyCalled("spare").key, timeAfter(beginning, 1));
  expect(spare).toMatchObject({ by: rotated.key, nbf: timeAfter(beginning, 1), sealed: null });
  const list = await listIn(database);
  expect(list.keys.at(-1)?.key).toBe(spare.key);
  expect(keyListFault(list)).toBeNull();
});

test("rotations at once make one chain", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  await ensureKeys(keeping, beginning);
  await Promise.all([1, 2, 3, 4].map(() => rotateKey(keeping, beginning)));
  const { keys } = await listIn(database);
  expect(keys.slice(1).map(({ by }) => by)).toEqual(keys.slice(0, -1).map(({ key }) => key));
});

test("the only key that signs cannot be revoked, spares notwithstanding", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  const [first] = await ensureKeys(keeping, beginning);
  await listSpare(keeping, keyCalled("spare").key, beginning);
  await expect(revokeKey(keeping, first?.key ?? "", beginning)).rejects.toThrow("parley keys rotate");
  await expect(revokeKey(keeping, keyCalled("nobody's").key, beginning)).rejects.toThrow("parley keys list");
  const { keys } = await listIn(database);
  expect(keys.map(({ revoked }) => revoked)).toEqual([null, null]);
});

test("a revoked key may sign until the next has begun, is revoked once, and vouches for none any more", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  const [first] = await ensureKeys(keeping, beginning);
  const second = await rotateKey(keeping, beginning);
  const before = await listIn(database);
  const revoked = await revokeKey(keeping, first?.key ?? "", beginning);
  expect(revoked.revoked).toBe(timeAfter(beginning, 10 * minuteMs));
  expect(isInWindow(second, timeAfter(beginning, 5 * minuteMs))).toBe(true);
  expect(await revokeKey(keeping, first?.key ?? "", timeAfter(beginning, minuteMs))).toEqual(revoked);
  // Nor can the other follow it.
  await expect(revokeKey(keeping, second.key, beginning)).rejects.toThrow("parley keys rotate");
  expect((await rotateKey(keeping, beginning)).by).toBe(second.key);
  expect(joinFault(before, await listIn(database))).toBeNull();
});

test("two keys revoked at once: one stays", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  await ensureKeys(keeping, beginning);
  await rotateKey(keeping, beginning);
  const { keys } = await listIn(database);
  const results = await Promise.allSettled(keys.map(({ key }) => revokeKey(keeping, key, beginning)));
  expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
});

test("with the secret lost, a spare vouches for a key that signs at once", async () => {
  await using database = await createTestDatabase();
  const spare = keyCalled("spare");
  await ensureKeys(keepingOf(database), beginning);
  await listSpare(keepingOf(database), spare.key, beginning);
  const before = await listIn(database);
  const lost = { ...keepingOf(database), secret: "another secret, for the first one was lost" };
  const now = timeAfter(beginning, minuteMs);
  await expect(rotateKey(lost, now)).rejects.toThrow(/opens with this PARLEY_SECRET.*--spare FILE/);
  const key = await rotateKey(lost, now, spare);
  expect(key).toMatchObject({ by: spare.key, nbf: now });
  expect(joinFault(before, await listIn(database))).toBeNull();
  // From then on it is as any other, and the one that opens no more can be given up.
  expect((await rotateKey(lost, now)).by).toBe(key.key);
  expect((await revokeKey(lost, before.keys[0]?.key ?? "", now)).revoked).not.toBeNull();
});

test("a spare that is not listed, or was revoked, vouches for nothing", async () => {
  await using database = await createTestDatabase();
  const keeping = keepingOf(database);
  const spare = keyCalled("spare");
  await ensureKeys(keeping, beginning);
  await expect(rotateKey(keeping, beginning, spare)).rejects.toThrow("is no key of this platform");
  await listSpare(keeping, spare.key, beginning);
  expect((await revokeKey(keeping, spare.key, beginning)).revoked).toBe(beginning);
  await expect(rotateKey(keeping, beginning, spare)).rejects.toThrow("was revoked");
});
