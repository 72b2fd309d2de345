// Making and checking signed entries: commitment, proposal id, event hash, signatures, and the chain between events.
import { CanonicalJsonError } from "./canonical-json.ts";
import type { Body, Event, PlatformName, Proposal, Salt, SignedEvent, SignedProposal, Timestamp } from "./event.ts";
import { type Hash, hashOf } from "./hash.ts";
import { type PublicKey, type SigningKey, verifySignature } from "./signature.ts";

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

/** What was found to fit: an event from elsewhere is looked at before its keys are looked up, and again when it is taken. */
const fitting = new WeakSet<SignedEvent>();

/**
 * What is wrong with `signed` as the entry after `previous` (null: as the first one), or null where it holds: it joins
 * on, both signatures fit, and body and salt, where present, are what was committed to. Whose keys they are is asked
 * elsewhere: this needs nothing but the entry.
 * @param hash of the event, where it is known
 */
export function sealFault(
  signed: SignedEvent,
  previous: { readonly seq: number; readonly hash: Hash } | null,
  hash: Hash = eventHash(signed.event),
): SealFault | null {
  const { event, signatures, body, salt } = signed;
  if (event.seq !== (previous?.seq ?? 0) + 1 || event.parent !== (previous?.hash ?? null)) return "BROKEN_CHAIN";
  if (fitting.has(signed)) return null;
  if (!verifySignature(event.key, "event", hash, signatures.event)) return "BAD_SIGNATURE";
  if (signatures.proposal !== null ? !isProposedByItsPlatform(signed) : !isLeadersOwn(event)) return "BAD_SIGNATURE";
  if (!isCommitted(event.proposal, body, salt)) return "BAD_COMMITMENT";
  fitting.add(signed);
  return null;
}

/** Whether the key that the event names signed it. */
export function isSignedByItsLeader({ event, signatures }: SignedEvent): boolean {
  return verifySignature(event.key, "event", eventHash(event), signatures.event);
}

/** Whether the key that the proposal names signed it: by itself, or, where that is the leader's, with the event. */
export function isProposedByItsPlatform(signed: SignedEvent): boolean {
  const { event, signatures } = signed;
  const { proposal } = event;
  if (signatures.proposal === null) return isLeadersOwn(event) && isSignedByItsLeader(signed);
  return !isLeadersOwn(event) && verifySignature(proposal.key, "proposal", proposalId(proposal), signatures.proposal);
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
