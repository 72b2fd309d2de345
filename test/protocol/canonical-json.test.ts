import { describe, expect, test } from "vitest";
import { z } from "zod";
import { CanonicalJsonError, canonicalJson, type JsonValue } from "../../src/protocol/canonical-json.ts";
import { readVectors } from "../vectors/read-vectors.ts";

const json: z.ZodType<JsonValue> = z.json();
const { valid, refused } = readVectors(
  "rfc8785-jcs.json",
  z.object({
    valid: z.array(z.object({ why: z.string(), value: json, canonical: z.string() })),
    refused: z.array(z.object({ why: z.string(), value: json })),
  }),
);

describe("A value has one canonical text (RFC 8785)", () => {
  test.each(valid)("$why", ({ value, canonical }) => {
    expect(canonicalJson(value)).toBe(canonical);
  });

  test.each(valid)("the canonical text reads as the same value: $why", ({ value, canonical }) => {
    expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
    expect(JSON.parse(canonical)).toEqual(Object.is(value, -0) ? 0 : value);
  });

  test("whatever order the names were written in", () => {
    expect(canonicalJson({ b: 1, a: { d: 2, c: 3 } })).toBe(canonicalJson({ a: { c: 3, d: 2 }, b: 1 }));
  });

  test("a name is a name, also __proto__ and constructor", () => {
    const value: JsonValue = JSON.parse('{"constructor":1,"__proto__":{"a":2}}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":2},"constructor":1}');
  });
});

describe("What two implementations could say differently is refused", () => {
  test.each(refused)("$why", ({ value }) => {
    expect(() => canonicalJson(value)).toThrow(CanonicalJsonError);
  });

  test.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["undefined", undefined],
    ["a field without a value", { a: undefined }],
    ["a list with undefined in it", [undefined]],
    ["a list with a hole", new Array(1)],
    ["a bigint", 1n],
    ["a symbol", Symbol("a")],
    ["a function", () => 1],
  ])("%s", (_, value) => {
    // @ts-expect-error what the types keep out may still come in from elsewhere
    expect(() => canonicalJson(value)).toThrow(CanonicalJsonError);
  });
});
