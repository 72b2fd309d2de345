// What a platform's lists come to, one after the other, and what they say of a key at a time.
import { describe, expect, test } from "vitest";
import { afterAccepting, afterFailure, afterList, isStranger, judgeKey } from "../../src/federation/peer-keys.ts";
import type { KeyList } from "../../src/protocol/key-list.ts";
import type { Peer } from "../../src/store/discovery-store.ts";
import { beginning, dayMs, minuteMs, timeAfter } from "../conversation/given.ts";
import { type Given, listOf, publicKey } from "./given.ts";

const on = (ms: number) => timeAfter(beginning, ms);
const lists = (...given: readonly Given[]) => listOf("a.test", ...given);
const shows = (kept: Peer | null, list: KeyList, at = beginning) =>
  afterList(kept, list, at, timeAfter(at, 5 * minuteMs));
const one: Given = ["one", null];
const two: Given = ["two", "one"];
const keysOf = ({ list }: Peer) => list?.keys.map(({ key }) => key);
const names = (...all: readonly string[]) => all.map(publicKey);

describe("a list after another", () => {
  test.each<readonly [string, KeyList, readonly string[]]>([
    ["the same", lists(one), ["one"]],
    ["with one more key", lists(one, two), ["one", "two"]],
    ["with several, each vouched for by the one before", lists(one, two, ["three", "two"]), ["one", "two", "three"]],
    ["with the key that it had revoked", lists(["one", null, { revoked: on(dayMs) }], two), ["one", "two"]],
  ])("%s, joins on", (_, list, expected) => {
    const peer = shows(shows(null, lists(one)), list, on(dayMs));
    expect(isStranger(peer, on(dayMs))).toBe(false);
    expect(peer).toMatchObject({ strange: null, fetchedAt: on(dayMs), outcome: "listed" });
    expect(keysOf(peer)).toEqual(names(...expected));
  });

  test.each<readonly [string, KeyList, KeyList]>([
    ["of other keys", lists(one), lists(["other", null])],
    ["that forks from the one before", lists(one, two), lists(one, ["other", "one"])],
    ["without a key that was there, and with another", lists(one, two), lists(one, ["three", "one"])],
    ["with a key as another than before", lists(one, two), lists(one, ["two", "one", { exp: on(dayMs) }])],
    ["with another first key", lists(one, two), lists(["zero", null], ["one", "zero"], two)],
    [
      "with a key that a revoked one vouches for",
      lists(["one", null, { revoked: on(1) }], two),
      lists(["one", null, { revoked: on(1) }], two, ["three", "one"]),
    ],
    [
      "with a key that a revoked one vouches for, the revocation withdrawn",
      lists(["one", null, { revoked: on(1) }], two),
      lists(one, two, ["three", "one"]),
    ],
  ])("%s, makes a stranger, and what was held is held", (_, first, second) => {
    const peer = shows(shows(null, first), second, on(dayMs));
    expect(isStranger(peer, on(dayMs))).toBe(true);
    expect(peer).toMatchObject({ list: first, fetchedAt: beginning, strange: { list: second, since: on(dayMs) } });
  });

  test("is a stranger's from when it was first seen on, until one joins on again", () => {
    const forked = lists(["other", null]);
    const again = shows(shows(shows(null, lists(one)), forked, on(1)), forked, on(dayMs));
    expect(again.strange?.since).toBe(on(1));
    expect(shows(again, lists(one, two), on(2 * dayMs)).strange).toBeNull();
  });

  test("that lacks keys and has no others is a copy from before, for a day", () => {
    const held = shows(null, lists(one, two));
    const copy = shows(held, lists(one), on(minuteMs));
    expect(isStranger(copy, on(minuteMs))).toBe(false);
    // It tells nothing: neither that the keys are still so, nor that there are no others.
    expect(copy).toMatchObject({ list: held.list, fetchedAt: beginning, outcome: "later" });
    expect(shows(copy, lists(one, two), on(dayMs))).toMatchObject({ strange: null, outcome: "listed" });
    const lost = shows(copy, lists(one), on(minuteMs + dayMs));
    expect(isStranger(lost, on(minuteMs + dayMs))).toBe(true);
  });

  test("withdraws no revocation, and moves it to no later time", () => {
    const held = shows(null, lists(["one", null, { revoked: on(dayMs) }], two));
    const revokedIn = ({ list }: Peer) => list?.keys[0]?.revoked;
    expect(revokedIn(shows(held, lists(one, two)))).toBe(on(dayMs));
    expect(revokedIn(shows(held, lists(["one", null, { revoked: on(2 * dayMs) }], two)))).toBe(on(dayMs));
    expect(revokedIn(shows(held, lists(["one", null, { revoked: on(1) }], two)))).toBe(on(1));
  });
});

