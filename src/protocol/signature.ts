// Ed25519 signatures (RFC 8032) of hashes and of requests: which texts are signed, and which keys are refused.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { type Base64url32, decodeBase64url } from "./encoding.ts";
import type { Hash } from "./hash.ts";

/** A public key: 32 bytes, base64url. */
export type PublicKey = Base64url32;

/** A signature: 64 bytes, base64url. */
export type Signature = string;

/** Something that was signed under a key; the text signed is `parley/KIND/1 HASH`. */
export type Signed = "event" | "proposal" | "key" | "export";

/** A key that signs. `sign` takes about 31 µs. */
export interface SigningKey {
  readonly key: PublicKey;
  sign(kind: Signed, hash: Hash): Signature;
  /**
   * Signs what is no hash of ours: the signature base of a request (RFC 9421 §2.5), which begins with `"`.
   * @throws Error for a text that begins otherwise: no `parley/KIND/1 HASH` is ever signed this way
   */
  signText(text: string): Signature;
}

/** The key of a 32-byte seed (RFC 8032 §5.1.5, the "private key"). Safe to call again: the same seed, the same key. */
export function signingKey(seed: Uint8Array): SigningKey {
  // RFC 8410 §7: PKCS #8 around the seed; node:crypto takes no bare seeds.
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const key = rawPublicKey(createPublicKey(privateKey));
  const signBytes = (bytes: Buffer) => sign(null, bytes, privateKey).toString("base64url");
  return {
    key,
    sign: (kind, hash) => signBytes(signedText(kind, hash)),
    signText: (text) => {
      if (!text.startsWith('"')) throw new Error("what is signed as a text has to begin with a quotation mark");
      return signBytes(Buffer.from(text));
    },
  };
}

/** A new seed for `signingKey`, from the system's randomness. */
export function newSeed(): Buffer {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
}

/**
 * Whether `signature` is that of `key` over the hash. Anything that is not in canonical form, and every key that
 * `isUsableKey` refuses, is false, never an error. Takes 125 to 170 µs.
 */
export function verifySignature(key: PublicKey, kind: Signed, hash: Hash, signature: Signature): boolean {
  return verifyBytes(key, signedText(kind, hash), signature);
}

/** The same beside this thread, on one of the few that libuv has for such work: who asks for many does so a part at a time. */
export function verifySignatureBeside(
  key: PublicKey,
  kind: Signed,
  hash: Hash,
  signature: Signature,
): Promise<boolean> {
  const read = readSigned(key, signature);
  if (read === null) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(null, signedText(kind, hash), read.publicKey, read.bytes, (error, isValid) => {
      if (error) reject(error);
      else resolve(isValid);
    });
  });
}

/** The same for what `signText` signs. */
export function verifyText(key: PublicKey, text: string, signature: Signature): boolean {
  return text.startsWith('"') && verifyBytes(key, Buffer.from(text), signature);
}

function verifyBytes(key: PublicKey, text: Buffer, signature: Signature): boolean {
  const read = readSigned(key, signature);
  return read !== null && verify(null, text, read.publicKey, read.bytes);
}

function readSigned(key: PublicKey, signature: Signature) {
  const publicKey = keyObject(key);
  const bytes = decodeBase64url(signature, 64);
  return publicKey === null || bytes === null ? null : { publicKey, bytes };
}

/**
 * Whether `key` is a point that may sign: canonical, on the curve's field, and not of small order. Under a small-order
 * key one signature fits every text. RFC 8032 leaves the check to us, and OpenSSL differs: 3.0 takes such keys, 3.5 does not.
 */
export function isUsableKey(key: PublicKey): boolean {
  return keyObject(key) !== null;
}

function signedText(kind: Signed, hash: Hash): Buffer {
  return Buffer.from(`parley/${kind}/1 ${hash}`);
}

function rawPublicKey(key: KeyObject): PublicKey {
  return key.export({ format: "der", type: "spki" }).subarray(-32).toString("base64url");
}

// A log has few keys and many signatures; making the object costs a third of a verification.
const knownKeys = new Map<PublicKey, KeyObject>();
const knownKeysMax = 1_000;

function keyObject(key: PublicKey): KeyObject | null {
  const known = knownKeys.get(key);
  if (known) return known;
  const bytes = decodeBase64url(key, 32);
  if (bytes === null || isRefusedPoint(bytes)) return null;
  // RFC 8410 §4: SubjectPublicKeyInfo around the 32 bytes.
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), bytes]);
  const made = createPublicKey({ key: der, format: "der", type: "spki" });
  if (knownKeys.size >= knownKeysMax) knownKeys.clear();
  knownKeys.set(key, made);
  return made;
}

const fieldPrime = 2n ** 255n - 19n;

/** The y coordinates of the eight points whose order divides 8 (two x for most of them). */
const smallOrderY = new Set([
  0n, // order 4
  1n, // order 1
  fieldPrime - 1n, // order 2
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n, // order 8
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n, // order 8
]);

function isRefusedPoint(bytes: Buffer): boolean {
  const littleEndian = Buffer.from(bytes);
  littleEndian.writeUInt8((bytes[31] ?? 0) & 0x7f, 31); // the top bit is the sign of x, RFC 8032 §5.1.2
  const y = BigInt(`0x${littleEndian.reverse().toString("hex")}`);
  return y >= fieldPrime || smallOrderY.has(y);
}
