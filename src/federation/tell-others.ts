// What a platform is told beside events in their order: that we lost something, what was erased after it left, and receipts.
import type { PlatformName } from "../protocol/event.ts";
import type { ConversationStore, Place } from "../store/conversation-store.ts";
import type { PeerStore } from "../store/peer-store.ts";
import { type Entry, type Result, signedEventOf } from "./batch.ts";
import type { Doubt } from "./doubt.ts";
import type { Telling } from "./tell-events.ts";

export interface TellOthersOptions {
  readonly store: Pick<ConversationStore, "entriesAfter">;
  readonly peers: Pick<PeerStore, "lossFor" | "erasuresFor" | "erasuresTold" | "receiptsFor" | "receiptsTold">;
  readonly doubt: Pick<Doubt, "told">;
  now(): string;
}

const receiptsMax = 400;
const erasuresMax = 100;

/** That we lost something: it tells us what it has, and says so when that is all. */
export async function tellLoss({ peers, doubt, now }: TellOthersOptions, to: PlatformName): Promise<Telling> {
  const loss = await peers.lossFor(to, now());
  return {
    entries: loss ? [{ lost: { at: loss.at } }] : [],
    answered: async ([result]) => {
      if (!isFinal(result)) return false;
      await doubt.told(to);
      return true;
    },
  };
}

export async function tellErasures({ peers, store }: TellOthersOptions, to: PlatformName): Promise<Telling> {
  const places: Place[] = [];
  const entries: Entry[] = [];
  for (const place of await peers.erasuresFor(to, erasuresMax)) {
    const [entry] = await store.entriesAfter(place.conversation, place.seq - 1, 1);
    if (!entry) continue;
    places.push(place);
    entries.push({ event: signedEventOf(entry) });
  }
  return {
    entries,
    answered: async (results) => {
      const told = places.filter((_, index) => isFinal(results[index]));
      await peers.erasuresTold(to, told);
      return told.length > 0;
    },
  };
}

export async function tellReceipts({ peers }: TellOthersOptions, to: PlatformName): Promise<Telling> {
  const receipts = await peers.receiptsFor(to, receiptsMax);
  return {
    entries: receipts.map((receipt) => ({ receipt })),
    answered: async () => {
      await peers.receiptsTold(to, receipts);
      return true;
    },
  };
}

/** Whether there is nothing more to say about an entry. */
function isFinal(result: Result | undefined): boolean {
  return result !== undefined && result.result !== "later" && result.result !== "gap";
}
