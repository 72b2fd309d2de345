import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/protocol/canonical-json.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import { type Entry, sealFault } from "../../src/protocol/seal.ts";
import { verifySignature } from "../../src/protocol/signature.ts";
import { signedEventSchema } from "../../src/protocol/wire.ts";
import { abroad, fromAbroad, given, signerOf } from "../conversation/given.ts";

// An entry with all there is: two keys, two signatures, a body, a parent.
const scene = given({ gus: fromAbroad("WRITER") });
const entry: Entry = scene.when("gus").writes("words", 'Shall we meet at "Zoë\'s"?\n\u0001 Or 東京 😀?').accepted();
const { event, signatures, body, salt } = entry;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Every place of `bytes` once, with every bit of it turned once, and once another byte altogether. */
function* changedBytes(bytes: Buffer): Generator<Buffer> {
  for (let index = 0; index < bytes.length; index++) {
    for (const mask of [1 << (index % 8), 1 + ((index * 7) % 255)]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8((bytes[index] ?? 0) ^ mask, index);
      yield changed;
    }
  }
}

/** Every place of `text` with every other character of the alphabet. */
function* changedCharacters(text: string): Generator<string> {
  for (let index = 0; index < text.length; index++) {
    for (const character of alphabet) {
      if (character !== text.charAt(index)) yield text.slice(0, index) + character + text.slice(index + 1);
    }
  }
}

const hashOfBytes = (kind: string, canonical: Buffer) =>
  sha256(Buffer.concat([Buffer.from(`parley/${kind}/1\n`), canonical]));
const previous = { seq: event.seq - 1, hash: event.parent ?? "" };

describe("Every changed byte of a canonical form fails", () => {
  test("of an event: the leader's signature is of another hash", () => {
    const canonical = Buffer.from(canonicalJson(event));
    expect(hashOfBytes("event", canonical)).toBe(entry.hash);
    for (const changed of changedBytes(canonical)) {
      expect(verifySignature(event.key, "event", hashOfBytes("event", changed), signatures.event)).toBe(false);
    }
  });

  test("of a proposal: the platform's signature is of another hash, and the id another's", () => {
    const canonical = Buffer.from(canonicalJson(event.proposal));
    expect(hashOfBytes("proposal", canonical)).toBe(entry.id);
    for (const changed of changedBytes(canonical)) {
      expect(
        verifySignature(event.proposal.key, "proposal", hashOfBytes("proposal", changed), signatures.proposal ?? ""),
      ).toBe(false);
    }
  });

  test("of a body and its salt: they are not what was committed to", () => {
    const canonical = Buffer.from(canonicalJson({ salt, body }));
    expect(hashOfBytes("body", canonical)).toBe(event.proposal.ref);
    for (const changed of changedBytes(canonical)) expect(hashOfBytes("body", changed)).not.toBe(event.proposal.ref);
  });

  test("and of what travels: each changed byte is unreadable or does not hold", () => {
    const text = Buffer.from(canonicalJson({ event, signatures, body, salt }));
    let readable = 0;
    for (const changed of changedBytes(text)) {
      const read = readOrNull(changed);
      if (!read) continue;
      readable++;
      expect(sealFault(read, previous), changed.toString()).not.toBeNull();
    }
    expect(readable).toBeGreaterThan(100);
  });
});

/** As a platform reads what came: null where it is refused at once. */
function readOrNull(bytes: Buffer) {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const parsed = signedEventSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

describe("Every changed character of a hash or a signature fails", () => {
  test("of the hash that was signed", () => {
    for (const changed of changedCharacters(entry.hash)) {
      expect(verifySignature(event.key, "event", changed, signatures.event)).toBe(false);
    }
  });

  test("of a signature", () => {
    for (const changed of changedCharacters(signatures.event)) {
      expect(verifySignature(event.key, "event", entry.hash, changed)).toBe(false);
    }
  });

  test("of the parent", () => {
    for (const changed of changedCharacters(previous.hash)) {
      expect(sealFault(entry, { ...previous, hash: changed })).toBe("BROKEN_CHAIN");
    }
  });

  test("and of any hash or key that stands in the event", () => {
    for (const field of ["conversation", "actor", "ref", "key"] as const) {
      for (const changed of sampled(changedCharacters(event.proposal[field] ?? ""), 40)) {
        const altered = { ...entry, event: { ...event, proposal: { ...event.proposal, [field]: changed } } };
        expect(sealFault(altered, previous)).toBe("BAD_SIGNATURE");
      }
    }
    for (const changed of sampled(changedCharacters(event.key), 40)) {
      expect(sealFault({ ...entry, event: { ...event, key: changed } }, previous)).toBe("BAD_SIGNATURE");
    }
  });
});

/** Every `step`-th. */
function* sampled<T>(all: Iterable<T>, step: number): Generator<T> {
  let count = 0;
  for (const one of all) if (count++ % step === 0) yield one;
}

test("Whatever is signed, only its own key, kind, hash and signature verify", () => {
  const [one, other] = [scene.conversation.leader, abroad].map((platform) => signerOf(platform).key);
  if (!one || !other) throw new Error("two keys are needed");
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(63),
      fc.integer({ min: 1, max: 255 }),
      (bytes, index, mask) => {
        const hash = Buffer.from(bytes).toString("base64url");
        const signature = one.sign("proposal", hash);
        expect(verifySignature(one.key, "proposal", hash, signature)).toBe(true);
        expect(verifySignature(other.key, "proposal", hash, signature)).toBe(false);
        expect(verifySignature(one.key, "event", hash, signature)).toBe(false);
        const changed = Buffer.from(signature, "base64url");
        changed.writeUInt8((changed[index] ?? 0) ^ mask, index);
        expect(verifySignature(one.key, "proposal", hash, changed.toString("base64url"))).toBe(false);
      },
    ),
  );
});
