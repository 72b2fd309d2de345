import { describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url, isBase64url32 } from "../../src/protocol/encoding.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("Bytes have one text (RFC 4648 §5)", () => {
  test.each([16, 32, 64])("%i bytes go there and back", (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + 250) % 256);
    const text = encodeBase64url(bytes);
    expect(text).not.toMatch(/[+/=]/);
    expect(decodeBase64url(text, length)).toEqual(Buffer.from(bytes));
  });

  test("a part of a buffer is that part alone", () => {
    expect(encodeBase64url(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe("AgM");
  });

  test("of the 64 endings of 32 bytes 16 are canonical, and only those are taken", () => {
    const taken = [...alphabet].filter((last) => decodeBase64url("A".repeat(42) + last, 32) !== null);
    expect(taken.sort()).toEqual([..."AEIMQUYcgkosw048"].sort());
    expect([...alphabet].filter((last) => isBase64url32("A".repeat(42) + last)).sort()).toEqual(taken);
  });

  test("of the 64 endings of 16 or 64 bytes 4 are canonical, and only those are taken", () => {
    for (const length of [16, 64]) {
      const start = "A".repeat(Math.ceil((length * 4) / 3) - 1);
      expect([...alphabet].filter((last) => decodeBase64url(start + last, length) !== null).sort()).toEqual([
        "A",
        "Q",
        "g",
        "w",
      ]);
    }
  });

  test.each([
    ["padding", `${"A".repeat(43)}=`],
    ["one character too few", "A".repeat(42)],
    ["one too many", "A".repeat(44)],
    ["nothing", ""],
    ["a space", `${"A".repeat(21)} ${"A".repeat(21)}`],
    ["the other alphabet's +", `+${"A".repeat(42)}`],
    ["the other alphabet's /", `/${"A".repeat(42)}`],
    ["a line's end", `${"A".repeat(42)}\n`],
    ["a line's end after it", `${"A".repeat(43)}\n`],
    ["a letter beyond ASCII", `Ä${"A".repeat(42)}`],
  ])("%s is refused", (_, text) => {
    expect(decodeBase64url(text, 32)).toBeNull();
    expect(isBase64url32(text)).toBe(false);
  });
});
