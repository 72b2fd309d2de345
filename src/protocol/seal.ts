// Making and checking signed entries: commitment, proposal id, event hash, signatures, and the chain between events.
import { CanonicalJsonError } from "./canonical-json.ts";
import type { Body, Event, PlatformName, Proposal, Salt, SignedEvent, SignedProposal, Timestamp } from "./event.ts";
import { type Hash, hashOf } from "./hash.ts";
import { type PublicKey, type SigningKey, verifySignature, verifySignatureBeside } from "./signature.ts";

/** Who signs for this platform. */
export interface Signer {
  readonly platform: PlatformName;
  /** May be another one later; never within one turn of the event loop. */
  readonly key: SigningKey;
  /** A key that was `key` before, for as long as it may sign. @default none */
  former?(key: PublicKey): SigningKey | null;
}

/** The commitment to a body: `Proposal.ref`. */
export function commitmentTo(body: Body, salt: Salt): Hash {
  return hashOf("body", { salt, body });
}

/** The proposal's id, which becomes that of its event and of what it makes. */
export function proposalId(proposal: Proposal): Hash {
  return hashOf("proposal", proposal);
}

/** Hash of an event: stands in the next one's `parent`, in heads, and under the leader's signature. */
export function eventHash(event: Event): Hash {
  return hashOf("event", event);
}

/** Where an event goes: after `parent`, at `seq`. */
export interface Place {
  readonly seq: number;
  readonly parent: Hash | null;
  readonly timestamp: Timestamp;
}

/** An event, its id and its hash: computed once, wanted everywhere. */
export interface Entry extends SignedEvent {
  readonly id: Hash;
  readonly hash: Hash;
}

/**
 * Gives a proposal its place and signs it as the leader. One signature where the leader itself proposed it under this key.
 * @throws Error where anybody else's proposal is unsigned: nobody would take the event
 */
export function sequence(signed: SignedProposal, id: Hash, place: Place, leader: Signer): Entry {
  const key = keyFor(signed, leader);
  const event: Event = { proposal: signed.proposal, ...place, leader: leader.platform, key: key.key };
  const isOwn = isLeadersOwn(event);
  if (!isOwn && signed.signature === null)
    throw new Error("a proposal under another key than the leader's needs its own signature");
  const hash = eventHash(event);
  return {
    id,
    hash,
    event,
    signatures: { event: key.sign("event", hash), proposal: isOwn ? null : signed.signature },
    body: signed.body,
    salt: signed.salt,
  };
}

/** The leader's key, or the one before, under which it made the proposal just now: then its one signature says both. */
function keyFor({ proposal, signature }: SignedProposal, leader: Signer): SigningKey {
  const isFormer = signature === null && proposal.platform === leader.platform && proposal.key !== leader.key.key;
  return (isFormer ? leader.former?.(proposal.key) : null) ?? leader.key;
}

/** What can be wrong with an entry whatever the state: it was altered, or does not join on. */
export type SealFault = "BROKEN_CHAIN" | "BAD_SIGNATURE" | "BAD_COMMITMENT";

/** What was found out of an entry that came from elsewhere. */
interface Found {
  readonly hash: Hash;
  readonly id: Hash;
  /** Whether the key that the event names signed it. */
  byLeader?: boolean;
  /** Whether the key that the proposal names signed that. */
  byPlatform?: boolean;
  isCommitted?: boolean;
}

// An event from elsewhere is looked at several times: before its keys are looked up, when it is taken, and where it proves a
// lie. Of the very object: a copy may say something else.
const found = new WeakMap<SignedEvent, Found>();

function foundOf(signed: SignedEvent): Found {
  const known = found.get(signed);
  if (known) return known;
  const { event } = signed;
  const first: Found = { hash: eventHash(event), id: proposalId(event.proposal) };
  found.set(signed, first);
  return first;
}

/** `eventHash` and `proposalId` of an entry from elsewhere, computed once. */
export function hashesOf(signed: SignedEvent): Pick<Entry, "hash" | "id"> {
  return foundOf(signed);
}

