import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentDigest } from "../../src/federation/content-digest.ts";
import {
  clockSkewSeconds,
  type HttpMessage,
  type RequestFault,
  readSignature,
  signatureLifetimeSeconds,
  signRequest,
} from "../../src/federation/request-signature.ts";
import { encodeBase64url } from "../../src/protocol/encoding.ts";
import { signingKey } from "../../src/protocol/signature.ts";

const created = new Date("2026-11-21T09:00:00.500Z");
const createdSeconds = 1795251600;
const a = { platform: "a.example", key: signingKey(Buffer.alloc(32, 1)) };
const mallory = { platform: "mallory.example", key: signingKey(Buffer.alloc(32, 2)) };

const body = Buffer.from('{"entries":[]}');
const post: HttpMessage = {
  method: "POST",
  targetUri: "https://b.example/f/evt/X/?a=%41",
  headers: new Map([["content-type", "application/json"]]),
  body,
};
const get: HttpMessage = { method: "GET", targetUri: "https://b.example/f/auth/", headers: new Map(), body: null };

/** The message as it arrives: signed, then changed. A header that is null is dropped. */
const arrives = (
  message: HttpMessage,
  {
    headers = {},
    ...changed
  }: Partial<Omit<HttpMessage, "headers">> & { headers?: Record<string, string | null> } = {},
  signer = a,
): HttpMessage => {
  const all = { "content-type": message.headers.get("content-type") ?? null, ...signRequest(message, signer, created) };
  const kept = Object.entries({ ...all, ...headers }).filter((entry): entry is [string, string] => entry[1] !== null);
  return { ...message, headers: new Map(kept), ...changed };
};

const faultOf = (message: HttpMessage, now = created): RequestFault | null => {
  const read = readSignature(message);
  return read.fault ?? read.verify(now);
};

const signedPost = signRequest(post, a, created);
const header = (name: string) => signedPost[name] ?? "";
const input = header("signature-input");

describe("A signed request", () => {
  test("is of this one form", () => {
    expect(input).toBe(
      `parley=("@method" "@target-uri" "content-digest" "content-type");created=${createdSeconds};expires=${createdSeconds + 60};keyid="a.example/${a.key.key}";tag="parley"`,
    );
    expect(header("content-digest")).toBe(contentDigest(body));
    expect(header("signature")).toMatch(/^parley=:[A-Za-z0-9+/]{86}==:$/);
    expect(signRequest(get, a, created)["signature-input"]).toMatch(/^parley=\("@method" "@target-uri"\);created=/);
    expect(Object.keys(signRequest(get, a, created))).toEqual(["signature-input", "signature"]);
  });

  test("has a signature that anybody can check who reads RFC 9421", () => {
    const base = [
      '"@method": POST',
      '"@target-uri": https://b.example/f/evt/X/?a=%41',
      `"content-digest": ${contentDigest(body)}`,
      '"content-type": application/json',
      `"@signature-params": ${input.slice("parley=".length)}`,
    ].join("\n");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: a.key.key }, format: "jwk" });
    const signature = Buffer.from(header("signature").slice("parley=:".length, -1), "base64");
    expect(verify(null, Buffer.from(base), key, signature)).toBe(true);
  });

  test("says who calls before anything is verified", () => {
    const forged = arrives(post, { headers: { signature: `parley=:${Buffer.alloc(64).toString("base64")}:` } });
    expect(readSignature(forged)).toMatchObject({ fault: null, platform: "a.example", key: a.key.key });
    expect(faultOf(forged)).toBe("BAD_SIGNATURE");
  });

  test("may have its headers in a Map or in Headers", () => {
    const { headers, ...message } = arrives(post);
    expect(faultOf({ ...message, headers })).toBeNull();
    expect(
      faultOf({
        ...message,
        headers: new Headers([...new Map(Object.entries(signedPost)), ["content-type", "application/json"]]),
      }),
    ).toBeNull();
  });

  test("may have a label of its own, and its parameters in any order", () => {
    const params = `("@method" "@target-uri");tag="parley";keyid="a.example/${a.key.key}";expires=${createdSeconds + 60};created=${createdSeconds}`;
    const base = `"@method": GET\n"@target-uri": ${get.targetUri}\n"@signature-params": ${params}`;
    const signature = Buffer.from(a.key.signText(base), "base64url").toString("base64");
    const headers = new Map([
      ["signature-input", `sig1=${params}`],
      ["signature", `sig1=:${signature}:`],
    ]);
    expect(faultOf({ ...get, headers })).toBeNull();
  });

  test("whatever it says, holds as it was signed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("GET", "POST", "PUT", "DELETE"),
        fc.webUrl({ withQueryParameters: true, validSchemes: ["https"] }),
        fc.option(fc.uint8Array({ maxLength: 200 })),
        (method, targetUri, bytes) => {
          const message = { ...post, method, targetUri, body: bytes };
          expect(faultOf(arrives(message))).toBeNull();
        },
      ),
    );
  });

  test("without content type for its body, or with a URI that is not ASCII, is not made", () => {
    expect(() => signRequest({ ...post, headers: new Map() }, a, created)).toThrow("content type");
    expect(() => signRequest({ ...get, targetUri: "https://b.example/ä" }, a, created)).toThrow("ASCII");
  });
});

