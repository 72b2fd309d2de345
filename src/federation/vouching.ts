// How far a run from elsewhere may be taken as far as chain, signatures, names and keys go. What rules say of it comes after.
import type { Stopped } from "../conversation/follow.ts";
import type { RejectionCode } from "../conversation/rejection.ts";
import type { Conversation } from "../conversation/state.ts";
import type { PlatformName, SignedEvent, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { hashesOf, isSignedByItsLeader, sealFault } from "../protocol/seal.ts";
import type { PublicKey } from "../protocol/signature.ts";
import { leaderOf, participantOf } from "../protocol/value.ts";
import type { PeerStore } from "../store/peer-store.ts";

/**
 * Whether a key is a platform's at a time, as far as can be said now. `later`: the platform is out of reach, or was asked too often: what it
 * signed is not taken now, and comes again. `stranger`: it shows keys that do not join on to those it had, and the operator has not accepted them.
 */
export type KeyVerdict = "valid" | "later" | "unknown" | "notInWindow" | "stranger";

export interface Keys {
  /** Whether `platform` signed with `key` at `at`. @param question.source whose budget of look-ups it is on. @default nobody's */
  keyOf(
    platform: PlatformName,
    key: PublicKey,
    at: Timestamp,
    question?: { readonly source?: PlatformName },
  ): Promise<KeyVerdict>;
}

/** `GAP` and `LATER` may be tried again; the others are for ever, a rule's own code among them. */
export type Why = Extract<Stopped["fault"], string> | "LATER" | "UNKNOWN_KEY" | RejectionCode;

export interface VouchingOptions {
  readonly platform: PlatformName;
  readonly peers: Pick<PeerStore, "viasOf">;
  readonly keys: Keys;
}

/** So many events of the run may be taken; and why the one after them may not. */
export interface Vouched {
  readonly count: number;
  readonly why: Why;
  /** Whether its leader signed what no rule allows after those before it. */
  readonly isAgainstTheRules?: boolean;
}

/** @param source whose budget of look-ups it is on */
export type Vouching = (
  conversation: Hash,
  run: readonly SignedEvent[],
  head: Conversation | null,
  source: PlatformName | undefined,
) => Promise<Vouched>;

/** Nobody makes us look for keys by what cannot be taken anyway. */
export function createVouching({ platform, peers, keys }: VouchingOptions): Vouching {
  return async (conversation, run, head, source) => {
    const strayAt = strayIn(run, head, platform);
    const viaOf = spokenFor(peers, conversation, run);
    let previous = head && { seq: head.seq, hash: head.head };
    const known = new Map<string, KeyVerdict>();
    const ask = async (of: PlatformName, key: PublicKey, at: Timestamp): Promise<KeyVerdict> => {
      // Within a minute a key's standing is one.
      const name = `${of} ${key} ${at.slice(0, 16)}`;
      const verdict = known.get(name) ?? (await keys.keyOf(of, key, at, source === undefined ? {} : { source }));
      known.set(name, verdict);
      return verdict;
    };
    for (const [count, signed] of run.entries()) {
      if (count === strayAt?.count) return strayAt;
      const { event, signatures } = signed;
      const joinsOn = event.seq === (previous?.seq ?? 0) + 1;
      // What is had, and what we lost, is not taken here: all that it may tell is what its leader signed.
      if (!joinsOn && !isSignedByItsLeader(signed)) continue;
      if (joinsOn) {
        const fault = sealFault(signed, previous);
        if (fault !== null) return { count, why: fault };
        previous = { seq: event.seq, hash: hashesOf(signed).hash };
      }
      const leaders = await ask(event.leader, event.key, event.timestamp);
      if (leaders !== "valid") return { count, why: leaders === "later" ? "LATER" : "UNKNOWN_KEY" };
      if (!joinsOn || signatures.proposal === null) continue;
      const { proposal } = event;
      // A name that the leader made up is not looked for.
      if (![platform, event.leader, source].includes(proposal.platform)) {
        const via = await viaOf(proposal.actor, count);
        if (via === undefined) return { count, why: "NOT_PARTICIPANT", isAgainstTheRules: true };
        // The rules refuse it: who speaks for somebody never changes.
        if (via !== proposal.platform) continue;
      }
      const others = await ask(proposal.platform, proposal.key, proposal.sentAt);
      // Whose proposal it was is vouched for by the leader until their list can be had: they may be gone for long.
      if (others !== "valid" && others !== "later") return { count, why: "UNKNOWN_KEY" };
    }
    return { count: run.length, why: "LATER" };
  };
}

/** Who speaks for a participant, by what is had and by the first `count` of the run; undefined where they are not among these. */
function spokenFor(peers: VouchingOptions["peers"], conversation: Hash, run: readonly SignedEvent[]) {
  let had: ReadonlyMap<Hash, PlatformName> | null = null;
  return async (actor: Hash | null, count: number): Promise<PlatformName | undefined> => {
    if (actor === null) return undefined;
    const added = run.slice(0, count).findLast((signed) => hashesOf(signed).id === actor);
    const value = added ? participantOf(added.event.proposal.value) : null;
    if (value) return value.via;
    had ??= await peers.viasOf(conversation, [...new Set(run.flatMap(({ event }) => event.proposal.actor ?? []))]);
    return had.get(actor);
  };
}

/** The first that is no event of the log, whoever signed it: one before it is missing, or its leader does not lead. */
function strayIn(
  run: readonly SignedEvent[],
  head: Conversation | null,
  platform: PlatformName,
): { readonly count: number; readonly why: Why } | null {
  let [seq, leader] = [head?.seq ?? 0, head?.leader ?? run[0]?.event.proposal.platform];
  for (const [count, { event }] of run.entries()) {
    // What we sequenced ourselves we may have lost: that is found out by any of it.
    const isOwn = event.leader === platform;
    if (event.seq <= seq || (isOwn && event.seq > seq + 1)) continue;
    if (event.seq > seq + 1) return { count, why: "GAP" };
    if (event.leader !== leader && !isOwn) return { count, why: "WRONG_LEADER" };
    seq = event.seq;
    leader = leaderOf(event.proposal.value) ?? leader;
  }
  return null;
}
