import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readSignature } from "../../src/federation/request-signature.ts";
import { signingKey } from "../../src/protocol/signature.ts";

const file = join(process.env["PARLEY_TEST_DATA"] ?? "", "vectors-rfc9421", "rfc9421-appendix-b.json");
const headers = z.array(z.tuple([z.string(), z.string()]));
const { messages, keys, cases } = z
  .object({
    messages: z.object({ "test-request": z.object({ headers, body: z.string() }) }),
    keys: z.object({ "test-key-ed25519": z.object({ jwk: z.object({ d: z.string(), x: z.string() }) }) }),
    cases: z.array(
      z.object({ id: z.string(), signature_base: z.string(), signature_input: z.string(), signature: z.string() }),
    ),
  })
  .parse(JSON.parse(readFileSync(file, "utf8")));
const request = messages["test-request"];

describe("The examples of RFC 9421 appendix B", () => {
  test("are six", () => expect(cases).toHaveLength(6));

  test("the one with Ed25519 is signed as it says, byte for byte", () => {
    const { d, x } = keys["test-key-ed25519"].jwk;
    const signer = signingKey(Buffer.from(d, "base64url"));
    expect(signer.key).toBe(x);
    const [example] = cases.filter(({ id }) => id === "B.2.6");
    const signature = Buffer.from(signer.signText(example?.signature_base ?? ""), "base64url").toString("base64");
    expect(`sig-b26=:${signature}:`).toBe(example?.signature);
  });

  test.each(cases)("$id: is read, and is not the profile", (example) => {
    const fields = request.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
    const signed = [["signature-input", example.signature_input] as const, ["signature", example.signature] as const];
    const message = { method: "POST", targetUri: "https://example.com/foo?param=Value&Pet=dog" };
    const read = readSignature({
      ...message,
      headers: new Map([...fields, ...signed]),
      body: Buffer.from(request.body),
    });
    expect(read).toEqual({ fault: "WRONG_PROFILE" });
  });
});
