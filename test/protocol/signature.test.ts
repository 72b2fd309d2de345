import { createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { encodeBase64url } from "../../src/protocol/encoding.ts";
import {
  isUsableKey,
  newSeed,
  type Signed,
  signingKey,
  verifySignature,
  verifyText,
} from "../../src/protocol/signature.ts";
import { someHash } from "../conversation/given.ts";
import { readVectors } from "../vectors/read-vectors.ts";

const { vectors } = readVectors(
  "rfc8032-ed25519.json",
  z.object({
    vectors: z.array(
      z.object({
        test: z.string(),
        secret: z.string(),
        public: z.string(),
        message: z.string(),
        signature: z.string(),
      }),
    ),
  }),
);

const hash = someHash("something");
const alice = signingKey(Buffer.alloc(32, 7));

/** A check of signatures that knows nothing of ours. */
const isSigned = (publicKey: string, text: Uint8Array, signature: Uint8Array) =>
  verify(null, text, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" }), signature);

describe("Keys and signatures are Ed25519 (RFC 8032 §7.1)", () => {
  test.each(vectors)("$test: the seed gives the public key, under which the signature holds", (vector) => {
    const { key } = signingKey(Buffer.from(vector.secret, "hex"));
    expect(key).toBe(encodeBase64url(Buffer.from(vector.public, "hex")));
    expect(isSigned(key, Buffer.from(vector.message, "hex"), Buffer.from(vector.signature, "hex"))).toBe(true);
  });

  test.each(vectors)("$test: the text that is signed is `parley/KIND/1 HASH`", (vector) => {
    const signer = signingKey(Buffer.from(vector.secret, "hex"));
    for (const kind of ["event", "proposal", "key"] as const satisfies readonly Signed[]) {
      const signature = signer.sign(kind, hash);
      expect(isSigned(signer.key, Buffer.from(`parley/${kind}/1 ${hash}`), Buffer.from(signature, "base64url"))).toBe(
        true,
      );
      expect(verifySignature(signer.key, kind, hash, signature)).toBe(true);
    }
  });

  test("signing again gives the same signature, and a new seed another key", () => {
    expect(alice.sign("event", hash)).toBe(alice.sign("event", hash));
    expect(newSeed()).toHaveLength(32);
    expect(signingKey(newSeed()).key).not.toBe(signingKey(newSeed()).key);
  });

  test("a signature of one kind is none of another, nor of another hash, nor under another key", () => {
    const signature = alice.sign("event", hash);
    expect(verifySignature(alice.key, "proposal", hash, signature)).toBe(false);
    expect(verifySignature(alice.key, "event", someHash("another"), signature)).toBe(false);
    expect(verifySignature(signingKey(newSeed()).key, "event", hash, signature)).toBe(false);
  });

  test("a text that begins with a quotation mark can be signed too, and no other: it is never that of a hash", () => {
    const text = '"@method": GET';
    const signature = alice.signText(text);
    expect(isSigned(alice.key, Buffer.from(text), Buffer.from(signature, "base64url"))).toBe(true);
    expect(verifyText(alice.key, text, signature)).toBe(true);
    expect(verifyText(alice.key, `${text} `, signature)).toBe(false);
    expect(verifyText(signingKey(newSeed()).key, text, signature)).toBe(false);
    const ours = `parley/event/1 ${hash}`;
    expect(() => alice.signText(ours)).toThrow("quotation mark");
    expect(verifyText(alice.key, ours, alice.sign("event", hash))).toBe(false);
  });
});

const fieldPrime = 2n ** 255n - 19n;
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

function littleEndian(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
}

function pointOf(y: bigint, isXOdd: boolean): string {
  return encodeBase64url(littleEndian(isXOdd ? y | (1n << 255n) : y));
}

// y of the points whose order divides 8; reckoned here from the curve, so that a slip of the pen over there shows.
const power = (base: bigint, exponent: bigint): bigint => {
  let [result, square, rest] = [1n, base % fieldPrime, exponent];
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % fieldPrime;
    square = (square * square) % fieldPrime;
  }
  return result;
};
const inverse = (number: bigint) => power(number, fieldPrime - 2n);
const modulo = (number: bigint) => ((number % fieldPrime) + fieldPrime) % fieldPrime;
const d = modulo(-121665n * inverse(121666n));

/** -x² + y² = 1 + dx²y² (RFC 8032 §5.1). */
function add([x1, y1]: readonly [bigint, bigint], [x2, y2]: readonly [bigint, bigint]): readonly [bigint, bigint] {
  const product = modulo(d * x1 * x2 * y1 * y2);
  return [
    modulo((x1 * y2 + y1 * x2) * inverse(modulo(1n + product))),
    modulo((y1 * y2 + x1 * x2) * inverse(modulo(1n - product))),
  ];
}

/** RFC 8032 §5.1.3; null where there is no such point. */
function xOf(y: bigint): bigint | null {
  const square = modulo((y * y - 1n) * inverse(modulo(d * y * y + 1n)));
  const root = power(square, (fieldPrime + 3n) / 8n);
  const candidates = [root, modulo(root * power(2n, (fieldPrime - 1n) / 4n))];
  return candidates.find((x) => modulo(x * x) === square) ?? null;
}

/** The eight points: multiples of one whose order is 8, found by taking the prime order out of any point. */
function smallOrderPoints(): ReadonlyArray<readonly [bigint, bigint]> {
  for (let y = 2n; ; y++) {
    const x = xOf(y);
    if (x === null) continue;
    let [point, rest, sum]: [readonly [bigint, bigint], bigint, readonly [bigint, bigint]] = [
      [x, y],
      groupOrder,
      [0n, 1n],
    ];
    for (; rest > 0n; rest >>= 1n) {
      if (rest & 1n) sum = add(sum, point);
      point = add(point, point);
    }
    const multiples: (readonly [bigint, bigint])[] = [sum];
    for (let last = sum; last[0] !== 0n || last[1] !== 1n; multiples.push(last)) last = add(last, sum);
    if (multiples.length === 8) return multiples;
  }
}

describe("A key under which one signature fits every text is refused", () => {
  const points = smallOrderPoints();
  const ys = [...new Set(points.map(([, y]) => y))];

  test("there are eight such points, of five y", () => {
    expect(points).toHaveLength(8);
    expect(ys).toHaveLength(5);
  });

  const encodings = ys.flatMap((y) =>
    [y, y + fieldPrime]
      .filter((encoded) => encoded < 2n ** 255n)
      .flatMap((encoded) => [pointOf(encoded, false), pointOf(encoded, true)]),
  );

  test.each(encodings)("%s: in every encoding, canonical or not", (key) => {
    expect(isUsableKey(key)).toBe(false);
    // R the neutral point, S zero: under the neutral key this fits the equation whatever the text; OpenSSL 3.0 takes it.
    const signature = encodeBase64url(Buffer.concat([littleEndian(1n), littleEndian(0n)]));
    expect(verifySignature(key, "event", hash, signature)).toBe(false);
    expect(verifyText(key, '"@method": GET', signature)).toBe(false);
  });

  test("no y beyond the field's prime is taken", () => {
    for (let y = fieldPrime; y < 2n ** 255n; y++) {
      expect(isUsableKey(pointOf(y, false))).toBe(false);
      expect(isUsableKey(pointOf(y, true))).toBe(false);
    }
  });
});

describe("A signature has one form", () => {
  const good = Buffer.from(alice.sign("event", hash), "base64url");
  const s = BigInt(`0x${Buffer.from(good.subarray(32)).reverse().toString("hex")}`);

  test("S beyond the group's order is refused (RFC 8032 §5.1.7)", () => {
    for (let more = s + groupOrder; more < 2n ** 256n; more += groupOrder) {
      const forged = encodeBase64url(Buffer.concat([good.subarray(0, 32), littleEndian(more)]));
      expect(verifySignature(alice.key, "event", hash, forged)).toBe(false);
    }
  });

  test("a non-canonical text of the right bytes is refused", () => {
    const text = encodeBase64url(good);
    const last = "AQgw".indexOf(text.slice(-1));
    const sameBytes = text.slice(0, -1) + "BRhx".charAt(last);
    expect(Buffer.from(sameBytes, "base64url")).toEqual(good);
    expect(verifySignature(alice.key, "event", hash, sameBytes)).toBe(false);
    expect(verifySignature(alice.key, "event", hash, `${text}==`)).toBe(false);
  });

  test.each(["", "A", "not a key", "Ä".repeat(43), `${"A".repeat(42)}B`])(
    "%j is no key, and no fault either",
    (key) => {
      expect(isUsableKey(key)).toBe(false);
      expect(verifySignature(key, "event", hash, alice.sign("event", hash))).toBe(false);
    },
  );

  test("32 bytes that are no point verify nothing", () => {
    let y = 2n;
    while (xOf(y) !== null) y++;
    expect(verifySignature(pointOf(y, false), "event", hash, alice.sign("event", hash))).toBe(false);
  });
});
