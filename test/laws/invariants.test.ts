import fc from "fast-check";
import { expect, test } from "vitest";
import { evolve, fold } from "../../src/conversation/evolve.ts";
import { follow } from "../../src/conversation/follow.ts";
import { apply, emptyState } from "../../src/conversation/state.ts";
import { brokenIn, Watcher } from "./invariants.ts";
import { intent, intents, RandomConversation, verdictOf } from "./random-conversation.ts";

test("No random conversation breaks an invariant", () => {
  fc.assert(
    fc.property(intents, (tried) => {
      const conversation = new RandomConversation();
      for (const one of tried) {
        conversation.try(one);
        expect(brokenIn(conversation.state)).toEqual([]);
      }
      const watcher = new Watcher();
      const state = emptyState();
      for (const entry of conversation.log) {
        expect(watcher.brokenBy(entry, state)).toEqual([]);
        apply(state, evolve(state, entry));
        expect(watcher.brokenLocks(state, entry.event.timestamp)).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
});

test("A fold of 10,000 random commands by random people breaks none, and a follower agrees at every step", () => {
  const many = fc.array(intent, { minLength: 10_000, maxLength: 10_000, size: "max" });
  fc.assert(
    fc.property(many, (tried) => {
      const conversation = new RandomConversation({ stay: 12 });
      const followed = emptyState();
      const watcher = new Watcher();
      const verdicts = new Map<string, number>();
      let seen = 0;
      for (const [step, one] of tried.entries()) {
        const answer = conversation.try(one);
        verdicts.set(verdictOf(answer), (verdicts.get(verdictOf(answer)) ?? 0) + 1);
        for (const entry of conversation.log.slice(seen)) {
          const broken = watcher.brokenBy(entry, followed);
          const fault = follow(followed, entry, entry.event.timestamp);
          if (broken.length > 0 || fault !== null)
            expect({ step, broken, fault }).toEqual({ step, broken: [], fault: null });
        }
        seen = conversation.log.length;
        if (step % 20 === 0) {
          const broken = [...brokenIn(followed), ...watcher.brokenLocks(followed, answer.at)];
          if (broken.length > 0) expect({ step, broken }).toEqual({ step, broken: [] });
        }
      }
      expect(followed).toEqual(conversation.state);
      expect(fold(conversation.log)).toEqual(conversation.state);
      // It was worth the while: much was done, and much was refused, for many reasons.
      expect(conversation.log.length).toBeGreaterThan(500);
      expect(verdicts.size).toBeGreaterThan(8);
    }),
    { numRuns: 1, endOnFailure: true },
  );
});
