// How a log that another platform made is checked: every entry on its own, against the one before, and by the rules.
import type { SignedEvent, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { type Entry, hashesOf, isSignedByItsLeader, type SealFault, sealFault } from "../protocol/seal.ts";
import { bodyFault } from "./body.ts";
import { decide } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { limits } from "./limits.ts";
import type { RejectionCode } from "./rejection.ts";
import { apply, type Changes, emptyState, type State } from "./state.ts";

/** What is wrong with an entry. `DONE_ALREADY`: an event where success without one was due; also one made a second time. */
export type FollowFault =
  | SealFault
  | "WRONG_LEADER"
  | "TIME_RUNS_BACKWARDS"
  | "FROM_THE_FUTURE"
  | "DONE_ALREADY"
  | { readonly againstTheRules: RejectionCode };

/**
 * Takes one entry onto `state`, which is the state before it. Null: it holds, and `state` is moved on. Else what is
 * wrong, and nothing changes. `FROM_THE_FUTURE` may be tried again later; everything else is so for ever.
 * @param now our clock, only for how far ahead an event may be
 */
export function follow(state: State, signed: SignedEvent, now: Timestamp): FollowFault | null {
  const followed = followOne(state, signed, now);
  return "changes" in followed ? null : followed.fault;
}

/** As `follow`, with what it comes to. */
function followOne(state: State, signed: SignedEvent, now: Timestamp): Taken | { readonly fault: FollowFault } {
  const { hash, id } = hashesOf(signed);
  const fault = entryFault(state, signed, now);
  if (fault !== null) return { fault };
  // What changes an item is bound to its place by `follows`; an add is not, and a leader could sequence one again to
  // bring back what was removed. Where `state` is partial, whoever keeps the log finds the id in it.
  if (isMade(state, id)) return { fault: "DONE_ALREADY" };
  const entry = { ...signed, id, hash };
  const changes = evolve(state, entry);
  apply(state, changes);
  return { entry, changes };
}

interface Taken {
  readonly entry: Entry;
  readonly changes: Changes;
}

function entryFault(state: State, signed: SignedEvent, now: Timestamp): FollowFault | null {
  const { conversation } = state;
  const { event } = signed;
  const seal = sealFault(signed, conversation && { seq: conversation.seq, hash: conversation.head });
  if (seal) return seal;
  if (event.leader !== (conversation?.leader ?? event.proposal.platform)) return "WRONG_LEADER";
  if (conversation && event.timestamp < conversation.timestamp) return "TIME_RUNS_BACKWARDS";
  if (Date.parse(event.timestamp) - Date.parse(now) > limits.clockSkewMs) return "FROM_THE_FUTURE";
  const decision = decide(state, event.proposal, event.timestamp);
  if (decision === "done") return "DONE_ALREADY";
  return decision === "accepted" ? null : { againstTheRules: decision.code };
}

function isMade({ participants, messages, labels, attachments }: State, id: Hash): boolean {
  return [participants, messages, labels, attachments].some((items) => items.has(id));
}

/** What is had of a log beside the state that it comes to. */
export interface Had {
  /** The hash of the event at this place, of those that the new ones may repeat. */
  hashAt(seq: number): Hash | undefined;
  /** Where the proposal stands in the log. */
  seqOf(id: Hash): number | undefined;
}

/** Why following ended. `GAP`: an event before it is missing. `FORKED`: the leader signed another event for this place. */
export interface Stopped {
  readonly seq: number;
  readonly fault: FollowFault | "GAP" | "FORKED";
}

export interface Followed {
  /** What is new, in order. */
  readonly entries: readonly Entry[];
  readonly changes: readonly Changes[];
  /** The first that was not taken, and why; null where all are taken or had already. */
  readonly stopped: Stopped | null;
}

/**
 * Follows a run of a log onto `state`, which is moved on as far as it holds: what is had is passed over, what joins on is
 * taken, and the first that does neither ends it. A body that a leader should not have accepted is dropped, for no rule reads it.
 */
export function followOn(state: State, run: readonly SignedEvent[], had: Had, now: Timestamp): Followed {
  const entries: Entry[] = [];
  const changes: Changes[] = [];
  const ended = (seq: number, fault: Stopped["fault"]): Followed => ({ entries, changes, stopped: { seq, fault } });
  for (const signed of run) {
    const { event } = signed;
    const head = state.conversation?.seq ?? 0;
    const { seq } = event;
    if (seq > head + 1) return ended(seq, "GAP");
    if (seq <= head) {
      const taken = entries.find((entry) => entry.event.seq === seq);
      if ((taken?.hash ?? had.hashAt(seq)) === hashesOf(signed).hash) continue;
      return ended(seq, isSignedByItsLeader(signed) ? "FORKED" : "BAD_SIGNATURE");
    }
    const before = had.seqOf(hashesOf(signed).id);
    if (before !== undefined) return ended(seq, "DONE_ALREADY");
    const isFit = bodyFault(event.proposal.model, signed.body) === null;
    const taken = followOne(state, isFit ? signed : { ...signed, body: null, salt: null }, now);
    if ("fault" in taken) return ended(seq, taken.fault);
    entries.push(taken.entry);
    changes.push(taken.changes);
  }
  return { entries, changes, stopped: null };
}

/** Checks a whole log from its first entry: the state it comes to, or the seq and fault of the first that does not hold. */
export function followAll(
  log: Iterable<SignedEvent>,
  now: Timestamp,
): { readonly state: State } | { readonly seq: number; readonly fault: FollowFault } {
  const state = emptyState();
  for (const signed of log) {
    const fault = follow(state, signed, now);
    if (fault !== null) return { seq: (state.conversation?.seq ?? 0) + 1, fault };
  }
  return { state };
}