/** Every place once, with one bit turned. */
const changedTexts = (text: string): string[] =>
  Array.from(text, (_, index) => {
    const bytes = Buffer.from(text, "latin1");
    bytes.writeUInt8((bytes[index] ?? 0) ^ (1 << (index % 8)), index);
    return bytes.toString("latin1");
  });

/** Every place with every other character that base64 may have there. */
const changedCharacters = (text: string): string[] => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  return Array.from(text).flatMap((own, index) =>
    Array.from(alphabet)
      .filter((one) => one !== own)
      .map((one) => text.slice(0, index) + one + text.slice(index + 1)),
  );
};

describe("Every changed byte fails", () => {
  test.each([get, post])("of the method $method", (message) => {
    for (const method of changedTexts(message.method))
      expect(faultOf(arrives(message, { method })), method).not.toBeNull();
    expect(faultOf(arrives(message, { method: message.method.toLowerCase() }))).toBe("BAD_SIGNATURE");
  });

  test.each([get, post])("of the URI of a $method", (message) => {
    for (const targetUri of changedTexts(message.targetUri)) {
      expect(faultOf(arrives(message, { targetUri })), targetUri).not.toBeNull();
    }
    expect(faultOf(arrives(message, { targetUri: `${message.targetUri}?` }))).toBe("BAD_SIGNATURE");
    expect(faultOf(arrives(message, { targetUri: message.targetUri.replace("b.example", "c.example") }))).toBe(
      "BAD_SIGNATURE",
    );
  });

  test("of the body: the digest that was signed is another's", () => {
    for (const changed of changedTexts(body.toString("latin1"))) {
      expect(faultOf(arrives(post, { body: Buffer.from(changed, "latin1") }))).toBe("WRONG_DIGEST");
    }
    expect(faultOf(arrives(post, { body: Buffer.concat([body, Buffer.from(" ")]) }))).toBe("WRONG_DIGEST");
    expect(faultOf(arrives(post, { body: body.subarray(1) }))).toBe("WRONG_DIGEST");
  });

  test("of the digest, also where body and digest are changed together", () => {
    for (const changed of changedTexts(header("content-digest"))) {
      expect(faultOf(arrives(post, { headers: { "content-digest": changed } }))).not.toBeNull();
    }
    const other = Buffer.from('{"entries":[1]}');
    const forged = arrives(post, { body: other, headers: { "content-digest": contentDigest(other) } });
    expect(faultOf(forged)).toBe("BAD_SIGNATURE");
  });

  test("of the content type", () => {
    for (const changed of changedTexts("application/json")) {
      expect(faultOf(arrives(post, { headers: { "content-type": changed } }))).not.toBeNull();
    }
  });

  test("of Signature-Input, the platform and the key among it", () => {
    for (const changed of changedTexts(input)) {
      expect(faultOf(arrives(post, { headers: { "signature-input": changed } })), changed).not.toBeNull();
    }
    const asB = input.replace("a.example/", "b.example/");
    expect(faultOf(arrives(post, { headers: { "signature-input": asB } }))).toBe("BAD_SIGNATURE");
    const byAnother = input.replace(a.key.key, mallory.key.key);
    expect(faultOf(arrives(post, { headers: { "signature-input": byAnother } }))).toBe("BAD_SIGNATURE");
  });

  test("of Signature, in every other spelling of base64 too", () => {
    for (const changed of changedTexts(header("signature"))) {
      expect(faultOf(arrives(post, { headers: { signature: changed } })), changed).not.toBeNull();
    }
    // The end of the base64, where bits are left over: no other text stands for the same bytes.
    const [start, end] = [header("signature").slice(0, -7), header("signature").slice(-7, -1)];
    for (const changed of changedCharacters(end)) {
      expect(faultOf(arrives(post, { headers: { signature: `${start}${changed}:` } })), changed).not.toBeNull();
    }
  });
});

