import { describe, expect, test } from "vitest";
import type { Event, SignedEvent } from "../../src/protocol/event.ts";
import { hashOf } from "../../src/protocol/hash.ts";
import {
  commitmentTo,
  type Entry,
  eventHash,
  isCommitted,
  proposalId,
  sealFault,
  sequence,
  verifyAhead,
} from "../../src/protocol/seal.ts";
import { abroad, fromAbroad, given, home, messageBody, signerOf, someHash, timeAfter } from "../conversation/given.ts";

const scene = given({ gus: fromAbroad("WRITER") });
const own = scene.when("alice").writes("own").accepted();
const foreign = scene.when("gus").writes("foreign").accepted();
const [first, second] = scene.log;
if (!first || !second) throw new Error("the scene has no log");

/** Signed anew by the leader, as somebody would who alters what they sequenced. */
function resealed(entry: Entry, change: Partial<Event>): SignedEvent {
  const event = { ...entry.event, ...change };
  return {
    ...entry,
    event,
    signatures: { ...entry.signatures, event: signerOf(home).key.sign("event", eventHash(event)) },
  };
}

describe("The ids of the protocol", () => {
  test("a proposal's hash is the id of the event, and of the conversation that the first one makes", () => {
    expect(first.id).toBe(hashOf("proposal", first.event.proposal));
    expect(second.event.proposal.conversation).toBe(first.id);
  });

  test("an event's hash stands in the next one's parent", () => {
    expect(second.event.parent).toBe(hashOf("event", first.event));
    expect(first.event.parent).toBeNull();
  });

  test("`ref` is the hash of {salt, body}", () => {
    const { body, salt } = own;
    if (body === null || salt === null) throw new Error("a message has a body");
    expect(own.event.proposal.ref).toBe(hashOf("body", { salt, body }));
    expect(commitmentTo(body, someHash("another salt"))).not.toBe(own.event.proposal.ref);
  });
});

describe("An entry that holds", () => {
  test("has two signatures, or one where the leader proposed it under the same key", () => {
    expect(own.signatures.proposal).toBeNull();
    expect(foreign.signatures.proposal).not.toBeNull();
    for (const entry of scene.log) expect(sealFault(entry, previousOf(entry))).toBeNull();
  });

  test("holds without body and salt, erased or owed", () => {
    expect(sealFault({ ...own, body: null, salt: null }, previousOf(own))).toBeNull();
  });

  test("has one signature also where its platform signed the proposal needlessly", () => {
    const { proposal } = own.event;
    const signature = signerOf(home).key.sign("proposal", own.id);
    const { seq, parent, timestamp } = own.event;
    expect(sequence({ ...own, proposal, signature }, own.id, { seq, parent, timestamp }, signerOf(home))).toEqual(own);
  });

  test("is not made of another platform's proposal without its signature", () => {
    const { seq, parent, timestamp, proposal } = foreign.event;
    const place = { seq, parent, timestamp };
    expect(() => sequence({ ...foreign, proposal, signature: null }, foreign.id, place, signerOf(home))).toThrow(
      /signature/,
    );
  });
});

describe("A leader whose key changed after it made a proposal", () => {
  const { proposal, seq, parent, timestamp } = own.event;
  const place = { seq, parent, timestamp };
  const next = { platform: home, key: signerOf("next").key };
  const former = (key: string) => (key === proposal.key ? signerOf(home).key : null);

  test("signs the event with the key that made the proposal, while it has that", () => {
    expect(sequence({ ...own, proposal, signature: null }, own.id, place, { ...next, former })).toEqual(own);
  });

  test("signs with its own key what another key signed for", () => {
    const signature = signerOf(home).key.sign("proposal", own.id);
    const entry = sequence({ ...own, proposal, signature }, own.id, place, { ...next, former });
    expect(entry.event.key).toBe(next.key.key);
    expect(sealFault(entry, previousOf(own))).toBeNull();
  });

  test("makes no event where it has that key no more", () => {
    const unsigned = { ...own, proposal, signature: null };
    for (const leader of [next, { ...next, former: () => null }])
      expect(() => sequence(unsigned, own.id, place, leader)).toThrow(/signature/);
    const other = { platform: abroad, key: next.key, former };
    expect(() => sequence(unsigned, own.id, place, other)).toThrow(/signature/);
  });
});

function previousOf({ event }: SignedEvent) {
  return event.parent === null ? null : { seq: event.seq - 1, hash: event.parent };
}

describe("BROKEN_CHAIN", () => {
  test.each<[string, Partial<Event>]>([
    ["a seq is left out", { seq: own.event.seq + 1 }],
    ["a seq is there twice", { seq: own.event.seq - 1 }],
    ["the parent is another", { parent: someHash("another") }],
    ["there is no parent", { parent: null }],
  ])("%s", (_, change) => {
    expect(sealFault(resealed(own, change), previousOf(own))).toBe("BROKEN_CHAIN");
  });

  test("the first event is not at 1, or has a parent", () => {
    expect(sealFault(resealed(first, { seq: 2 }), null)).toBe("BROKEN_CHAIN");
    expect(sealFault(resealed(first, { parent: first.hash }), null)).toBe("BROKEN_CHAIN");
  });
});

