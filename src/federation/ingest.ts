// The one way in for events that another platform sequenced, however they come: pushed, pulled, or as an answer.
import type { Added } from "../accounts/added-people.ts";
import type { Address } from "../conversation/address.ts";
import { bodyFault } from "../conversation/body.ts";
import type { Stopped } from "../conversation/follow.ts";
import type { RejectionCode } from "../conversation/rejection.ts";
import type { Conversation } from "../conversation/state.ts";
import type { Event, PlatformName, SignedEvent, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { hashesOf, isSignedByItsLeader, sealFault, verifyAhead } from "../protocol/seal.ts";
import type { PublicKey } from "../protocol/signature.ts";
import { leaderOf, participantOf } from "../protocol/value.ts";
import type { ConversationStore, FollowResult, Person } from "../store/conversation-store.ts";
import type { FoundLost, PeerStore } from "../store/peer-store.ts";
import { mayBeLie, proofOfLie } from "./proof-of-lie.ts";

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

export interface IngestOptions {
  readonly platform: PlatformName;
  readonly store: Pick<ConversationStore, "follow" | "entriesAfter">;
  readonly peers: Pick<PeerStore, "head" | "settled" | "freeze">;
  readonly keys: Keys;
  /** Makes recipients of those who are added; by address. @param source whose budget of look-ups it is on */
  people(conversation: Hash, added: readonly Added[], source?: PlatformName): Promise<ReadonlyMap<Address, Person>>;
  /** Told before and after events are taken in that we sequenced ourselves, and lost: the last of them. Not of what is frozen, for nothing is sequenced there. */
  onLost?(what: FoundLost): Promise<void>;
  /** Told where words did not come with their event. @param isNew whether it is taken only now, and not sent once more */
  onWordless?(conversation: Hash, isNew: boolean): Promise<void>;
  /** Told where the lead moved. */
  onLeader?(conversation: Hash, leader: PlatformName): Promise<void>;
  /** Told where a leader signed two histories, or what no rule allows. */
  onLie?(conversation: Hash, seq: number): void;
}

/** What came of a run. `seq`: the last that is had now, 0 for none. */
export interface Ingested {
  readonly seq: number;
  readonly entries: FollowResult["entries"];
  readonly changes: FollowResult["changes"];
  readonly head: FollowResult["head"];
  /** What ended it before its end; null where all of it is had. */
  readonly ended: null | { readonly at: number; readonly why: Why };
}

/** `GAP` and `LATER` may be tried again; the others are for ever, a rule's own code among them. */
export type Why = Extract<Stopped["fault"], string> | "LATER" | "UNKNOWN_KEY" | RejectionCode;

export interface Taking {
  /** The conversation as it is here; null where nothing is had of it. @default asked for */
  readonly known?: Conversation | null;
  /** Nothing is taken unless what joins on holds up to this seq. @default 0 */
  readonly least?: number;
  /** Who handed it over: what has to be looked up for it is on their budget. @default nobody's */
  readonly source?: PlatformName | undefined;
}

/** So many are taken in one transaction. */
const partEvents = 250;

export type Ingest = (conversation: Hash, run: readonly SignedEvent[], taking?: Taking) => Promise<Ingested>;

/** Safe to repeat. @throws where the database fails */
export function createIngest({
  platform,
  store,
  peers,
  keys,
  people,
  onLost,
  onWordless,
  onLeader,
  onLie,
}: IngestOptions): Ingest {
  /**
   * How far into the run its events may be taken as far as chain, signatures, names and keys go, and what ends it there. Nobody makes
   * us look for keys by what cannot be taken anyway.
   */
  const vouchedFor = async (
    run: readonly SignedEvent[],
    head: Conversation | null,
    source: PlatformName | undefined,
  ): Promise<{ readonly count: number; readonly why: Why }> => {
    const strayAt = strayIn(run, head, platform);
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
      const others = await ask(proposal.platform, proposal.key, proposal.sentAt);
      // Whose proposal it was is vouched for by the leader until their list can be had: they may be gone for long.
      if (others !== "valid" && others !== "later") return { count, why: "UNKNOWN_KEY" };
    }
    return { count: run.length, why: "LATER" };
  };

  const ingestPart: Ingest = async (conversation, run, { known, least = 0, source } = {}) => {
    const before = known === undefined ? await peers.head(conversation) : known;
    const { count, why } = await vouchedFor(run, before, source);
    const vouched = run.slice(0, count);
    const next = run[count];
    if (next && !vouched.some(({ event }) => event.seq >= least))
      return {
        ...{ seq: before?.seq ?? 0, entries: [], changes: [], head: before },
        ended: { at: next.event.seq, why },
      };
    const lost = before?.isFrozen ? null : lostOf(before, vouched);
    if (lost) await onLost?.({ conversation, sequencedAt: lost.timestamp });
    const added = addedBy(vouched, before?.seq ?? 0);
    const result = await store.follow({
      conversation,
      run: vouched,
      ...(added.length > 0 && { people: await people(conversation, added, source) }),
    });
    // Once more, for whom these add: they may be the first of another platform that we know of.
    if (lost && result.entries.length > 0) await onLost?.({ conversation, sequencedAt: lost.timestamp });
    const isNewWordless = result.entries.some(isWordless);
    // Also of those that were here: a crash may have come between them and this, and then they are sent again.
    if (isNewWordless || vouched.some((one) => isWordless(one) && one.event.seq <= (result.head?.seq ?? 0)))
      await onWordless?.(conversation, isNewWordless);
    // Also those that came by another way before this one was answered.
    const own = vouched.filter(({ event }) => event.proposal.platform === platform);
    await peers.settled(
      conversation,
      own.map((one) => hashesOf(one).id),
    );
    const { stopped, head, entries, changes } = result;
    if (head && entries.some(({ event }) => event.proposal.model === "leader"))
      await onLeader?.(conversation, head.leader);
    if (stopped && mayBeLie(stopped.fault)) await keepProof(conversation, run, stopped);
    const seq = head?.seq ?? 0;
    if (stopped) return { seq, entries, changes, head, ended: { at: stopped.seq, why: whyOf(stopped) } };
    return { seq, entries, changes, head, ended: next ? { at: next.event.seq, why } : null };
  };

  const ingest: Ingest = async (conversation, run, taking = {}) => {
    // What holds only with what comes far behind it is one part: it is short.
    const size = (taking.least ?? 0) > 0 ? Math.max(run.length, 1) : partEvents;
    let result: Ingested | null = null;
    await verifyAhead(run.slice(0, size));
    for (let from = 0; ; from += size) {
      // While one part is written, the signatures of the next are verified.
      const ahead = verifyAhead(run.slice(from + size, from + 2 * size));
      const known: Taking = result ? { ...taking, known: result.head } : taking;
      const [ingested] = await Promise.all([ingestPart(conversation, run.slice(from, from + size), known), ahead]);
      result = result ? together(result, ingested) : ingested;
      if (ingested.ended !== null || from + size >= run.length) return result;
    }
  };

  /** The last of these that we sequenced ourselves, where we have it not. */
  const lostOf = (head: Conversation | null, run: readonly SignedEvent[]): Event | null => {
    const last = run.findLast(({ event }) => event.leader === platform);
    // Signed by us indeed: else anybody could make us doubt what we have.
    return last && last.event.seq > (head?.seq ?? 0) && isSignedByItsLeader(last) ? last.event : null;
  };

  /** Freezes the conversation where what ended the run is a lie of its leader. */
  const keepProof = async (conversation: Hash, run: readonly SignedEvent[], { seq }: Stopped) => {
    const head = await peers.head(conversation);
    // What is had of this place, also where it came by another way meanwhile; else the one before it.
    const had = await store.entriesAfter(conversation, Math.max(seq - 2, 0), 2);
    const own = had.findLast((entry) => entry.event.seq <= seq);
    // The one that is had may stand before it in the run, or be all that there is.
    const event = run.find((one) => one.event.seq === seq && hashesOf(one).hash !== own?.hash);
    const proof = head && event && own ? proofOfLie(event, own, head.leader) : null;
    if (!proof) return;
    await peers.freeze(conversation, proof);
    onLie?.(conversation, seq);
  };

  return ingest;
}

