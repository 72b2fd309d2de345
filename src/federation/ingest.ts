// The one way in for events that another platform sequenced, however they come: pushed, pulled, or as an answer.
import type { Added } from "../accounts/added-people.ts";
import type { Address } from "../conversation/address.ts";
import { bodyFault } from "../conversation/body.ts";
import type { Stopped } from "../conversation/follow.ts";
import type { Conversation } from "../conversation/state.ts";
import type { Event, PlatformName, SignedEvent } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { hashesOf, isSignedByItsLeader, verifyAhead } from "../protocol/seal.ts";
import { participantOf } from "../protocol/value.ts";
import type { ConversationStore, FollowResult, Person } from "../store/conversation-store.ts";
import type { FoundLost, PeerStore } from "../store/peer-store.ts";
import { mayBeLie, proofOfLie } from "./proof-of-lie.ts";
import { createVouching, type Keys, type VouchingOptions, type Why } from "./vouching.ts";

export interface IngestOptions {
  readonly platform: PlatformName;
  readonly store: Pick<ConversationStore, "follow" | "entriesAfter">;
  readonly peers: VouchingOptions["peers"] & Pick<PeerStore, "head" | "settled" | "freeze">;
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

export interface Taking {
  /** The conversation as it is here; null where nothing is had of it. @default asked for */
  readonly known?: Conversation | null;
  /** Nothing is taken unless what joins on holds up to this seq. @default 0 */
  readonly least?: number;
  /** Who handed it over: what has to be looked up for it is on their budget. @default nobody's */
  readonly source?: PlatformName | undefined;
}

/** So many are taken in one transaction. */
export const partEvents = 250;

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
  const vouchedFor = createVouching({ platform, peers, keys });

  const ingestPart: Ingest = async (conversation, run, { known, least = 0, source } = {}) => {
    const before = known === undefined ? await peers.head(conversation) : known;
    const { count, why, isAgainstTheRules } = await vouchedFor(conversation, run, before, source);
    const vouched = run.slice(0, count);
    const next = run[count];
    const keepProofAfter = async (head: Conversation | null) => {
      if (isAgainstTheRules && next && next.event.seq === (head?.seq ?? 0) + 1)
        await keepProof(conversation, run, next.event);
    };
    if (next && !vouched.some(({ event }) => event.seq >= least)) {
      await keepProofAfter(before);
      const nothing = { seq: before?.seq ?? 0, entries: [], changes: [], head: before };
      return { ...nothing, ended: { at: next.event.seq, why } };
    }
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
    if (!stopped) await keepProofAfter(head);
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
  const keepProof = async (conversation: Hash, run: readonly SignedEvent[], { seq }: Pick<Event, "seq">) => {
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