describe("BAD_SIGNATURE", () => {
  const signed = (entry: SignedEvent, signatures: Partial<SignedEvent["signatures"]>): SignedEvent => ({
    ...entry,
    signatures: { ...entry.signatures, ...signatures },
  });

  test("the event was changed after the leader signed it", () => {
    const event = { ...own.event, timestamp: timeAfter(own.event.timestamp, 1) };
    expect(sealFault({ ...own, event }, previousOf(own))).toBe("BAD_SIGNATURE");
  });

  test("the leader's key did not sign it", () => {
    const forged = signerOf(abroad).key.sign("event", own.hash);
    expect(sealFault(signed(own, { event: forged }), previousOf(own))).toBe("BAD_SIGNATURE");
  });

  test("the proposal was changed by the leader, who can sign the event but not the proposal", () => {
    const proposal = { ...foreign.event.proposal, ref: someHash("other words") };
    expect(sealFault(resealed(foreign, { proposal }), previousOf(foreign))).toBe("BAD_SIGNATURE");
  });

  test("another platform's proposal is unsigned, or signed by the leader in its place", () => {
    const byLeader = signerOf(home).key.sign("proposal", foreign.id);
    expect(sealFault(signed(foreign, { proposal: null }), previousOf(foreign))).toBe("BAD_SIGNATURE");
    expect(sealFault(signed(foreign, { proposal: byLeader }), previousOf(foreign))).toBe("BAD_SIGNATURE");
  });

  test("a proposal's signature is an event's", () => {
    const wrongKind = signerOf(abroad).key.sign("event", foreign.id);
    expect(sealFault(signed(foreign, { proposal: wrongKind }), previousOf(foreign))).toBe("BAD_SIGNATURE");
  });

  test("the leader's own proposal has a signature of its own: an entry has one form", () => {
    const needless = signerOf(home).key.sign("proposal", own.id);
    expect(sealFault(signed(own, { proposal: needless }), previousOf(own))).toBe("BAD_SIGNATURE");
  });

  test("the leader's proposal is under another key than the event, and unsigned", () => {
    const proposal = { ...own.event.proposal, key: signerOf(abroad).key.key };
    expect(sealFault(resealed(own, { proposal }), previousOf(own))).toBe("BAD_SIGNATURE");
  });
});

describe("BAD_COMMITMENT", () => {
  test.each<[string, Partial<SignedEvent>]>([
    ["the body is another", { body: messageBody("I never said this.") }],
    ["the salt is another", { salt: someHash("another") }],
    ["the body comes without its salt", { salt: null }],
    ["the salt comes without its body", { body: null }],
    ["the body has no canonical form", { body: messageBody("a\0b") }],
    ["the body has half a character", { body: messageBody("\ud83d") }],
  ])("%s", (_, change) => {
    expect(sealFault({ ...own, ...change }, previousOf(own))).toBe("BAD_COMMITMENT");
  });

  test("a body comes with what has none", () => {
    const removal = given({ bob: "WRITER" }).when("bob").leaves().accepted();
    expect(isCommitted(removal.event.proposal, messageBody(), someHash("salt"))).toBe(false);
    expect(proposalId(removal.event.proposal)).toBe(removal.id);
  });
});

describe("Verified ahead", () => {
  const forged = signerOf("stranger.example").key;
  const altered: readonly [string, (entry: Entry) => SignedEvent][] = [
    ["nothing is altered", (entry) => ({ ...entry })],
    ["the leader's signature", (entry) => resigned(entry, { event: forged.sign("event", entry.hash) })],
    ["the proposal's signature", (entry) => resigned(entry, { proposal: forged.sign("proposal", entry.id) })],
    ["no text of a signature", (entry) => resigned(entry, { event: "none" })],
    ["a key of small order", (entry) => resealed(entry, { key: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })],
    ["the words", (entry) => ({ ...entry, body: messageBody("I never said this.") })],
  ];
  const resigned = (entry: Entry, but: Partial<SignedEvent["signatures"]>): SignedEvent => {
    return { ...entry, signatures: { ...entry.signatures, ...but } };
  };

  test.each(altered)("an entry is judged as it is without: %s", async (_, alter) => {
    const entries = [own, foreign].map((entry) => [entry, alter(entry)] as const);
    await verifyAhead(entries.map(([, given]) => given));
    for (const [entry, given] of entries)
      expect(sealFault(given, previousOf(entry))).toBe(sealFault({ ...given }, previousOf(entry)));
  });

  test("a copy that says something else is looked at anew", async () => {
    const entry = { ...foreign };
    await verifyAhead([entry]);
    expect(sealFault(entry, previousOf(foreign))).toBeNull();
    const event = { ...foreign.event, timestamp: timeAfter(foreign.event.timestamp, 1) };
    expect(sealFault({ ...entry, event }, previousOf(foreign))).toBe("BAD_SIGNATURE");
  });

  test("what was verified is not verified again", async () => {
    let keysRead = 0;
    const { proposal } = foreign.event;
    const asked = {
      ...proposal,
      get key() {
        keysRead++;
        return proposal.key;
      },
    };
    const entry = { ...foreign, event: { ...foreign.event, proposal: asked } };
    await verifyAhead([entry]);
    const before = keysRead;
    await verifyAhead([entry]);
    expect([before > 0, keysRead]).toEqual([true, before]);
  });

  test("more than are verified at a time", async () => {
    const run = Array.from({ length: 100 }, (_, index) =>
      index % 7 === 0 ? resigned(own, { event: forged.sign("event", own.hash) }) : { ...own },
    );
    await verifyAhead(run);
    const faults = run.map((entry) => sealFault(entry, previousOf(own)));
    expect(faults).toEqual(run.map((_, index) => (index % 7 === 0 ? "BAD_SIGNATURE" : null)));
  });
});
