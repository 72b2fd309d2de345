import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold } from "../../src/conversation/evolve.ts";
import { follow, followAll } from "../../src/conversation/follow.ts";
import { emptyState } from "../../src/conversation/state.ts";
import type { SignedEvent } from "../../src/protocol/event.ts";
import { type Entry, eventHash, proposalId, sequence } from "../../src/protocol/seal.ts";
import { signedEventSchema } from "../../src/protocol/wire.ts";
import { abroad, beginning, home, signerOf, someHash, timeAfter } from "../conversation/given.ts";
import { conversationOf, intent, intents, RandomConversation } from "./random-conversation.ts";

/** Later than all that happens here. */
const later = "2030-01-01T00:00:00.000Z";
const place = fc.nat(9_999);

function at<T>(list: readonly T[], number: number): T {
  const one = list[number % list.length];
  if (one === undefined) throw new Error("the list is empty");
  return one;
}

/** What is left of an entry when it travels. */
function travelled({ event, signatures, body, salt }: Entry): SignedEvent {
  return signedEventSchema.parse(JSON.parse(JSON.stringify({ event, signatures, body, salt })));
}

function seqOfFault(log: readonly SignedEvent[]): number | null {
  const result = followAll(log, later);
  return "fault" in result ? result.seq : null;
}

describe("The same log comes to the same state", () => {
  test("folded once or twice, with or without what came of accepting it", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const { log, state } = conversationOf(tried);
        expect(fold(log)).toEqual(state);
        expect(fold(log)).toEqual(fold(log));
      }),
    );
  });

  test("in pieces, as pages come in", () => {
    fc.assert(
      fc.property(intents, place, (tried, number) => {
        const { log, state } = conversationOf(tried);
        const cut = number % log.length;
        expect(fold(log.slice(cut), fold(log.slice(0, cut)))).toEqual(state);
      }),
    );
  });

  test("after it travelled as JSON, checked entry by entry", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const { log, state } = conversationOf(tried);
        expect(followAll(log.map(travelled), later)).toEqual({ state });
      }),
      { numRuns: 50 },
    );
  });
});

describe("Nothing happens twice", () => {
  test("the ids of a log are all different, and each proposal's is that of its event: a repeated one is found by it", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const { log } = conversationOf(tried);
        const found = new Map(log.map((entry) => [entry.id, entry]));
        expect(found.size).toBe(log.length);
        for (const entry of log) expect(found.get(proposalId(entry.event.proposal))).toBe(entry);
      }),
    );
  });

  test("an entry that is taken already changes nothing when it comes again", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const { log, state } = conversationOf(tried);
        const before = structuredClone(state);
        for (const entry of log) expect(follow(state, entry, later)).toBe("BROKEN_CHAIN");
        expect(state).toEqual(before);
      }),
      { numRuns: 20 },
    );
  });

  test("nor does a proposal that a leader gives a second place", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const { log, state } = conversationOf(tried);
        const before = structuredClone(state);
        for (const { event, id, signatures, body, salt } of log) {
          const { conversation } = state;
          if (!conversation) throw new Error("there is no conversation");
          const { proposal } = event;
          const signature = signatures.proposal ?? signerOf(proposal.platform).key.sign("proposal", id);
          const next = { seq: conversation.seq + 1, parent: conversation.head, timestamp: conversation.timestamp };
          const again = sequence({ proposal, signature, body, salt }, id, next, signerOf(conversation.leader));
          expect(follow(state, again, later)).not.toBeNull();
        }
        expect(state).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });
});

