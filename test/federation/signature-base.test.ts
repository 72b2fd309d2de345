import { describe, expect, test } from "vitest";
import { z } from "zod";
import { signatureBase, signatureParams } from "../../src/federation/signature-base.ts";
import { signingKey, verifyText } from "../../src/protocol/signature.ts";
import { readVectors } from "../vectors/read-vectors.ts";

const pair = <T extends z.ZodType>(value: T) => z.tuple([z.string(), value]);
const vector = readVectors(
  "rfc9421-ed25519.json",
  z.object({
    key: z.object({ d: z.string(), x: z.string() }),
    components: z.array(pair(z.string())),
    parameters: z.array(pair(z.union([z.string(), z.number()]))),
    ...{ label: z.string(), base: z.string(), signatureInput: z.string(), signature: z.string() },
  }),
);

describe("RFC 9421 B.2.6 is reproduced, byte for byte", () => {
  const components = new Map(vector.components);
  const params = signatureParams(components.keys(), new Map(vector.parameters));
  const signer = signingKey(Buffer.from(vector.key.d, "base64url"));

  test("its Signature-Input", () => expect(`${vector.label}=${params}`).toBe(vector.signatureInput));

  test("its signature base", () => expect(signatureBase(components, params)).toBe(vector.base));

  test("its key and its signature", () => {
    expect(signer.key).toBe(vector.key.x);
    const signature = signer.signText(vector.base);
    const bytes = Buffer.from(signature, "base64url").toString("base64");
    expect(`${vector.label}=:${bytes}:`).toBe(vector.signature);
    expect(verifyText(vector.key.x, vector.base, signature)).toBe(true);
  });
});

describe("A message has no signature base", () => {
  const baseWith = (value: string | null) => signatureBase(new Map([["content-type", value]]), '("content-type")');

  test("where something that is covered is missing", () => expect(baseWith(null)).toBeNull());

  test.each(["a\nb", "a\rb", "a\tb", "a\u0000b", "a\u007fb", "ä", "a\u2028b", '\n"@method": GET'])(
    "where a value is %j",
    (value) => expect(baseWith(value)).toBeNull(),
  );

  test("but white space around a value is not part of it (RFC 9421 §2.1)", () => {
    expect(baseWith("  text/plain ")).toBe('"content-type": text/plain\n"@signature-params": ("content-type")');
  });
});
