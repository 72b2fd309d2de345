import fc from "fast-check";
import { expect, test } from "vitest";
import { idOfToken, isTokenOf, mailToken, newSecret, tokenPurposes } from "../../src/mail/mail-token.ts";

const source = () => ({ id: crypto.randomUUID(), secret: newSecret() });

test("a token says whose it is, and holds for its purpose alone, whatever its case", () => {
  const [one, other] = [source(), source()];
  for (const purpose of tokenPurposes) {
    const token = mailToken(purpose, one);
    expect(token).toMatch(/^[a-z2-7]{42}$/);
    expect(idOfToken(token)).toBe(one.id);
    expect(isTokenOf(purpose, token, one)).toBe(true);
    expect(isTokenOf(purpose, token.toUpperCase(), one)).toBe(true);
    expect(isTokenOf(purpose, token, { ...one, secret: other.secret })).toBe(false);
    expect(isTokenOf(purpose, token, other)).toBe(false);
    for (const another of tokenPurposes) expect(isTokenOf(another, token, one)).toBe(another === purpose);
  }
});

test("with the longest word before it, it fits into the local part of an address", () => {
  expect(`bounce+${mailToken("bounce", source())}`.length).toBeLessThanOrEqual(64);
});

test("every changed character makes it another, or none", () => {
  const one = source();
  const token = mailToken("link", one);
  for (let index = 0; index < token.length; index++) {
    for (const character of "abcdefghijklmnopqrstuvwxyz234567") {
      if (character === token[index]) continue;
      const changed = `${token.slice(0, index)}${character}${token.slice(index + 1)}`;
      expect(isTokenOf("link", changed, one)).toBe(false);
    }
  }
});

test("no text breaks it", () => {
  const one = source();
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z2-7]{42}$/)), (text) => {
      const id = idOfToken(text);
      return (id === null || /^[0-9a-f-]{36}$/.test(id)) && !isTokenOf("link", text, one);
    }),
  );
});
