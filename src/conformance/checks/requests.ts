// Tries of sections 3 and 4: requests that are signed in every way but the right one.
import { z } from "zod";
import { sha256 } from "../../protocol/hash.ts";
import { newSeed, signingKey } from "../../protocol/signature.ts";
import type { Asking, Signing } from "../asking.ts";
import { batchOf, type Stage, wordOf } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";

const auth = { method: "GET", path: "/f/auth/" };
const some = batchOf([{ receipt: { conversation: sha256("none"), participant: sha256("none"), seq: 1 } }]);
const batch: Asking = { method: "POST", path: `/f/evt/${sha256(some)}/`, body: some };
const other = Buffer.from('{"entries":[{}]}');

/** Under this key a signature of zeros but for its first byte fits every text: it is the neutral point. */
export const smallOrderKey = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]).toString("base64url");
export const smallOrderSignature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url");

const asked = (asking: Asking) => async (stage: Stage) => {
  const word = wordOf(await stage.request(asking));
  return word.startsWith("2") ? "2xx" : word;
};

/** A GET that is signed otherwise. */
const got = (signing: Signing) => asked({ ...auth, signing });

const problemSchema = z.object({ status: z.int(), title: z.string(), detail: z.string(), code: z.string() });

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000);

/** That the rest is worth trying: a request that is all right is taken. */
export const rightRequest: Try = tryOf("M39", "a GET that is signed rightly", "2xx", asked(auth));

