// Catching up with a log: pages of it, pulled from a platform that has it, taken in until we have what it has.
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import type { PeerStore } from "../store/peer-store.ts";
import type { LogPage } from "./batch.ts";
import type { Ingest } from "./ingest.ts";
import { isUnreachable, type Transport } from "./transport.ts";
import { beginTurn } from "./turn.ts";

export interface CatchUpOptions {
  readonly platform: PlatformName;
  readonly ingest: Ingest;
  readonly store: Pick<ConversationStore, "entriesAfter">;
  readonly peers: Pick<PeerStore, "head" | "platformsIn" | "owedBodies" | "fillBodies">;
  readonly transport: Pick<Transport, "events">;
  now(): Timestamp;
}

/**
 * `behind`: it could not be asked, or what it has could not be taken now. `more`: there is more than is pulled at a time. `refused`: it
 * shows us nothing, or what it shows does not hold; asking again comes to the same. `heldUpTo`: its log is another than ours, and was held
 * against ours so far.
 */
export type CaughtUp = "caughtUp" | "behind" | "more" | "refused" | { readonly heldUpTo: number };

export interface CatchUp {
  /**
   * Takes in what `from` has of the conversation beyond what is had. Where its log is another than ours, it is held against
   * ours from the beginning, so that what proves that turns up. Safe to repeat.
   * @param heldUpTo where to go on with that; left out where nothing is known of its log
   */
  events(conversation: Hash, from: PlatformName, heldUpTo?: number): Promise<CaughtUp>;
  /**
   * Whom to ask for words that are owed: who spoke for those who said them, the leader, and then all others, but for those in
   * `asked`; null where nobody is left. `isOwed`: whether some are.
   */
  wordsFrom(
    conversation: Hash,
    asked: readonly PlatformName[],
  ): Promise<{ readonly isOwed: boolean; readonly next: PlatformName | null }>;
  /** Asks a platform for words that are owed. Returns whether it may have more than were asked for. Safe to repeat. */
  words(conversation: Hash, from: PlatformName): Promise<boolean>;
}

type Page = Awaited<ReturnType<Transport["events"]>>;

/** So many pages are pulled at a time: then others have their turn. */
const pagesMax = 1_000;
/** Owed words that are looked for at a time. */
const bodiesMax = 500;

export function createCatchUp({ platform, ingest, store, peers, transport, now }: CatchUpOptions): CatchUp {
  /** Whether a log that ends there is none that ours begins with. */
  const isOther = async (conversation: Hash, { seq, hash }: LogPage["head"]): Promise<boolean> => {
    const [own] = await store.entriesAfter(conversation, seq - 1, 1);
    return own !== undefined && own.hash !== hash;
  };

  /** `after`: there is more after this. */
  const pull = async (
    conversation: Hash,
    from: PlatformName,
    first: number,
    isOver: () => boolean,
  ): Promise<"caughtUp" | "behind" | "refused" | "other" | { readonly after: number }> => {
    let after = first;
    let next: Promise<Page> | null = null;
    for (let page = 0; page < pagesMax && (next !== null || !isOver()); page++) {
      const answer: Page = await (next ?? transport.events(from, conversation, after));
      if (answer === null) return "refused";
      if (isUnreachable(answer)) return "behind";
      if (after >= answer.head.seq) return (await isOther(conversation, answer.head)) ? "other" : "caughtUp";
      const last: number = answer.events.at(-1)?.event.seq ?? 0;
      // The next page comes while this one is taken in. Where this one ends it, nobody waits for that.
      next = last > after && last < answer.head.seq && !isOver() ? transport.events(from, conversation, last) : null;
      next?.catch(() => {});
      const { ended } = await ingest(conversation, answer.events, { source: from });
      if (ended?.why === "LATER") return "behind";
      if (ended?.why === "BROKEN_CHAIN") return "other";
      if (ended !== null || last <= after) return "refused";
      after = last;
    }
    return { after };
  };

  return {
    events: async (conversation, from, heldUpTo) => {
      const isOver = beginTurn(now);
      if (heldUpTo === undefined) {
        const pulled = await pull(conversation, from, (await peers.head(conversation))?.seq ?? 0, isOver);
        if (pulled !== "other") return typeof pulled === "object" ? "more" : pulled;
      }
      const held = await pull(conversation, from, heldUpTo ?? 0, isOver);
      if (typeof held === "object") return { heldUpTo: held.after };
      return held === "behind" ? "behind" : "refused";
    },

    wordsFrom: async (conversation, asked) => {
      const owed = await peers.owedBodies(conversation, bodiesMax);
      if (owed.length === 0) return { isOwed: false, next: null };
      const leader = (await peers.head(conversation))?.leader ?? platform;
      const all = [...owed.map((one) => one.platform), leader, ...(await peers.platformsIn(conversation))];
      return { isOwed: true, next: all.find((one) => one !== platform && !asked.includes(one)) ?? null };
    },

    words: async (conversation, from) => {
      const isOver = beginTurn(now);
      let [seen, filled] = [0, 0];
      for (const { seq } of await peers.owedBodies(conversation, bodiesMax)) {
        // A page has those after it, too.
        if (seq <= seen) continue;
        // Who has had time, and had none of them, is not waited for any longer.
        if (isOver()) return filled > 0;
        const answer = await transport.events(from, conversation, seq - 1);
        if (answer === null || isUnreachable(answer) || answer.events.length === 0) return false;
        filled += await peers.fillBodies(conversation, answer.events);
        seen = answer.events.at(-1)?.event.seq ?? seq;
      }
      return false;
    },
  };
}
