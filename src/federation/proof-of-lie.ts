// What proves that a leader lied, to anybody who has its keys. Pure.
import type { Stopped } from "../conversation/follow.ts";
import type { PlatformName, SignedEvent } from "../protocol/event.ts";
import { type Entry, isSignedByItsLeader, sealFault } from "../protocol/seal.ts";
import { signedEventOf } from "./batch.ts";

/** Two events of one seq; or one that joins on and is against the rules, and the one that it joins on to. */
export type Proof = readonly [SignedEvent, SignedEvent];

/** Whether a fault may be a lie of the leader's: it signed two histories, or what no rule allows. */
export function mayBeLie(fault: Stopped["fault"]): boolean {
  if (typeof fault === "object") return fault.againstTheRules !== "FROZEN";
  return fault === "FORKED" || fault === "DONE_ALREADY" || fault === "TIME_RUNS_BACKWARDS";
}

/**
 * Null where it proves nothing: somebody else may have made it up.
 * @param event that could not be followed, and whose key is its leader's
 * @param own what is had: the event of that place, or the one before it
 * @param leader who leads after the last that is had
 */
export function proofOfLie(event: SignedEvent, own: Entry, leader: PlatformName): Proof | null {
  if (own.event.seq === event.event.seq) {
    const isFork = own.event.leader === event.event.leader && isSignedByItsLeader(event);
    return isFork ? [signedEventOf(own), signedEventOf(event)] : null;
  }
  const isBreach = event.event.leader === leader && sealFault(event, { seq: own.event.seq, hash: own.hash }) === null;
  return isBreach ? [signedEventOf(event), signedEventOf(own)] : null;
}
