import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/conversation/decide.ts";
import { evolve } from "../../src/conversation/evolve.ts";
import { followAll } from "../../src/conversation/follow.ts";
import { sliceOf } from "../../src/conversation/needs.ts";
import { emptyState, type State } from "../../src/conversation/state.ts";
import { conversationOf, intents, RandomConversation, verdictOf } from "./random-conversation.ts";

const later = "2030-01-01T00:00:00.000Z";

/** What only the leader looks at: the words. */
const ofWords = ["INVALID_BODY", "INVALID_ADDRESS", "LABEL_EXISTS", "ALREADY_PARTICIPANT"];

describe("No rule reads a body", () => {
  test("a log without its bodies and salts comes to the same state", () => {
    fc.assert(
      fc.property(intents, fc.infiniteStream(fc.boolean()), (tried, isErased) => {
        const { log, state } = conversationOf(tried);
        const bare = log.map((entry) => (isErased.next().value ? { ...entry, body: null, salt: null } : entry));
        expect(followAll(bare, later)).toEqual({ state });
      }),
      { numRuns: 30 },
    );
  });

  test("the same commands with other words get the same answers", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const one = new RandomConversation();
        const other = new RandomConversation({ said: (count) => `quite ${"other ".repeat(count % 5)}${count}` });
        expect(tried.map((intent) => verdictOf(other.try(intent)))).toEqual(
          tried.map((intent) => verdictOf(one.try(intent))),
        );
        const skeleton = ({ state }: RandomConversation) =>
          [...state.messages.values()].map(({ seq, removedSeq, wordsSeq, lockUntil }) => [
            seq,
            removedSeq,
            wordsSeq,
            lockUntil,
          ]);
        expect(skeleton(other)).toEqual(skeleton(one));
      }),
    );
  });

  test("the leader's verdict is that of the rules, but for the words", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const conversation = new RandomConversation();
        for (const intent of tried) {
          let decided = "";
          const answer = verdictOf(
            conversation.try(intent, ({ proposal }, at) => {
              const decision = decide(conversation.state, proposal, at);
              decided = typeof decision === "string" ? decision : decision.code;
            }),
          );
          if (!ofWords.includes(answer)) expect(answer).toBe(decided);
        }
      }),
    );
  });
});

describe("A decision reads no more of the state than `needs` says", () => {
  test("on that part of it the verdict is the same, CONFLICT's latest event too, and so are the changes", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const conversation = new RandomConversation();
        for (const intent of tried) {
          let slice: State = emptyState();
          const { result } = conversation.try(intent, ({ proposal }, at) => {
            slice = sliceOf(conversation.state, proposal);
            expect(decide(slice, proposal, at)).toEqual(decide(conversation.state, proposal, at));
          });
          if (result !== "done" && "entry" in result) expect(evolve(slice, result.entry)).toEqual(result.changes);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("and a slice is small: it does not grow with messages, nor, but for what is limited, with anything else", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const conversation = new RandomConversation();
        for (const intent of tried) {
          conversation.try(intent, ({ proposal }) => {
            const { messages, participants, labels, attachments } = sliceOf(conversation.state, proposal);
            expect(messages.size).toBeLessThanOrEqual(1);
            expect(participants.size).toBeLessThanOrEqual(5 + labels.size + attachments.size);
          });
        }
      }),
    );
  });
});

describe("Deciding and evolving change nothing", () => {
  test("they answer the same when asked again, and leave the state as it was", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const conversation = new RandomConversation();
        for (const intent of tried) {
          conversation.try(intent, ({ proposal }, at) => {
            const before = structuredClone(conversation.state);
            expect(decide(conversation.state, proposal, at)).toEqual(decide(conversation.state, proposal, at));
            expect(conversation.state).toEqual(before);
          });
        }
      }),
      { numRuns: 20 },
    );
  });

  test("what is rejected or done already leaves state, words and log as they were", () => {
    fc.assert(
      fc.property(intents, (tried) => {
        const conversation = new RandomConversation();
        for (const intent of tried) {
          let before = emptyState();
          const words = structuredClone(conversation.words);
          const { result } = conversation.try(intent, () => {
            before = structuredClone(conversation.state);
          });
          if (result !== "done" && "entry" in result) continue;
          expect(conversation.state).toEqual(before);
          expect(conversation.words).toEqual(words);
        }
      }),
      { numRuns: 20 },
    );
  });
});
