// What this process remembers of conversations that it wrote to: head and actors, so that the next message in one needs no
// reading. Never trusted: a write expects the head that it was decided on, and where that is old, or nothing is to be
// written, all is loaded and decided again.
import { noWords } from "../conversation/body.ts";
import { type Conversation, emptyState, type Participant } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AppendRequest } from "./conversation-store.ts";
import { actorKey, type Slice, wantedBy } from "./load.ts";
import type { Appended } from "./write.ts";

interface Remembered {
  readonly head: Conversation;
  readonly participants: ReadonlyMap<Hash, Participant>;
  readonly actors: ReadonlyMap<string, Hash>;
}

interface Recalling {
  readonly request: AppendRequest;
  readonly conversation: Hash;
  readonly mayRecall: boolean;
}

export interface HeadMemory {
  /** Slices of the conversations of which everything that these requests need is remembered. */
  recall(requests: readonly Recalling[]): Map<Hash, Slice>;
  /** Remembers what `committed` left, and forgets of all else that was decided on. */
  remember(slices: ReadonlyMap<Hash, Slice>, committed: readonly Appended[]): void;
}

/** @param max conversations; the one that was not written to for longest is forgotten first. About 2 KiB each */
export function createHeadMemory(max = 10_000): HeadMemory {
  const memory = new Map<Hash, Remembered>();

  const isKnown = ({ request, conversation, mayRecall }: Recalling): boolean =>
    mayRecall &&
    "command" in request &&
    memory.get(conversation)?.actors.has(actorKey(request.accountId, request.actor ?? null)) === true &&
    wantedBy(request).length === 0;

  return {
    recall: (requests) => {
      const slices = new Map<Hash, Slice>();
      const unknown = new Set(requests.filter((one) => !isKnown(one)).map(({ conversation }) => conversation));
      for (const { conversation } of requests) {
        const known = memory.get(conversation);
        if (!known || unknown.has(conversation) || slices.has(conversation)) continue;
        const { head, participants, actors } = known;
        const state = { ...emptyState(), conversation: head, participants: new Map(participants) };
        slices.set(conversation, { state, words: noWords(), actors: new Map(actors) });
      }
      return slices;
    },
    remember: (slices, committed) => {
      const seen = new Map([...slices.keys()].map((conversation) => [conversation, memory.get(conversation)]));
      for (const conversation of slices.keys()) memory.delete(conversation);
      for (const { conversation, changes } of committed) {
        const slice = slices.get(conversation);
        // Where people came or went, an account may act as another participant from now on.
        if (!slice?.state.conversation || changes.some(({ participants }) => participants)) continue;
        const before = seen.get(conversation);
        const isSame = before?.head.seq === slice.state.conversation.seq - changes.length;
        memory.set(conversation, {
          head: slice.state.conversation,
          participants: new Map([...(isSame ? before.participants : []), ...slice.state.participants]),
          actors: new Map([...(isSame ? before.actors : []), ...slice.actors]),
        });
      }
      while (memory.size > max) {
        const [oldest] = memory.keys();
        if (oldest === undefined) return;
        memory.delete(oldest);
      }
    },
  };
}
