// A second verifier, written from docs/protocol.md and docs/federation.md alone: it imports nothing of this project's, so
// that what it finds in the vectors is what the documents say. Form of hashes, chain, signatures and commitments, key lists,
// exports, signed requests; no rules.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

// biome-ignore lint/suspicious/noExplicitAny: a verifier in a language without types
type Any = any;
const vectors = (name: string): Any =>
  JSON.parse(readFileSync(new URL(`../../docs/vectors/${name}.json`, import.meta.url), "utf8"));

/** M1, M2. */
function canonical(value: Any): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "number") {
    if (!Number.isInteger(value) || Math.abs(value) > 2 ** 53 - 1) throw new Error("no such number");
    return (value === 0 ? 0 : value).toString();
  }
  if (typeof value === "string") {
    for (const character of value) {
      const code = character.codePointAt(0) ?? 0;
      if (code === 0 || (code >= 0xd800 && code <= 0xdfff)) throw new Error("no such character");
    }
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(",")}}`;
}

/** M3. */
function bytesOf(text: string, length: number): Buffer {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length !== length || bytes.toString("base64url") !== text) throw new Error("not canonical base64url");
  return bytes;
}

/** M4. */
const hashOf = (kind: string, value: Any): string =>
  createHash("sha256").update(`parley/${kind}/1\n`).update(canonical(value)).digest("base64url");

const prime = 2n ** 255n - 19n;
const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let [b, e] = [base % prime, exponent]; e > 0n; e >>= 1n, b = (b * b) % prime)
    if (e & 1n) result = (result * b) % prime;
  return result;
};

/** M6: whether eight times the point is the neutral one, from its y alone: doubling by x² = (y² − 1)/(d y² + 1). */
function isSmallOrder(y: bigint): boolean {
  const d = (prime - ((121665n * power(121666n, prime - 2n)) % prime)) % prime;
  let current = y;
  for (let doubling = 0; doubling < 3; doubling++) {
    const y2 = (current * current) % prime;
    const x2 = (((((y2 - 1n + prime) % prime) * power(d * y2 + 1n, prime - 2n)) % prime) + prime) % prime;
    // y of the double: (y² + x²)/(1 − d x² y²), RFC 8032 §5.1.4 with a = −1.
    current = ((y2 + x2) * power((((1n - d * x2 * y2) % prime) + prime) % prime, prime - 2n)) % prime;
  }
  return current === 1n;
}

/** M6. */
function isTextSigned(text: string, key: string, signature: Buffer): boolean {
  try {
    const y = BigInt(`0x${Buffer.from(bytesOf(key, 32)).reverse().toString("hex")}`) & (2n ** 255n - 1n);
    if (y >= prime || isSmallOrder(y)) return false;
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
    return verify(null, Buffer.from(text), publicKey, signature);
  } catch {
    return false;
  }
}

/** M5. */
function isSigned(kind: string, hash: string, key: string, signature: string): boolean {
  try {
    return isTextSigned(`parley/${kind}/1 ${hash}`, key, bytesOf(signature, 64));
  } catch {
    return false;
  }
}

/** Section 9, checks 2 to 4. */
function sealFault({ event, signatures, body = null, salt = null }: Any, after: Any): string | null {
  const { proposal } = event;
  if (event.seq !== (after?.seq ?? 0) + 1 || event.parent !== (after?.hash ?? null)) return "BROKEN_CHAIN";
  if (!isSigned("event", hashOf("event", event), event.key, signatures.event)) return "BAD_SIGNATURE";
  const isOwn = proposal.platform === event.leader && proposal.key === event.key;
  if (isOwn !== (signatures.proposal === null)) return "BAD_SIGNATURE";
  if (!isOwn && !isSigned("proposal", hashOf("proposal", proposal), proposal.key, signatures.proposal))
    return "BAD_SIGNATURE";
  if ((body === null) !== (salt === null)) return "BAD_COMMITMENT";
  return body !== null && hashOf("body", { body, salt }) !== proposal.ref ? "BAD_COMMITMENT" : null;
}

/** M19. */
function isKeyList({ platform, keys }: Any): boolean {
  const earlier: string[] = [];
  for (const { key, nbf, exp, by, signature } of keys) {
    if (earlier.includes(key) || (exp !== null && exp <= nbf)) return false;
    if (by === null ? earlier.length > 0 : !earlier.includes(by)) return false;
    if (!isSigned("key", hashOf("key", { platform, key, nbf, exp, by }), by ?? key, signature)) return false;
    earlier.push(key);
  }
  return earlier.length > 0;
}

/** M20. */
const maySign = ({ nbf, exp, revoked }: Any, at: string): boolean =>
  at >= nbf && (exp === null || at < exp) && (revoked === null || at < revoked);

/** M39 to M41, M36 and M45, as a request comes to `receiver`: the code that it is refused with, and the text that was signed. */
function requestFault({ method, target, headers, body }: Any, receiver: string, now: string, listed: Any) {
  const [input, sealed] = [headers["signature-input"], headers["signature"]];
  if (input === undefined && sealed === undefined) return { code: "UNSIGNED" };
  // The one form of a dictionary with one member. Of those that have another, it is not told here which rule they break.
  const read = /^([a-z*][a-z0-9_.*-]*)=(\(([^()]*)\)((?:;[a-z]+=(?:\d+|"[\x20-\x7e]*?"))*))$/.exec(input ?? "");
  const signature = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]{86}==):$/.exec(sealed ?? "");
  if (!read || !signature || read[1] !== signature[1]) return { code: "PROFILE" };
  const [, , params = "", covered, parameters = ""] = read;
  const components: [string, string | undefined][] = [
    ["@method", method],
    ["@target-uri", `https://${receiver}${target}`],
  ];
  if (body) for (const name of ["content-digest", "content-type"]) components.push([name, headers[name]]);
  if (covered !== components.map(([name]) => `"${name}"`).join(" ")) return { code: "PROFILE" };
  if (components.some(([, value]) => value === undefined)) return { code: "PROFILE" };
  const named = [...parameters.matchAll(/;([a-z]+)=("?)([^";]*)\2/g)].map(([, name, , value]) => [name, value]);
  const { created, expires, keyid, tag }: Any = Object.fromEntries(named);
  if (
    named
      .map(([name]) => name)
      .sort()
      .join() !== "created,expires,keyid,tag" ||
    tag !== "parley"
  )
    return { code: "PROFILE" };
  const [platform, key] = keyid.split("/");
  if (key === undefined || platform !== platform.toLowerCase()) return { code: "PROFILE" };
  if (!(expires - created >= 1 && expires - created <= 60)) return { code: "PROFILE" };
  const base = [...components.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${params}`].join(
    "\n",
  );
  const nowSeconds = Date.parse(now) / 1_000;
  if (created > nowSeconds + 60) return { code: "NOT_YET_VALID" };
  if (expires < nowSeconds - 60) return { code: "EXPIRED" };
  if (!isTextSigned(base, key, Buffer.from(signature[2] ?? "", "base64"))) return { code: "BAD_SIGNATURE" };
  const digest = createHash("sha256").update(body ?? "");
  if (body && headers["content-digest"] !== `sha-256=:${digest.copy().digest("base64")}:`)
    return { code: "WRONG_DIGEST" };
  const own = listed.find(({ list }: Any) => list.platform === platform)?.list.keys.find((one: Any) => one.key === key);
  if (!own || !maySign(own, now)) return { code: "UNKNOWN_KEY" };
  if (body && target !== `/f/evt/${digest.digest("base64url")}/`) return { code: "WRONG_HASH" };
  return { code: null, base };
}

const ours = ["BROKEN_CHAIN", "BAD_SIGNATURE", "BAD_COMMITMENT"];

describe("Written from the document alone, another verifier finds the same", () => {
  test("canonical form", () => {
    for (const { json, canonical: text } of vectors("canonical-json").valid)
      expect(canonical(JSON.parse(json))).toBe(text);
    for (const { json } of vectors("canonical-json").invalid) expect(() => canonical(JSON.parse(json))).toThrow();
  });

  test("hashes", () => {
    for (const { kind, value, canonical: text, hash } of vectors("hashes").vectors) {
      expect(canonical(value)).toBe(text);
      expect(hashOf(kind, value)).toBe(hash);
    }
  });

  test("signatures", () => {
    for (const { kind, hash, key, signature } of vectors("signatures").valid)
      expect(isSigned(kind, hash, key, signature)).toBe(true);
    for (const { why, kind, hash, key, signature } of vectors("signatures").invalid)
      expect([why, isSigned(kind, hash, key, signature)]).toEqual([why, false]);
  });

  test("entries", () => {
    const { valid, invalid } = vectors("events");
    for (const { id, hash, after, entry } of valid) {
      expect([hashOf("proposal", entry.event.proposal), hashOf("event", entry.event)]).toEqual([id, hash]);
      expect(sealFault(entry, after)).toBeNull();
    }
    const mine = invalid.filter(({ code }: Any) => ours.includes(code));
    expect(mine.length).toBeGreaterThan(9);
    for (const { why, code, after, entry } of mine) expect([why, sealFault(entry, after)]).toEqual([why, code]);
  });

  test("logs, chained from the first event to the head; those that only a rule forbids too", () => {
    const { valid, invalid } = vectors("logs");
    for (const { name, events, outcome } of valid) {
      let after: Any = null;
      for (const entry of events) {
        expect([name, sealFault(entry, after)]).toEqual([name, null]);
        after = { seq: entry.event.seq, hash: hashOf("event", entry.event) };
      }
      expect(after).toEqual({ seq: outcome.seq, hash: outcome.head });
    }
    for (const { log, events, entry } of invalid) {
      const last = valid.find(({ name }: Any) => name === log).events[events - 1];
      expect(sealFault(entry, { seq: last.event.seq, hash: hashOf("event", last.event) })).toBeNull();
    }
  });

  test("key lists and windows", () => {
    const { valid, invalid, windows } = vectors("key-lists");
    for (const list of valid) expect(isKeyList(list)).toBe(true);
    for (const { why, list } of invalid) expect([why, isKeyList(list)]).toEqual([why, false]);
    for (const { listed, at, isValid } of windows) expect(maySign(listed, at)).toBe(isValid);
  });

  test("requests: what is signed, by whom, and for whom", () => {
    const { receiver, now, keys, valid, invalid } = vectors("requests");
    for (const { list } of keys) expect(isKeyList(list)).toBe(true);
    for (const { why, request, base } of valid)
      expect([why, requestFault(request, receiver, now, keys)]).toEqual([why, { code: null, base }]);
    const signed = invalid.filter(({ status }: Any) => status === 401 || status === 400);
    expect(signed.length).toBeGreaterThan(30);
    for (const { why, code, request } of signed) {
      // What is asked for is not read here.
      const mine = ["MALFORMED_SIGNATURE", "WRONG_PROFILE"].includes(code)
        ? "PROFILE"
        : code === "MALFORMED"
          ? null
          : code;
      expect([why, requestFault(request, receiver, now, keys).code]).toEqual([why, mine]);
    }
  });

  test("batches: what of an event or proposal is refused by form, chain and seal alone", () => {
    const { batches, keys } = vectors("requests");
    const lunch = vectors("logs").valid.find(({ name }: Any) => name === "lunch").events;
    const keysOf = (platform: string) => keys.find(({ list }: Any) => list.platform === platform)?.list.keys ?? [];
    let seen = 0;
    for (const { why, holds, entries, results } of batches) {
      let had = holds;
      for (const [index, { event: entry }] of entries.entries()) {
        const { result, code } = results[index];
        if (!entry || code === "BAD_FORM") continue;
        const { event } = entry;
        const after = event.seq === 1 ? null : lunch[event.seq - 2].event;
        const fault = sealFault(entry, after && { seq: after.seq, hash: hashOf("event", after) });
        const isListed = keysOf(event.leader).some((one: Any) => one.key === event.key);
        const mine = fault ?? (isListed ? null : "UNKNOWN_KEY");
        seen++;
        if ([...ours, "UNKNOWN_KEY"].includes(code)) expect([why, mine]).toEqual([why, code]);
        else expect([why, mine]).toEqual([why, null]);
        if (result === "gap") expect(event.seq).toBeGreaterThan(had + 1);
        if (result === "duplicate") expect(event.seq).toBeLessThanOrEqual(had);
        if (result === "accepted") expect(event.seq).toBe(++had);
      }
    }
    expect(seen).toBeGreaterThan(20);
  });

  test("exports: what their exporters signed", () => {
    const { valid, invalid } = vectors("exports");
    const holds = (text: string): boolean => {
      const { statement, signature, events } = JSON.parse(text);
      const { exporter, key, exportedAt, platforms, seq, head } = statement;
      const listed = platforms
        .find(({ platform }: Any) => platform === exporter)
        ?.keys.find((one: Any) => one.key === key);
      const last = events.at(-1).event;
      return (
        platforms.every(isKeyList) &&
        listed !== undefined &&
        maySign(listed, exportedAt) &&
        isSigned("export", hashOf("export", statement), key, signature) &&
        hashOf("proposal", events[0].event.proposal) === statement.conversation &&
        last.seq === seq &&
        hashOf("event", last) === head
      );
    };
    for (const { why, text } of valid) expect([why, holds(text)]).toEqual([why, true]);
    const stated = invalid.filter(
      ({ why }: Any) =>
        /stated|statement was|exporter's key|last event|too many/.test(why) && !why.startsWith("a member"),
    );
    expect(stated).toHaveLength(7);
    for (const { why, text } of stated) expect([why, holds(text)]).toEqual([why, false]);
  });
});
