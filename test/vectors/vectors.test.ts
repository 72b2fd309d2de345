// The protocol's vectors, docs/vectors: what this code, and any other, has to read and write alike.
import { describe, expect, test } from "vitest";
import { follow } from "../../src/conversation/follow.ts";
import { rejectionCodes } from "../../src/conversation/rejection.ts";
import { emptyState } from "../../src/conversation/state.ts";
import { faultCodes, openVerification } from "../../src/proof/verify.ts";
import { CanonicalJsonError, canonicalJson } from "../../src/protocol/canonical-json.ts";
import { decodeBase64url } from "../../src/protocol/encoding.ts";
import { hashOf } from "../../src/protocol/hash.ts";
import { isInWindow, keyListFault, keyListSchema } from "../../src/protocol/key-list.ts";
import { eventHash, proposalId, sealFault } from "../../src/protocol/seal.ts";
import { signingKey, verifySignature } from "../../src/protocol/signature.ts";
import { signedEventSchema } from "../../src/protocol/wire.ts";
import { verified } from "../proof/given.ts";
import { protocolVectors } from "./read-vectors.ts";

const vectors = protocolVectors();

describe("Canonical form", () => {
  test.each(vectors.canonicalJson.valid)("$json", ({ json, canonical }) => {
    expect(canonicalJson(JSON.parse(json))).toBe(canonical);
  });
  test.each(vectors.canonicalJson.invalid)("none: $why", ({ json }) => {
    expect(() => canonicalJson(JSON.parse(json))).toThrow(CanonicalJsonError);
  });
});

test.each(vectors.hashes.vectors)("The hash of kind $kind, $hash", ({ kind, value, canonical, hash }) => {
  expect(canonicalJson(value)).toBe(canonical);
  expect(hashOf(kind, value)).toBe(hash);
});

describe("Signatures", () => {
  const { seed, key, valid, invalid } = vectors.signatures;
  test.each(valid)("$text", ({ kind, hash, signature }) => {
    const signer = signingKey(decodeBase64url(seed, 32) ?? Buffer.alloc(0));
    expect(signer.key).toBe(key);
    expect(signer.sign(kind, hash)).toBe(signature);
    expect(verifySignature(key, kind, hash, signature)).toBe(true);
  });
  test.each(invalid)("none: $why", ({ kind, hash, key, signature }) => {
    expect(verifySignature(key, kind, hash, signature)).toBe(false);
  });
});

describe("Entries", () => {
  test.each(vectors.events.valid)("$id holds", ({ id, hash, after, entry }) => {
    const signed = signedEventSchema.parse(entry);
    expect([proposalId(signed.event.proposal), eventHash(signed.event)]).toEqual([id, hash]);
    expect(sealFault(signed, after)).toBeNull();
  });
  test.each(vectors.events.invalid)("$code: $why", ({ code, after, entry }) => {
    const parsed = signedEventSchema.safeParse(entry);
    expect(parsed.success ? sealFault(parsed.data, after) : "BAD_FORM").toBe(code);
  });
});

describe("Logs", () => {
  const { now, valid, invalid } = vectors.logs;
  const reportOf = (events: readonly unknown[]) => {
    const verification = openVerification([], now);
    for (const event of events) if (!verification.entry(event)) break;
    return verification.report();
  };
  test.each(valid)("$name holds, and comes to what is said", ({ outcome, bodies, events }) => {
    expect(reportOf(events)).toMatchObject({ fault: null, events: outcome.seq, head: outcome.head, bodies });
    const state = emptyState();
    for (const event of events) expect(follow(state, signedEventSchema.parse(event), now)).toBeNull();
    const { participants, ...head } = outcome;
    expect(state.conversation).toMatchObject(head);
    expect([...state.participants.values()]).toMatchObject(participants);
  });
  test.each(invalid)("$code: $why", ({ code, log, events, entry }) => {
    const before = valid.find(({ name }) => name === log)?.events.slice(0, events) ?? [];
    expect(reportOf([...before, entry]).fault).toMatchObject({ seq: events + 1, code });
  });
});

describe("Key lists", () => {
  const { valid, invalid, windows } = vectors.keyLists;
  test.each(valid)("a list of $keys.length holds", (list) =>
    expect(keyListFault(keyListSchema.parse(list))).toBeNull(),
  );
  test.each(invalid)("none: $why", ({ list }) => expect(keyListFault(keyListSchema.parse(list))).not.toBeNull());
  test.each(windows)("at $at: $isValid", ({ listed, at, isValid }) => expect(isInWindow(listed, at)).toBe(isValid));
});

describe("Exports", () => {
  const { now, valid, invalid } = vectors.exports;
  test.each(valid)("$why", async ({ text }) => expect((await verified(text, now)).fault).toBeNull());
  test.each(invalid)("$code: $why", async ({ text, seq, code }) => {
    expect((await verified(text, now)).fault).toMatchObject({ seq, code });
  });
});

test("every code that a log can show stands in a vector", () => {
  const shown = [vectors.events, vectors.logs, vectors.exports].flatMap(({ invalid }) =>
    invalid.map(({ code }) => code),
  );
  // Asked of a leader only, or shown by no log.
  const others = [
    "INVALID_BODY",
    "INVALID_ADDRESS",
    "ALREADY_PARTICIPANT",
    "LABEL_EXISTS",
    "RECIPIENT_UNKNOWN",
    "RECIPIENT_UNREACHABLE",
    "LEADER_UNREACHABLE",
    "FROZEN",
  ];
  expect([...new Set([...shown, ...others])].toSorted()).toEqual([...rejectionCodes, ...faultCodes].toSorted());
});