test("what the operator accepts is held instead; there is nothing to accept of others", () => {
  const held = shows(null, lists(one));
  expect(afterAccepting(null)).toBeNull();
  expect(afterAccepting(held)).toBeNull();
  const other = lists(["other", null]);
  const accepted = afterAccepting(shows(held, other, on(dayMs)));
  expect(accepted).toMatchObject({ list: other, fetchedAt: on(dayMs), strange: null });
});

test("a look-up without a list leaves what is held as it is", () => {
  const held = shows(null, lists(one));
  const failed = afterFailure(held, "a.test", "later", on(dayMs), on(2 * dayMs));
  expect(failed).toEqual({ ...held, outcome: "later", checkedAt: on(dayMs), expiresAt: on(2 * dayMs) });
  expect(afterFailure(null, "a.test", "none", beginning, on(1))).toMatchObject({ list: null, outcome: "none" });
});

describe("a key at a time", () => {
  const windowed = lists(one, ["two", "one", { nbf: on(minuteMs), exp: on(dayMs), revoked: on(minuteMs * 9) }]);
  const held = shows(null, windowed);
  const strange = shows(held, lists(["other", null]), on(3 * minuteMs));

  test.each([
    ["of a platform that is not known: asked", null, "one", 0, 0, "ask"],
    ["in no list: asked", held, "three", 0, 0, "ask"],
    ["before it begins", held, "two", minuteMs - 1, minuteMs, "notInWindow"],
    ["from then on", held, "two", minuteMs, minuteMs, "valid"],
    ["until it was revoked", held, "two", 9 * minuteMs - 1, dayMs, "valid"],
    ["from the revocation on", held, "two", 9 * minuteMs, dayMs, "notInWindow"],
    ["after its end", held, "two", dayMs, dayMs, "notInWindow"],
    ["while the list is trusted", held, "one", 7 * dayMs - 1, 7 * dayMs - 1, "valid"],
    ["once the list is a week old: asked", held, "one", 7 * dayMs, 7 * dayMs, "ask"],
    ["out of its window, whatever the list's age", held, "two", dayMs, 30 * dayMs, "notInWindow"],
    ["that was listed, more than a week ago", held, "one", dayMs, 8 * dayMs + 1, "valid"],
    ["a week ago, of a list that is older: asked", held, "one", dayMs, 8 * dayMs, "ask"],
    ["of a stranger, from before they became one", strange, "one", 3 * minuteMs - 1, dayMs, "valid"],
    ["of a stranger, from then on", strange, "one", 3 * minuteMs, dayMs, "stranger"],
    ["that only the stranger shows", strange, "other", 4 * minuteMs, dayMs, "stranger"],
    ["that a stranger does not show either: asked", strange, "three", 4 * minuteMs, dayMs, "ask"],
  ] as const)("%s", (_, peer, key, at, now, expected) => {
    expect(judgeKey(peer, publicKey(key), on(at), on(now))).toBe(expected);
  });

  test.each([
    ["what a stranger shows", strange, "other", "valid"],
    ["what a stranger had: asked", strange, "one", "ask"],
    ["what is held, of all others", held, "one", "valid"],
  ] as const)("in a conversation that begins: %s", (_, peer, key, expected) => {
    expect(judgeKey(peer, publicKey(key), on(4 * minuteMs), on(dayMs), "shown")).toBe(expected);
  });
});
