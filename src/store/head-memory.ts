// What this process remembers of conversations that it wrote to: head and actors, so that the next message in one needs no
// reading. Never trusted: a write expects the head that it was decided on, and where that is old, or nothing is to be
// written, all is loaded and decided again.
import { noWords } from "../conversation/body.ts";
import { type Conversation, emptyState, type Participant, type State } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { WriteRequest } from "./conversation-store.ts";
import { actorKey, type Slice, wantedBy } from "./load.ts";

import type { Appended } from "./write.ts";

/** Who acted, by `actorKey`; whoever did so last is last. */
type Actors = Map<string, Participant>;

interface Remembered {
  readonly head: Conversation;
  readonly actors: Actors;
}

interface Recalling {
  readonly request: WriteRequest;
  readonly conversation: Hash;
  readonly mayRecall: boolean;
}

export interface HeadMemory {
  /** Slices of the conversations of which everything that these requests need is remembered. */
  recall(requests: readonly Recalling[]): Map<Hash, Slice>;
  /** Remembers what `committed` left, and forgets of all else that was decided on. */
  remember(slices: ReadonlyMap<Hash, Slice>, committed: readonly Appended[]): void;
}

/** Who acted last in a conversation: more are not remembered, so that an append costs the same with any number of them. */
const actorsMax = 16;

/** @param max conversations; the one that was not written to for longest is forgotten first. A few KiB each */
export function createHeadMemory(max = 10_000): HeadMemory {
  const memory = new Map<Hash, Remembered>();

  /** The remembered actor, where that is all that the request needs. */
  const actorOf = ({ request, conversation, mayRecall }: Recalling): readonly [string, Participant] | null => {
    if (!mayRecall || !("command" in request) || wantedBy(request).length > 0) return null;
    const key = actorKey(request.accountId, request.actor ?? null);
    const actor = memory.get(conversation)?.actors.get(key);
    return actor ? [key, actor] : null;
  };

  return {
    recall: (requests) => {
      const slices = new Map<Hash, Slice>();
      for (const [conversation, asking] of Map.groupBy(requests, (request) => request.conversation)) {
        const head = memory.get(conversation)?.head;
        const actors = asking.map(actorOf).filter((actor) => actor !== null);
        if (!head || actors.length < asking.length) continue;
        const state: State = { ...emptyState(), conversation: head };
        for (const [, actor] of actors) state.participants.set(actor.id, actor);
        slices.set(conversation, {
          state,
          words: noWords(),
          actors: new Map(actors.map(([key, { id }]) => [key, id])),
          // Where it came into doubt since, the write is refused.
          isInDoubt: false,
        });
      }
      return slices;
    },
    remember: (slices, committed) => {
      const before = new Map([...slices.keys()].map((conversation) => [conversation, memory.get(conversation)]));
      for (const conversation of slices.keys()) memory.delete(conversation);
      for (const { conversation, changes } of committed) {
        const slice = slices.get(conversation);
        const head = slice?.state.conversation;
        // Where people came or went, an account may act as another participant from now on.
        if (!slice || !head || changes.some(({ participants }) => participants)) continue;
        const known = before.get(conversation);
        const actors: Actors = known?.head.seq === head.seq - changes.length ? known.actors : new Map();
        for (const [key, id] of slice.actors) keep(actors, key, slice.state.participants.get(id), actorsMax);
        keep(memory, conversation, { head, actors }, max);
      }
    },
  };
}

/** Puts it last, and lets go of the first where there are too many. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value | undefined, max: number): void {
  map.delete(key);
  if (value === undefined) return;
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