/** Rightly signed under a's key, but as `list` and `parameters` say, which need not be the profile. */
const signedOtherwise = (
  message: HttpMessage,
  { list = '"@method" "@target-uri"', parameters = parametersOf({}), label = "parley" },
): HttpMessage => {
  const values = new Map([
    ["@method", message.method],
    ["@target-uri", message.targetUri],
    ["content-digest", contentDigest(message.body ?? Buffer.alloc(0))],
    ["content-type", "application/json"],
    ["@authority", "b.example"],
  ]);
  const params = `(${list})${parameters}`;
  const lines = list
    .split(" ")
    .filter((name) => name !== "")
    .map((name) => `${name}: ${values.get(name.replaceAll('"', ""))}`);
  const base = [...lines, `"@signature-params": ${params}`].join("\n");
  const signature = Buffer.from(a.key.signText(base), "base64url").toString("base64");
  const headers = [...values].filter(([name]) => !name.startsWith("@"));
  return {
    ...message,
    headers: new Map([...headers, ["signature-input", `${label}=${params}`], ["signature", `${label}=:${signature}:`]]),
  };
};

const inProfile = {
  created: `${createdSeconds}`,
  expires: `${createdSeconds + 60}`,
  keyid: `"a.example/${a.key.key}"`,
  tag: '"parley"',
};

const parametersOf = (changed: Record<string, string | null>): string =>
  Object.entries({ ...inProfile, ...changed })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `;${name}=${value}`)
    .join("");

describe("Every dropped component fails", () => {
  const all = ['"@method"', '"@target-uri"', '"content-digest"', '"content-type"'];
  const without = (dropped: string) => all.filter((name) => name !== dropped).join(" ");

  test("nothing but what is dropped is wrong with these", () => {
    expect(faultOf(signedOtherwise(post, { list: all.join(" ") }))).toBeNull();
    expect(faultOf(signedOtherwise(get, {}))).toBeNull();
  });

  test.each(all)("signed without %s", (name) => {
    expect(faultOf(signedOtherwise(post, { list: without(name) }))).toBe("WRONG_PROFILE");
  });

  test.each(['"@method"', '"@target-uri"', ""])("without a body, signed over %s alone", (list) => {
    expect(faultOf(signedOtherwise(get, { list }))).toBe("WRONG_PROFILE");
  });

  test.each(["content-digest", "content-type"])("%s, that was signed, does not arrive", (name) => {
    expect(faultOf(arrives(post, { headers: { [name]: null } }))).toBe("WRONG_PROFILE");
  });

  test("the body does not arrive, or one arrives that was not sent", () => {
    expect(faultOf(arrives(post, { body: null }))).toBe("WRONG_PROFILE");
    expect(faultOf(arrives(post, { body: Buffer.alloc(0) }))).toBe("WRONG_PROFILE");
    const headers = { "content-type": "application/json", "content-digest": contentDigest(body) };
    expect(faultOf(arrives(get, { body, headers }))).toBe("WRONG_PROFILE");
  });

  test.each(Object.keys(inProfile))("signed without the parameter %s", (name) => {
    expect(faultOf(signedOtherwise(get, { parameters: parametersOf({ [name]: null }) }))).toBe("WRONG_PROFILE");
  });
});

