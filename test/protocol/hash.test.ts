import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CanonicalJsonError } from "../../src/protocol/canonical-json.ts";
import { type Hashed, hashOf, sha256 } from "../../src/protocol/hash.ts";

const kinds: readonly Hashed[] = ["event", "proposal", "body", "key"];

describe("A hash", () => {
  test.each(kinds)("is SHA-256 over a line that says %s, and canonical JSON", (kind) => {
    const expected = createHash("sha256")
      .update(`parley/${kind}/1\n{"a":[1,"é"],"b":null}`, "utf8")
      .digest("base64url");
    expect(hashOf(kind, { b: null, a: [1, "é"] })).toBe(expected);
  });

  test("of one kind is none of another", () => {
    expect(new Set(kinds.map((kind) => hashOf(kind, {}))).size).toBe(kinds.length);
  });

  test("of what has no canonical form does not exist", () => {
    expect(() => hashOf("body", { a: 0.5 })).toThrow(CanonicalJsonError);
  });

  test("of bytes or text is SHA-256 (FIPS 180-4, the empty message and `abc`)", () => {
    const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(Buffer.from(sha256(""), "base64url").toString("hex")).toBe(empty);
    expect(Buffer.from(sha256(Buffer.from("abc")), "base64url").toString("hex")).toBe(abc);
  });
});
