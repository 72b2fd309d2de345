// What a platform is told beside events in their order: that we lost something, what was erased after it left, and receipts.
import type { PlatformName } from "../protocol/event.ts";
import type { ConversationStore, Place } from "../store/conversation-store.ts";
import type { Head, PeerStore } from "../store/peer-store.ts";
import { type Entry, type Result, signedEventOf } from "./batch.ts";
import type { Doubt } from "./doubt.ts";
import { otherLog, type TellEventsOptions, type Telling } from "./tell-events.ts";

export interface TellOthersOptions {
  readonly store: Pick<ConversationStore, "entriesAfter">;
  readonly peers: Pick<
    PeerStore,
    "standing" | "lossFor" | "erasuresFor" | "erasuresTried" | "erasuresTold" | "receiptsFor" | "receiptsTold"
  >;
  readonly onBehind: TellEventsOptions["onBehind"];
  readonly doubt: Pick<Doubt, "told">;
  now(): string;
}

const receiptsMax = 200;
const erasuresMax = 100;

/** That we lost something: it tells us what it has, and says so when that is all. */
export async function tellLoss({ peers, doubt, now }: TellOthersOptions, to: PlatformName): Promise<Telling> {
  const loss = await peers.lossFor(to, now());
  return {
    entries: loss ? [{ lost: { at: loss.at } }] : [],
    answered: async ([result]) => {
      if (!isFinal(result)) return "still";
      await doubt.told(to);
      return "on";
    },
  };
}

export async function tellErasures({ peers, store }: TellOthersOptions, to: PlatformName): Promise<Telling> {
  const places: Place[] = [];
  const lost: Place[] = [];
  const entries: Entry[] = [];
  for (const place of await peers.erasuresFor(to, erasuresMax)) {
    const [entry] = await store.entriesAfter(place.conversation, place.seq - 1, 1);
    if (!entry) {
      lost.push(place);
      continue;
    }
    places.push(place);
    entries.push({ event: signedEventOf(entry) });
  }
  await peers.erasuresTried(to, lost);
  return {
    entries,
    answered: async (results) => {
      const told = places.filter((_, index) => isFinal(results[index]));
      await peers.erasuresTold(to, told);
      // Or as many that are never taken would keep all others from being told.
      await peers.erasuresTried(
        to,
        places.filter((place) => !told.includes(place)),
      );
      return told.length > 0 ? "on" : "still";
    },
  };
}

/** With them goes where our copy ends: so that those who read the same find out where a leader told them different things. */
export async function tellReceipts({ peers, onBehind }: TellOthersOptions, to: PlatformName): Promise<Telling> {
  const receipts = await peers.receiptsFor(to, receiptsMax);
  const heads: Head[] = [];
  const conversations = [...new Set(receipts.map((receipt) => receipt.conversation))];
  const standings = await Promise.all(conversations.map((conversation) => peers.standing(to, conversation)));
  for (const [index, conversation] of conversations.entries()) {
    const { head, reach = 0 } = standings[index] ?? {};
    // Who is not in it any more is told no more of it.
    if (head && reach >= head.seq) heads.push({ conversation, seq: head.seq, hash: head.head });
  }
  return {
    entries: [...receipts.map((receipt) => ({ receipt })), ...heads.map((head) => ({ head }))],
    answered: async (results) => {
      await headsAnswered(onBehind, to, heads, results.slice(receipts.length));
      await peers.receiptsTold(to, receipts);
      return "on";
    },
  };
}

/** What a platform has that was told where our copies end: where it has more, or another log, we are behind. */
export async function headsAnswered(
  onBehind: TellEventsOptions["onBehind"],
  by: PlatformName,
  heads: readonly Head[],
  results: readonly Result[],
): Promise<void> {
  for (const [index, { conversation, seq }] of heads.entries()) {
    const result = results[index];
    const isOther = result?.result === "rejected" && otherLog.has(result.code);
    if (isOther || (result?.result === "gap" && result.seq > seq)) await onBehind(conversation, by);
  }
}

/** Whether there is nothing more to say about an entry. */
function isFinal(result: Result | undefined): boolean {
  return result !== undefined && result.result !== "later" && result.result !== "gap";
}