describe("A request is refused as", () => {
  const withHeaders = (changed: Record<string, string | null>) => faultOf(arrives(post, { headers: changed }));

  test("UNSIGNED where it has neither header", () => {
    expect(withHeaders({ signature: null, "signature-input": null })).toBe("UNSIGNED");
    expect(faultOf(get)).toBe("UNSIGNED");
  });

  test.each([
    ["one of the headers is missing", { signature: null }],
    ["the other is missing", { "signature-input": null }],
    ["it is no structured field", { "signature-input": 'parley=("@method"' }],
    ["a string does not end", { "signature-input": input.slice(0, -1) }],
    ["there is white space that no serializer puts there", { "signature-input": input.replace('" "', '"  "') }],
    ["a parameter stands twice", { "signature-input": `${input};tag="parley"` }],
    ["a label stands twice", { "signature-input": `${input}, ${input}` }],
    [
      "a number is written otherwise",
      { "signature-input": input.replace(`created=${createdSeconds}`, `created=${createdSeconds}.0`) },
    ],
    ["the base64 is not padded", { signature: header("signature").replace("==", "") }],
    ["the base64 is base64url", { signature: "parley=:_-Ah:" }],
  ])("MALFORMED_SIGNATURE where %s", (_, changed) => expect(withHeaders(changed)).toBe("MALFORMED_SIGNATURE"));

  const signature = header("signature");
  test.each([
    [
      "there are two signatures",
      { "signature-input": `${input}, b${input}`, signature: `${signature}, b${signature}` },
    ],
    ["two are described, of which one is there", { "signature-input": `${input}, b${input}` }],
    ["there are two, of which one is described", { signature: `${signature}, b${signature}` }],
    ["the labels differ", { signature: signature.replace("parley", "sig1") }],
    ["what is signed is no list", { "signature-input": "parley=1" }],
    ["the signature is no bytes", { signature: 'parley="x"' }],
    ["the signature has parameters", { signature: `${signature};a=1` }],
    ["the signature is a list", { signature: `parley=(${signature.slice("parley=".length)})` }],
  ])("WRONG_PROFILE where %s", (_, changed) => expect(withHeaders(changed)).toBe("WRONG_PROFILE"));

  test.each([
    ["more is covered", { list: '"@method" "@target-uri" "@authority"' }],
    ["the order is another", { list: '"@target-uri" "@method"' }],
    ["a component is covered twice", { list: '"@method" "@target-uri" "@target-uri"' }],
    ["a component has a parameter", { list: '"@method" "@target-uri";req' }],
    ["a component's name is a token", { list: '"@method" target-uri' }],
    ["it names an algorithm, even the right one", { parameters: parametersOf({ alg: '"ed25519"' }) }],
    ["it has a nonce", { parameters: parametersOf({ nonce: '"x"' }) }],
    ["the tag is another's", { parameters: parametersOf({ tag: '"other"' }) }],
    ["a time is a text", { parameters: parametersOf({ created: `"${createdSeconds}"` }) }],
    ["a time is before 1970", { parameters: parametersOf({ created: "-1", expires: "1" }) }],
    ["it holds for longer than a minute", { parameters: parametersOf({ expires: `${createdSeconds + 61}` }) }],
    ["it holds for no time", { parameters: parametersOf({ expires: `${createdSeconds}` }) }],
    ["it ends before it begins", { parameters: parametersOf({ expires: `${createdSeconds - 1}` }) }],
    ["keyid is the key alone", { parameters: parametersOf({ keyid: `"${a.key.key}"` }) }],
    ["keyid has a third part", { parameters: parametersOf({ keyid: `"a.example/${a.key.key}/x"` }) }],
    ["keyid names no platform", { parameters: parametersOf({ keyid: `"A.example/${a.key.key}"` }) }],
    ["keyid has a port", { parameters: parametersOf({ keyid: `"a.example:443/${a.key.key}"` }) }],
    ["keyid has a key of another length", { parameters: parametersOf({ keyid: '"a.example/AAAA"' }) }],
    ["keyid is a token", { parameters: parametersOf({ keyid: "a.example" }) }],
  ])("WRONG_PROFILE where %s", (_, changed) => expect(faultOf(signedOtherwise(get, changed))).toBe("WRONG_PROFILE"));

  test("BAD_SIGNATURE where the key is one under which a signature fits every text", () => {
    const neutral = encodeBase64url(Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]));
    const forged = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64");
    const changed = { "signature-input": input.replace(a.key.key, neutral), signature: `parley=:${forged}:` };
    expect(withHeaders(changed)).toBe("BAD_SIGNATURE");
  });

  test("BAD_SIGNATURE where it was signed for another platform, by another key, or is too short", () => {
    expect(faultOf(arrives(get, { targetUri: "https://c.example/f/auth/" }))).toBe("BAD_SIGNATURE");
    const byMallory = signRequest(post, { platform: "a.example", key: mallory.key }, created)["signature"] ?? "";
    expect(withHeaders({ signature: byMallory })).toBe("BAD_SIGNATURE");
    expect(withHeaders({ signature: `parley=:${Buffer.alloc(63).toString("base64")}:` })).toBe("BAD_SIGNATURE");
  });

  const after = (seconds: number) => new Date((createdSeconds + seconds) * 1000);
  const until = signatureLifetimeSeconds + clockSkewSeconds;
  test.each([
    [-clockSkewSeconds, null],
    [-clockSkewSeconds - 1, "NOT_YET_VALID"],
    [-7 * 86_400, "NOT_YET_VALID"],
    [until, null],
    [until + 1, "EXPIRED"],
    [7 * 86_400, "EXPIRED"],
  ])("%i seconds after it was made: %s", (seconds, fault) =>
    expect(faultOf(arrives(post), after(seconds))).toBe(fault),
  );
});