export const requestTries: readonly Try[] = [
  tryOf("M39", "a batch that is signed rightly", "2xx", asked(batch)),
  tryOf("M39", "another label, and the parameters in another order", "2xx", async (stage) => {
    const created = Math.floor(Date.now() / 1_000);
    const keyid = `${stage.signer.platform}/${stage.signer.key.key}`;
    return got({ label: "sig1", parameters: { tag: "parley", keyid, expires: created + 60, created } })(stage);
  }),
  tryOf("M39", "a GET without a signature", "401 UNSIGNED", asked({ ...auth, signing: null })),
  tryOf("M39", "a batch without a signature", "401 UNSIGNED", asked({ ...batch, signing: null })),
  tryOf(
    "M39",
    "Signature without Signature-Input",
    "401 MALFORMED_SIGNATURE",
    asked({ ...auth, headers: { "signature-input": null } }),
  ),
  tryOf(
    "M39",
    "a Signature-Input that is no structured field",
    "401 MALFORMED_SIGNATURE",
    asked({ ...auth, headers: { "signature-input": 'parley=("@method"' } }),
  ),
  tryOf("M39", "a signature over the method alone", "401 WRONG_PROFILE", got({ covered: ["@method"] })),
  tryOf(
    "M39",
    "a signature over @authority, too",
    "401 WRONG_PROFILE",
    got({ covered: ["@method", "@target-uri", "@authority"] }),
  ),
  tryOf(
    "M39",
    "a batch whose signature does not cover the digest",
    "401 WRONG_PROFILE",
    asked({ ...batch, signing: { covered: ["@method", "@target-uri", "content-type"] } }),
  ),
  tryOf(
    "M39",
    "a batch whose signature does not cover the content type",
    "401 WRONG_PROFILE",
    asked({ ...batch, signing: { covered: ["@method", "@target-uri", "content-digest"] } }),
  ),
  tryOf("M39", "a signature without tag", "401 WRONG_PROFILE", got({ parameters: { tag: null } })),
  tryOf("M39", "a signature without expires", "401 WRONG_PROFILE", got({ parameters: { expires: null } })),
  tryOf("M39", "a signature with alg", "401 WRONG_PROFILE", got({ parameters: { alg: "ed25519" } })),
  tryOf("M39", "a signature for an hour", "401 WRONG_PROFILE", got({ lifetimeSeconds: 3_600 })),
  tryOf("M39", "two signatures", "401 WRONG_PROFILE", async (stage) => {
    const once = { "signature-input": 'b=("@method");tag="parley"', signature: "b=:AAAA:" };
    const twice = (headers: Record<string, string>, name: "signature-input" | "signature") =>
      `${headers[name]}, ${once[name]}`;
    const headers = stage.signed(auth);
    return asked({
      ...auth,
      signing: null,
      headers: { "signature-input": twice(headers, "signature-input"), signature: twice(headers, "signature") },
    })(stage);
  }),
  tryOf("M40", "a signature of an hour ago", "401 EXPIRED", got({ createdAt: ago(3_600) })),
  tryOf("M40", "a signature of in an hour", "401 NOT_YET_VALID", got({ createdAt: ago(-3_600) })),
  tryOf(
    "M40",
    "a signature for another host",
    "401 BAD_SIGNATURE",
    got({ targetUri: "https://elsewhere.example/f/auth/" }),
  ),
  tryOf("M40", "a signature for another host, which Host names", "401 BAD_SIGNATURE", (stage) =>
    asked({
      ...auth,
      signing: { targetUri: "https://elsewhere.example/f/auth/" },
      headers: { host: "elsewhere.example" },
    })(stage),
  ),
  tryOf("M40", "a signature for another path", "401 BAD_SIGNATURE", (stage) =>
    got({ targetUri: `https://${stage.tested.name}/f/other/` })(stage),
  ),
  tryOf("M40", "a signature for another query", "401 BAD_SIGNATURE", (stage) =>
    got({ targetUri: `https://${stage.tested.name}/f/auth/?a=1` })(stage),
  ),
  tryOf("M40", "a signature for another method", "401 BAD_SIGNATURE", got({ method: "PUT" })),
  tryOf(
    "M40",
    "another content type than was signed",
    "401 BAD_SIGNATURE",
    asked({ ...batch, headers: { "content-type": "text/plain" } }),
  ),
  tryOf(
    "M40",
    "another body than was signed",
    "401 WRONG_DIGEST",
    asked({ ...batch, signing: { body: other }, headers: {} }),
  ),
  tryOf("M40", "another body than was signed, with a digest of its own", "401 BAD_SIGNATURE", async (stage) => {
    const { "content-digest": digest = "" } = stage.signed(batch);
    return asked({ ...batch, signing: { body: other }, headers: { "content-digest": digest } })(stage);
  }),
  tryOf("M40", "a signature by another key than keyid has", "401 BAD_SIGNATURE", async (stage) => {
    const signer = { platform: stage.signer.platform, key: signingKey(newSeed()) };
    return got({ signer, parameters: { keyid: `${signer.platform}/${stage.signer.key.key}` } })(stage);
  }),
  tryOf("M40", "a signature by a key that is not listed", ["401 UNKNOWN_KEY", "503 KEYS_UNREACHABLE"], (stage) =>
    got({ signer: { platform: stage.signer.platform, key: signingKey(newSeed()) } })(stage),
  ),
  tryOf(
    "M40",
    "a signature in the name of the platform itself, by a key of ours",
    ["401 UNKNOWN_KEY", "503 KEYS_UNREACHABLE"],
    (stage) => got({ signer: { platform: stage.tested.name, key: stage.signer.key } })(stage),
  ),
  tryOf(
    "M40",
    "the signature that fits every text, by a key of small order",
    ["401 BAD_SIGNATURE", "401 UNKNOWN_KEY", "503 KEYS_UNREACHABLE"],
    (stage) =>
      got({
        parameters: { keyid: `${stage.signer.platform}/${smallOrderKey}` },
        signature: smallOrderSignature,
      })(stage),
  ),
  tryOf("M41", "what is not JSON, without a signature", "401 UNSIGNED", (stage) => {
    const body = Buffer.from("{");
    return asked({ method: "POST", path: `/f/evt/${sha256(body)}/`, body, signing: null })(stage);
  }),
  tryOf("M43", "a GET without a signature", "a problem, with its code", async (stage) => {
    const { type, json, status } = await stage.request({ ...auth, signing: null });
    if (!type.startsWith("application/problem+json")) return type || "no content type";
    const { data } = problemSchema.safeParse(json);
    if (!data) return "one of status, title, detail and code is missing";
    return data.status === status ? "a problem, with its code" : `status ${data.status} in an answer ${status}`;
  }),
];
