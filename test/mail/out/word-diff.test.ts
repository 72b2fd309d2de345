import fc from "fast-check";
import { expect, test } from "vitest";
import { type Passage, passagesOf } from "../../../src/mail/out/word-diff.ts";

const side = (passages: readonly Passage[] | null, without: "removed" | "added") =>
  passages?.map(({ runs }) => runs.map(({ kind, text }) => (kind === without ? "" : text)).join(""));

test("a changed word is shown with the words around it", () => {
  const before = `${"a ".repeat(30)}noon ${"b ".repeat(30)}`;
  const passages = passagesOf(before, before.replace("noon", "one"));
  expect(side(passages, "added")).toEqual([`${"a ".repeat(8)}noon ${"b ".repeat(7)}`]);
  expect(side(passages, "removed")).toEqual([`${"a ".repeat(8)}one ${"b ".repeat(7)}`]);
  expect(passages).toMatchObject([{ isCutBefore: true, isCutAfter: true }]);
});

test("changes far apart are passages of their own", () => {
  const middle = "m ".repeat(100);
  const passages = passagesOf(`one ${middle}two`, `eins ${middle}zwei`);
  expect(side(passages, "removed")?.map((text) => text.trim().split(" ").at(0))).toEqual(["eins", "m"]);
  expect(passages?.map(({ isCutBefore, isCutAfter }) => [isCutBefore, isCutAfter])).toEqual([
    [false, true],
    [true, false],
  ]);
});

test("where little is the same, or there are too many changes, there are no passages", () => {
  expect(passagesOf("all of this is other", "nothing here was kept")).toBeNull();
  const words = (word: string) => Array.from({ length: 40 }, () => `${"same ".repeat(40)}${word}`).join(" ");
  expect(passagesOf(words("a"), words("b"))).toBeNull();
  expect(passagesOf("a ".repeat(60_000), "a ".repeat(60_000))).toBeNull();
  expect(passagesOf("the same", "the same")).toEqual([]);
});

test("whatever the texts, the passages say words of both, and each change", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "d", "\n", "e f g h i j k l m n o p q r s t u v w x y z"), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [before, after] = [one.join(" "), other.join(" ")];
      const passages = passagesOf(before, after);
      if (passages === null) return;
      for (const shown of side(passages, "added") ?? []) expect(before).toContain(shown);
      for (const shown of side(passages, "removed") ?? []) expect(after).toContain(shown);
      expect(passages.length > 0).toBe(before !== after);
    }),
  );
});

test("very different long texts are given up soon", () => {
  const words = (seed: number) => Array.from({ length: 9_000 }, (_, index) => `w${(index * seed) % 7919}`).join(" ");
  expect(passagesOf(words(3), words(5))).toBeNull();
});
