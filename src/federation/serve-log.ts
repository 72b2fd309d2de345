// What another platform may read of a log here: all of it while it is in the conversation, up to where it left after that.
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import type { PeerStore } from "../store/peer-store.ts";
import { batchLimits, type LogPage, signedEventOf } from "./batch.ts";

export interface ServeLogOptions {
  readonly store: Pick<ConversationStore, "entriesAfter">;
  readonly peers: Pick<PeerStore, "standing">;
}

export type ServeLog = (caller: PlatformName, conversation: Hash, after: number) => Promise<LogPage | null>;

export const pageEvents = 500;
/** Of JSON; bytes are at most three times as many. */
const pageCharacters = batchLimits.bytes / 4;

/** A page of the log after `after`; null where there is none, or none that the caller may know of: nobody can tell which. */
export function createServeLog({ store, peers }: ServeLogOptions): ServeLog {
  return async (caller, conversation, after) => {
    const standing = await peers.standing(caller, conversation);
    if (!standing || standing.reach === 0) return null;
    const { head, reach } = standing;
    const upTo = Math.min(reach, head.seq);
    const [last] = upTo < head.seq ? await store.entriesAfter(conversation, upTo - 1, 1) : [];
    const count = Math.min(pageEvents, upTo - after);
    const entries = count > 0 ? await store.entriesAfter(conversation, after, count) : [];
    const events: ReturnType<typeof signedEventOf>[] = [];
    let characters = 0;
    for (const entry of entries) {
      const event = signedEventOf(entry);
      characters += JSON.stringify(event).length;
      if (characters > pageCharacters && events.length > 0) break;
      events.push(event);
    }
    return { head: { seq: upTo, hash: last?.hash ?? head.head }, events };
  };
}
