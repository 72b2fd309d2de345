// What this process remembers of conversations that it wrote to: head and actors, so that the next message in one needs no
// reading. Never trusted: a write expects the head that it was decided on, and where that is old, or nothing is to be
// written, all is loaded and decided again.
import { noWords } from "../conversation/body.ts";
import { type Conversation, emptyState, type Participant, type State } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { WriteRequest } from "./conversation-store.ts";
import { actorKey, needsMoreThan, type Slice, wantedBy } from "./load.ts";
import type { Appended } from "./write.ts";

/** Who acted, by `actorKey`, or by their id where another platform says what they did; whoever did so last is last. */
type Actors = Map<string, Participant>;

interface Remembered {
  readonly head: Conversation;
  readonly actors: Actors;
}

interface Recalling {
  readonly request: WriteRequest;
  readonly conversation: Hash;
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

  /** The remembered actors, where they are all that the request needs. */
  const actorsOf = ({ request, conversation }: Recalling): Actors | null => {
    const keys = actorKeys(request);
    const remembered = memory.get(conversation)?.actors;
    const actors = (keys ?? []).flatMap((key) => {
      const actor = remembered?.get(key);
      return actor ? [[key, actor] as const] : [];
    });
    return actors.length === keys?.length ? new Map(actors) : null;
  };

  return {
    recall: (requests) => {
      const slices = new Map<Hash, Slice>();
      for (const [conversation, asking] of Map.groupBy(requests, (request) => request.conversation)) {
        const head = memory.get(conversation)?.head;
        const actors = asking.map(actorsOf).filter((those) => those !== null);
        if (!head || actors.length < asking.length) continue;
        const state: State = { ...emptyState(), conversation: head };
        const all = new Map(actors.flatMap((those) => [...those]));
        for (const actor of all.values()) state.participants.set(actor.id, actor);
        slices.set(conversation, {
          state,
          words: noWords(),
          actors: new Map([...all].map(([key, { id }]) => [key, id])),
          // Where it came into doubt since, the write is refused.
          isInDoubt: false,
        });
      }
      return slices;
    },
    remember: (slices, committed) => {
      const before = new Map([...slices.keys()].map((conversation) => [conversation, memory.get(conversation)]));
      for (const conversation of slices.keys()) memory.delete(conversation);
      for (const { conversation, entries, changes } of committed) {
        const slice = slices.get(conversation);
        const head = slice?.state.conversation;
        // Where people came or went, an account may act as another participant from now on.
        if (!slice || !head || changes.some(({ participants }) => participants)) continue;
        const known = before.get(conversation);
        // By its hash: a database that is another copy may have another event at this place.
        const actors: Actors = known && known.head.head === entries[0]?.event.parent ? known.actors : new Map();
        const byAccount = new Set(slice.actors.values());
        const others = entries.flatMap(({ event: { proposal } }) => proposal.actor ?? []);
        const acted = [...slice.actors, ...others.filter((id) => !byAccount.has(id)).map((id) => [id, id] as const)];
        for (const [key, id] of acted) keep(actors, key, slice.state.participants.get(id), actorsMax);
        keep(memory, conversation, { head, actors }, max);
      }
    },
  };
}

/** By what its actors are remembered; null where it needs more than these. */
function actorKeys(request: WriteRequest): readonly string[] | null {
  const wanted = wantedBy(request);
  if (request.conversation === null || wanted.some((one) => needsMoreThan(one, ["conversation", "actor"]))) return null;
  if ("command" in request) return [actorKey(request.accountId, request.actor ?? null)];
  return [...new Set(wanted.flatMap(({ actor }) => actor ?? []))];
}

/** Puts it last, and lets go of the first where there are too many. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value | undefined, max: number): void {
  map.delete(key);
  if (value === undefined) return;
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
