// The first that is heard of a conversation: who may bring it, and whether it is for anybody here. Only what is signed
// counts: nothing is stored because of what a caller made up.
import type { Address } from "../conversation/address.ts";
import { bodyFault } from "../conversation/body.ts";
import { followOn } from "../conversation/follow.ts";
import { emptyState } from "../conversation/state.ts";
import type { PlatformName, SignedEvent, Timestamp } from "../protocol/event.ts";
import { isCommitted, isProposedByItsPlatform, isSignedByItsLeader, verifyAhead } from "../protocol/seal.ts";
import { leaderOf, participantOf } from "../protocol/value.ts";
import { type Result, refused } from "./batch.ts";
import { whyOf } from "./ingest.ts";
import type { Keys, Why } from "./vouching.ts";

export interface FirstContactOptions {
  readonly platform: PlatformName;
  readonly keys: Keys;
  /** Whether an address of ours is an account's. */
  isOurs(address: Address): Promise<boolean>;
  now(): Timestamp;
}

/** Of a conversation that we know nothing of, at most so much is taken at once: events, and characters of their JSON. */
export const firstContact = { events: 100, characters: 256 * 1024 } as const;

/** It is begun where it holds up to the seq `least`; or the same answer for all of it. */
export type Beginning = { readonly least: number } | { readonly fault: Result };

const wrongLeader = refused("WRONG_LEADER", "Only the leader of a conversation makes it known.");

/** Judges the first run of a conversation that we know nothing of, before anything of it is taken. */
export async function judgeBeginning(
  { platform, keys, isOurs, now }: FirstContactOptions,
  caller: PlatformName,
  run: readonly SignedEvent[],
): Promise<Beginning> {
  if (run[0]?.event.seq !== 1) return { fault: { result: "gap", seq: 0 } };
  const isOwn = ({ event }: SignedEvent) => event.leader === platform;
  // Before anything costs much: by what it says of itself.
  if (!isBy(caller, run.at(-1)) && !run.some(isOwn)) return { fault: wrongLeader };
  // And the events that add somebody here, and make the caller leader, where they stand further on.
  if (run.length > firstContact.events + 2 || JSON.stringify(run).length > firstContact.characters)
    return { fault: refused("TOO_LARGE", `The first of a conversation are ${firstContact.events} events at most.`) };

  await verifyAhead(run);
  const { entries, stopped } = followOn(emptyState(), run, { hashAt: () => undefined, seqOf: () => undefined }, now());
  const isGap = stopped?.fault === "GAP";
  const furtherOn = isGap ? run.filter((signed) => signed.event.seq > entries.length && isWhole(signed)) : [];
  const counted: readonly SignedEvent[] = [...entries, ...furtherOn];
  const ended = stopped && !isGap ? { fault: faultOf(whyOf(stopped)) } : null;

  /** Null where its leader signed it. Of those that join on, whoever takes them in finds that out. */
  const keyFault = async (signed: SignedEvent | undefined): Promise<Beginning | null> => {
    if (!signed || signed.event.seq <= entries.length) return null;
    const { leader, key, timestamp } = signed.event;
    const verdict = await keys.keyOf(leader, key, timestamp, { source: caller });
    return verdict === "valid" ? null : { fault: faultOf(verdict === "later" ? "LATER" : "UNKNOWN_KEY") };
  };
  const leastOf = ({ event }: SignedEvent) => Math.min(event.seq, entries.length);

  // What we sequenced ourselves, and lost, is brought by anybody.
  const own = counted.find(isOwn);
  if (own && (await keys.keyOf(platform, own.event.key, own.event.timestamp)) === "valid")
    return { least: leastOf(own) };
  const last = counted.at(-1);
  if (!isBy(caller, last)) return ended ?? { fault: wrongLeader };
  for (const signed of counted) {
    const address = addressAddedVia(platform, signed);
    if (address === null || !(await isOurs(address))) continue;
    const fault = (await keyFault(signed)) ?? (await keyFault(last));
    if (fault) return fault;
    // Whoever led it from the beginning says so itself; of others, all of it has to hold that made them leader.
    return { least: entries[0]?.event.leader === caller ? leastOf(signed) : entries.length };
  }
  return ended ?? { fault: refused("RECIPIENT_UNKNOWN", "Nobody here is added by these events.") };
}

/** How events are answered of which nothing was taken. */
export function faultOf(why: Why): Result {
  return why === "LATER" ? { result: "later" } : refused(why, "This event cannot be followed.");
}

/** Whether the event says that the platform leads: it sequenced it, or was given the lead by it. */
function isBy(platform: PlatformName, signed: SignedEvent | undefined): boolean {
  return signed !== undefined && [signed.event.leader, leaderOf(signed.event.proposal.value)].includes(platform);
}

/** Whether signatures and words fit; whose keys they are, and whether the event joins on, is another question. */
function isWhole(signed: SignedEvent): boolean {
  const { event, body, salt } = signed;
  return isSignedByItsLeader(signed) && isProposedByItsPlatform(signed) && isCommitted(event.proposal, body, salt);
}

function addressAddedVia(platform: PlatformName, { event: { proposal }, body }: SignedEvent): Address | null {
  if (participantOf(proposal.value)?.via !== platform || body === null || bodyFault(proposal.model, body)) return null;
  return "address" in body ? body.address : null;
}
