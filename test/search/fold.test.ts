// Texts are folded alike, whatever else stands in them.
import fc from "fast-check";
import { expect, test } from "vitest";
import { fold } from "../../src/search/fold.ts";

test("ASCII is folded the same, alone or beside letters of other alphabets", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
      expect(`${fold(text)}e`).toBe(fold(`${text}É`));
      expect(fold(text)).toBe(text.toLowerCase());
    }),
  );
});

test("case, width, accents and what nobody sees do not count", () => {
  expect(["Ünïted", "ＵＮＩＴＥＤ", "uni\u00adted", "United"].map(fold)).toEqual([
    "united",
    "united",
    "united",
    "united",
  ]);
});
