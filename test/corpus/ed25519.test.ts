import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { encodeBase64url } from "../../src/protocol/encoding.ts";
import { isUsableKey, signingKey, verifySignature } from "../../src/protocol/signature.ts";

const file = join(process.env["PARLEY_TEST_DATA"] ?? "", "vectors-ed25519", "sign-input-64.json");
const hex = z.string().transform((text) => Buffer.from(text, "hex"));
const vectors = z
  .array(z.object({ secret: hex, public: hex, message: hex, signature: hex }))
  .parse(JSON.parse(readFileSync(file, "utf8")));

describe("The vectors of ed25519.cr.yp.to", () => {
  test("are sixty-four", () => expect(vectors).toHaveLength(64));

  test.each(vectors.map((vector, index) => [index + 1, vector] as const))(
    "line %i: seed, key and signature belong together",
    (_, vector) => {
      const signer = signingKey(vector.secret);
      expect(signer.key).toBe(encodeBase64url(vector.public));
      expect(isUsableKey(signer.key)).toBe(true);
      const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: signer.key }, format: "jwk" });
      expect(verify(null, vector.message, key, vector.signature)).toBe(true);
      // What we sign is a text of ours, so their signature is none of it; ours is.
      const hash = encodeBase64url(vector.public);
      expect(verifySignature(signer.key, "event", hash, encodeBase64url(vector.signature))).toBe(false);
      expect(
        verify(null, Buffer.from(`parley/event/1 ${hash}`), key, Buffer.from(signer.sign("event", hash), "base64url")),
      ).toBe(true);
    },
  );
});