/** What came of a part of a run, and then of the next. */
const together = (one: Ingested, next: Ingested): Ingested => ({
  ...next,
  entries: [...one.entries, ...next.entries],
  changes: [...one.changes, ...next.changes],
});

const isWordless = ({ event, body }: Pick<SignedEvent, "event" | "body">) =>
  event.proposal.ref !== null && body === null;

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

/** What an event that was not followed is answered with. */
export function whyOf({ fault }: Stopped): Why {
  if (typeof fault !== "string") return fault.againstTheRules;
  return fault === "FROM_THE_FUTURE" ? "LATER" : fault;
}

/** Those whom the events after `seq` add, without gaps: what comes again, or cannot be taken, makes nobody known. */
function addedBy(run: readonly SignedEvent[], seq: number): readonly Added[] {
  const addresses = new Map<Hash, Address>();
  let last = seq;
  return run.flatMap((signed): Added[] => {
    const { event, body } = signed;
    if (event.seq !== last + 1) return [];
    last = event.seq;
    const { proposal } = event;
    const value = participantOf(proposal.value);
    // Of a body that breaks the rules of words, nothing is taken.
    if (!value || body === null || !("address" in body) || bodyFault(proposal.model, body)) return [];
    const { address, name } = body;
    addresses.set(hashesOf(signed).id, address);
    const { via, mail, imported } = value;
    const byAddress = proposal.actor === null ? null : (addresses.get(proposal.actor) ?? null);
    return [{ address, name, via, mail, imported, by: proposal.actor, byAddress }];
  });
}
