// How a log that another platform made is checked: every entry on its own, against the one before, and by the rules.
import type { SignedEvent, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { eventHash, proposalId, type SealFault, sealFault } from "../protocol/seal.ts";
import { decide } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { limits } from "./limits.ts";
import type { RejectionCode } from "./rejection.ts";
import { apply, emptyState, type State } from "./state.ts";

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
  const { conversation } = state;
  const { event } = signed;
  const seal = sealFault(signed, conversation && { seq: conversation.seq, hash: conversation.head });
  if (seal) return seal;
  if (event.leader !== (conversation?.leader ?? event.proposal.platform)) return "WRONG_LEADER";
  if (conversation && event.timestamp < conversation.timestamp) return "TIME_RUNS_BACKWARDS";
  if (Date.parse(event.timestamp) - Date.parse(now) > limits.clockSkewMs) return "FROM_THE_FUTURE";
  const decision = decide(state, event.proposal, event.timestamp);
  if (decision === "done") return "DONE_ALREADY";
  if (decision !== "accepted") return { againstTheRules: decision.code };
  const id = proposalId(event.proposal);
  // What changes an item is bound to its place by `follows`; an add is not, and a leader could sequence one again to
  // bring back what was removed. Where `state` is partial, whoever keeps the log finds the id in it.
  if (isMade(state, id)) return "DONE_ALREADY";
  apply(state, evolve(state, { id, hash: eventHash(event), event }));
  return null;
}

function isMade({ participants, messages, labels, attachments }: State, id: Hash): boolean {
  return [participants, messages, labels, attachments].some((items) => items.has(id));
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
