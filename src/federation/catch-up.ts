// Catching up with a log: pages of it, pulled from a platform that has it, taken in until we have what it has.
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import type { OwedBody, PeerStore } from "../store/peer-store.ts";
import type { LogPage } from "./batch.ts";
import type { Ingest } from "./ingest.ts";
import { isUnreachable, type Transport } from "./transport.ts";

export interface CatchUpOptions {
  readonly platform: PlatformName;
  readonly ingest: Ingest;
  readonly store: Pick<ConversationStore, "entriesAfter">;
  readonly peers: Pick<PeerStore, "head" | "platformsIn" | "owedBodies" | "fillBodies">;
  readonly transport: Pick<Transport, "events">;
}

/**
 * `behind`: it could not be asked, or what it has could not be taken now. `more`: there is more than is pulled at a time. `refused`: it
 * shows us nothing, or what it shows does not hold; asking again comes to the same.
 */
export type CaughtUp = "caughtUp" | "behind" | "more" | "refused";

export interface CatchUp {
  /**
   * Takes in what `from` has of the conversation beyond what is had. Where its log is another than ours, it is held against
   * ours from the beginning, so that what proves that turns up. Safe to repeat.
   */
  events(conversation: Hash, from: PlatformName): Promise<CaughtUp>;
  /**
   * Asks for words that are owed: who spoke for those who said them, the leader, and then all others. Returns whether some are
   * owed still. Safe to repeat.
   */
  words(conversation: Hash): Promise<boolean>;
}

/** So many pages are pulled at a time: then others have their turn. */
const pagesMax = 1_000;
/** Owed words that are looked for at a time. */
const bodiesMax = 500;

export function createCatchUp({ platform, ingest, store, peers, transport }: CatchUpOptions): CatchUp {
  /** Whether a log that ends there is none that ours begins with. */
  const isOther = async (conversation: Hash, { seq, hash }: LogPage["head"]): Promise<boolean> => {
    const [own] = await store.entriesAfter(conversation, seq - 1, 1);
    return own !== undefined && own.hash !== hash;
  };

  const pull = async (conversation: Hash, from: PlatformName, first: number): Promise<CaughtUp | "other"> => {
    let after = first;
    for (let page = 0; page < pagesMax; page++) {
      const answer = await transport.events(from, conversation, after);
      if (answer === null) return "refused";
      if (isUnreachable(answer)) return "behind";
      if (after >= answer.head.seq) return (await isOther(conversation, answer.head)) ? "other" : "caughtUp";
      const { ended } = await ingest(conversation, answer.events, { source: from });
      if (ended?.why === "LATER") return "behind";
      if (ended?.why === "BROKEN_CHAIN") return "other";
      const last = answer.events.at(-1)?.event.seq ?? 0;
      if (ended !== null || last <= after) return "refused";
      after = last;
    }
    return "more";
  };

  const ask = async (conversation: Hash, from: PlatformName, owed: readonly OwedBody[]): Promise<void> => {
    let seen = 0;
    for (const { seq } of owed) {
      // A page has those after it, too.
      if (seq <= seen) continue;
      const answer = await transport.events(from, conversation, seq - 1);
      if (answer === null || isUnreachable(answer) || answer.events.length === 0) return;
      await peers.fillBodies(conversation, answer.events);
      seen = answer.events.at(-1)?.event.seq ?? seq;
    }
  };

  return {
    events: async (conversation, from) => {
      const caughtUp = await pull(conversation, from, (await peers.head(conversation))?.seq ?? 0);
      if (caughtUp !== "other") return caughtUp;
      return (await pull(conversation, from, 0)) === "behind" ? "behind" : "refused";
    },

    words: async (conversation) => {
      const asked = new Set<PlatformName>([platform]);
      for (;;) {
        const owed = await peers.owedBodies(conversation, bodiesMax);
        const leader = (await peers.head(conversation))?.leader ?? platform;
        const all = [...owed.map((one) => one.platform), leader, ...(await peers.platformsIn(conversation))];
        const next = all.find((one) => !asked.has(one));
        if (owed.length === 0 || next === undefined) return owed.length > 0;
        asked.add(next);
        await ask(conversation, next, owed);
      }
    },
  };
}
