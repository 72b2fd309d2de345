import { describe, expect, test } from "vitest";
import { domainOf, isAddress } from "../../src/conversation/address.ts";
import { given } from "./given.ts";

describe("An address is lower case, NFC, A-labels", () => {
  test.each([
    "alice@a.example",
    "bob@localhost",
    "first.last+tag@sub.a.example",
    "o'brien@a.example",
    "!#$%&'*+-/=?^_`{|}~@a.example",
    "élodie@a.example",
    "用户@a.example",
    "info@xn--mnchen-3ya.example",
    `${"a".repeat(64)}@a.example`,
  ])("%s", (text) => {
    expect(isAddress(text)).toBe(true);
  });

  test.each([
    ["upper case before the @", "Alice@a.example"],
    ["upper case after it", "alice@A.example"],
    ["upper case beyond ASCII", "Élodie@a.example"],
    ["not composed (NFD)", "e\u0301lodie@a.example"],
    ["a domain in U-labels", "info@münchen.example"],
    ["no @", "alice"],
    ["nothing before it", "@a.example"],
    ["nothing after it", "alice@"],
    ["two", "alice@b@a.example"],
    ["a trailing dot", "alice@a.example."],
    ["a port", "alice@a.example:25"],
    ["a number for a domain", "alice@127.0.0.1"],
    ["a domain literal", "alice@[127.0.0.1]"],
    ["a dot at the start", ".alice@a.example"],
    ["a dot at the end", "alice.@a.example"],
    ["two dots", "al..ice@a.example"],
    ["quotes", '"alice"@a.example'],
    ["a space", "al ice@a.example"],
    ["a no-break space", "al\u00a0ice@a.example"],
    ["a line's end", "alice@a.example\n"],
    ["a line's end within", "alice\r\n@a.example"],
    ["something invisible", "al\u200bice@a.example"],
    ["something that turns the writing", "al\u202eice@a.example"],
    ["U+0000", "al\0ice@a.example"],
    ["half a character", "al\ud83dice@a.example"],
    ["a comment", "alice(work)@a.example"],
    ["a name before it", "Alice <alice@a.example>"],
    ["65 characters before the @", `${"a".repeat(65)}@a.example`],
    ["255 characters", `a@${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.${"e".repeat(11)}`],
    ["nothing", ""],
  ])("%s is refused, never mended", (_, text) => {
    expect(isAddress(text)).toBe(false);
  });

  test("adding another form of one is INVALID_ADDRESS", () => {
    given().when("alice").adds("x", "READER", { address: "Alice@a.example", name: null }).rejected("INVALID_ADDRESS");
  });

  test("its domain is what stands after the @", () => expect(domainOf("alice@a.example")).toBe("a.example"));
});