describe("There is no state without a permitted event", () => {
  test("a log without one of its events is refused where that is missing", () => {
    fc.assert(
      fc.property(intents, place, (tried, number) => {
        const { log } = conversationOf(tried);
        const gap = number % (log.length - 1);
        expect(seqOfFault(log.toSpliced(gap, 1))).toBe(gap + 1);
      }),
      { numRuns: 50 },
    );
  });

  test("a log with two events swapped is refused at the first of them", () => {
    fc.assert(
      fc.property(intents, place, place, (tried, one, other) => {
        const { log } = conversationOf(tried);
        const [first, second] = [one % log.length, other % log.length].sort((a, b) => a - b);
        fc.pre(first !== undefined && second !== undefined && first !== second);
        const swapped = log.with(first, at(log, second)).with(second, at(log, first));
        expect(seqOfFault(swapped)).toBe(first + 1);
      }),
      { numRuns: 50 },
    );
  });

  test("a log with one event there twice is refused at the second", () => {
    fc.assert(
      fc.property(intents, place, (tried, number) => {
        const { log } = conversationOf(tried);
        const index = number % log.length;
        expect(seqOfFault(log.toSpliced(index, 0, at(log, index)))).toBe(index + 2);
      }),
      { numRuns: 30 },
    );
  });

  /** Each field, said otherwise; of the same kind where there is one. */
  const alterations: ReadonlyArray<readonly [string, (entry: Entry) => SignedEvent]> = [
    ...(["seq", "parent", "timestamp", "leader", "key"] as const).map((field) => {
      const other = {
        seq: 999,
        parent: someHash("other"),
        timestamp: timeAfter(beginning, 123_456_789),
        leader: "c.example",
        key: signerOf("c.example").key.key,
      };
      return [
        field,
        (entry: Entry): SignedEvent => ({ ...entry, event: { ...entry.event, [field]: other[field] } }),
      ] as const;
    }),
    ...(
      [
        "v",
        "conversation",
        "platform",
        "key",
        "actor",
        "sentAt",
        "action",
        "model",
        "item",
        "value",
        "follows",
        "ref",
      ] as const
    ).map((field) => {
      const hash = someHash("other");
      const other = {
        v: 2,
        conversation: hash,
        platform: "c.example",
        key: signerOf("c.example").key.key,
        actor: hash,
        sentAt: timeAfter(beginning, 1),
        action: "release",
        model: "label",
        item: hash,
        value: { role: "COMMENTER" },
        follows: hash,
        ref: hash,
      } as const;
      return [
        `proposal.${field}`,
        (entry: Entry): SignedEvent => ({
          ...entry,
          event: { ...entry.event, proposal: { ...entry.event.proposal, [field]: other[field] } },
        }),
      ] as const;
    }),
    [
      "signatures.event",
      (entry) => ({
        ...entry,
        signatures: { ...entry.signatures, event: signerOf("c.example").key.sign("event", entry.hash) },
      }),
    ],
    [
      "signatures.proposal",
      (entry) => ({
        ...entry,
        signatures: {
          ...entry.signatures,
          proposal: entry.signatures.proposal === null ? entry.signatures.event : null,
        },
      }),
    ],
    ["body", (entry) => ({ ...entry, body: { name: "other words" } })],
    ["salt", (entry) => ({ ...entry, salt: someHash("other") })],
  ];

  test.each(alterations)("a log with %s of one event altered is refused there", (_, alter) => {
    fc.assert(
      fc.property(intents, place, (tried, number) => {
        const { log } = conversationOf(tried);
        const index = number % log.length;
        const other = alter(at(log, index));
        // It may have said that already.
        fc.pre(!isDeepStrictEqual(other, at(log, index)));
        const altered: readonly SignedEvent[] = [...log.slice(0, index), other, ...log.slice(index + 1)];
        expect(seqOfFault(altered)).toBe(index + 1);
      }),
      { numRuns: 5 },
    );
  });

  test("what the rules refuse, a follower refuses, though a leader who does not keep to them signed it", () => {
    fc.assert(
      fc.property(intents, intent, (tried, one) => {
        const conversation = conversationOf(tried);
        const { seq, head, leader } = conversation.state.conversation ?? { seq: 0, head: "", leader: home };
        const { signed, id, at: timestamp, result } = conversation.try(one);
        const bodyCodes = ["INVALID_BODY", "LABEL_EXISTS", "ALREADY_PARTICIPANT", "INVALID_ADDRESS"];
        fc.pre(result !== "done" && !("entry" in result) && !bodyCodes.includes(result.code));
        const signature = signed.signature ?? signerOf(signed.proposal.platform).key.sign("proposal", id);
        const key = signerOf(signed.proposal.platform).key.key;
        const honest = { ...signed, signature, proposal: { ...signed.proposal, key } };
        const resigned = {
          ...honest,
          signature: signerOf(signed.proposal.platform).key.sign("proposal", proposalId(honest.proposal)),
        };
        const entry = sequence(
          resigned,
          proposalId(honest.proposal),
          { seq: seq + 1, parent: head, timestamp },
          signerOf(leader),
        );
        const code = "code" in result ? result.code : null;
        expect(follow(conversation.state, { ...entry, body: null, salt: null }, later)).toEqual({
          againstTheRules: code,
        });
      }),
      { numRuns: 200 },
    );
  });

  test("an accepted event that another platform than the leader sequenced is refused", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const { log } = conversationOf(tried);
        const last = log.at(-1);
        if (!last) throw new Error("the log is empty");
        const usurper = signerOf(last.event.leader === home ? abroad : home);
        const event = { ...last.event, leader: usurper.platform, key: usurper.key.key };
        const isItsOwn = event.proposal.platform === usurper.platform;
        const proposal = isItsOwn ? null : signerOf(event.proposal.platform).key.sign("proposal", last.id);
        const usurped = {
          ...last,
          event,
          signatures: { event: usurper.key.sign("event", eventHash(event)), proposal },
        };
        const result = followAll([...log.slice(0, -1), usurped], later);
        expect(result).toEqual({ seq: log.length, fault: "WRONG_LEADER" });
      }),
      { numRuns: 30 },
    );
  });
});

test("A conversation that only began is a log of its own", () => {
  const { log, state } = new RandomConversation();
  expect(followAll(log, later)).toEqual({ state });
  expect(followAll([], later)).toEqual({ state: emptyState() });
});