/**
 * What is wrong with `signed` as the entry after `previous` (null: as the first one), or null where it holds: it joins
 * on, both signatures fit, and body and salt, where present, are what was committed to. Whose keys they are is asked
 * elsewhere: this needs nothing but the entry.
 */
export function sealFault(
  signed: SignedEvent,
  previous: { readonly seq: number; readonly hash: Hash } | null,
): SealFault | null {
  const { event, signatures, body, salt } = signed;
  if (event.seq !== (previous?.seq ?? 0) + 1 || event.parent !== (previous?.hash ?? null)) return "BROKEN_CHAIN";
  if (!isSignedByItsLeader(signed)) return "BAD_SIGNATURE";
  if (signatures.proposal !== null ? !isProposedByItsPlatform(signed) : !isLeadersOwn(event)) return "BAD_SIGNATURE";
  const known = foundOf(signed);
  known.isCommitted ??= isCommitted(event.proposal, body, salt);
  return known.isCommitted ? null : "BAD_COMMITMENT";
}

/** Whether the key that the event names signed it. */
export function isSignedByItsLeader(signed: SignedEvent): boolean {
  const known = foundOf(signed);
  const { event, signatures } = signed;
  known.byLeader ??= verifySignature(event.key, "event", known.hash, signatures.event);
  return known.byLeader;
}

/** Whether the key that the proposal names signed it: by itself, or, where that is the leader's, with the event. */
export function isProposedByItsPlatform(signed: SignedEvent): boolean {
  const { event, signatures } = signed;
  if (signatures.proposal === null) return isLeadersOwn(event) && isSignedByItsLeader(signed);
  if (isLeadersOwn(event)) return false;
  const known = foundOf(signed);
  known.byPlatform ??= verifySignature(event.proposal.key, "proposal", known.id, signatures.proposal);
  return known.byPlatform;
}

/** So many are verified beside this thread at a time: names and files are read by the same few threads. */
const besideMax = 32;

/**
 * Verifies the signatures of these entries beside this thread, several at once, so that they are known when `sealFault` asks
 * for them. Takes nothing and refuses nothing.
 */
export async function verifyAhead(run: readonly SignedEvent[]): Promise<void> {
  const left = run.values();
  const verifyNext = async () => {
    // Each takes what none of the others has.
    for (const signed of left) await verifyBeside(signed);
  };
  await Promise.all(Array.from({ length: Math.min(besideMax, run.length) }, verifyNext));
}

async function verifyBeside(signed: SignedEvent): Promise<void> {
  const { event, signatures } = signed;
  const { proposal, key } = event;
  const known = foundOf(signed);
  const isTwice = signatures.proposal !== null && !isLeadersOwn(event);
  const [byLeader, byPlatform] = await Promise.all([
    known.byLeader ?? verifySignatureBeside(key, "event", known.hash, signatures.event),
    isTwice
      ? (known.byPlatform ?? verifySignatureBeside(proposal.key, "proposal", known.id, signatures.proposal))
      : undefined,
  ]);
  known.byLeader ??= byLeader;
  if (byPlatform !== undefined) known.byPlatform ??= byPlatform;
}

/** Whether the event's signature says the proposal's too; then there is no other, so that an entry has one form. */
function isLeadersOwn({ proposal, leader, key }: Event): boolean {
  return proposal.platform === leader && proposal.key === key;
}

/** Whether body and salt are what `ref` commits to. Both null, erased or owed, is fine; one without the other is not. */
export function isCommitted(proposal: Proposal, body: Body | null, salt: Salt | null): boolean {
  if (body === null || salt === null) return body === null && salt === null;
  try {
    return proposal.ref === commitmentTo(body, salt);
  } catch (error) {
    // A body from elsewhere may have the right fields and still no canonical form: nobody can have committed to it.
    if (error instanceof CanonicalJsonError) return false;
    throw error;
  }
}
