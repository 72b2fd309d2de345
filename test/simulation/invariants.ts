// What has to be so once the network is whole and all is quiet: one log and one state wherever a conversation is, nothing
// lost, nothing twice.
import { isErased } from "../../src/conversation/erased.ts";
import { evolve, fold } from "../../src/conversation/evolve.ts";
import { follow, followAll } from "../../src/conversation/follow.ts";
import { apply, type State } from "../../src/conversation/state.ts";
import { signedEventOf } from "../../src/federation/batch.ts";
import { isErasing } from "../../src/federation/erase-late.ts";
import type { PlatformName, SignedEvent } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { type Entry, eventHash, isSignedByItsLeader, proposalId } from "../../src/protocol/seal.ts";
import { minuteMs, signerOf } from "../conversation/given.ts";
import type { Kept } from "../support/memory-store.ts";
import type { Person } from "./people.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";

/** How far ahead events are is judged when they come. */
const endOfTime = "9999-01-01T00:00:00.000Z";

/** What is not as it has to be, in words; empty where all is. */
export function brokenInvariants(
  honest: readonly SimulatedPlatform[],
  people: readonly Person[],
  liar: SimulatedPlatform | null,
): readonly string[] {
  const conversations = new Set(honest.flatMap(({ disk }) => [...disk.logs.logs.keys()]));
  return [
    ...honest.flatMap(brokenOn),
    ...[...conversations].flatMap((conversation) => faultsOf(conversation, honest, liar)),
    ...honest.flatMap((platform) => frozenInVain(platform, [...honest.filter(({ lost }) => lost.length > 0), liar])),
    ...honest.flatMap((platform) => leftOn(platform, honest)),
    ...people.filter(({ platform }) => platform !== liar).flatMap((person) => faultsFor(person, honest)),
  ];
}

/** The copy that has most of a conversation, of those that go on. */
function longest(conversation: Hash, platforms: readonly SimulatedPlatform[]): Kept | null {
  const copies = platforms.flatMap((platform) => {
    return isFrozen(conversation, platform) ? [] : (platform.disk.logs.logs.get(conversation) ?? []);
  });
  return copies.reduce<Kept | null>(
    (most, one) => (one.entries.length > (most?.entries.length ?? 0) ? one : most),
    null,
  );
}

function isFrozen(conversation: Hash, { disk }: SimulatedPlatform): boolean {
  return disk.logs.logs.get(conversation)?.state.conversation?.isFrozen === true;
}

/** Conversations that are frozen without a proof; or with one against somebody who neither lied nor lost anything. */
function frozenInVain(platform: SimulatedPlatform, suspects: readonly (SimulatedPlatform | null)[]): readonly string[] {
  const { name, disk } = platform;
  return [...disk.logs.logs].flatMap(([conversation, kept]) => {
    if (!isFrozen(conversation, platform)) return [];
    const [one, other] = disk.peers.proofs.get(conversation) ?? [];
    const isProof = one && other && proves(kept, one, other);
    const isSuspect = suspects.some((suspect) => suspect?.name === one?.event.leader);
    return isProof && isSuspect ? [] : [`${name}, ${conversation.slice(0, 6)}: is frozen in vain`];
  });
}

/** Whether a leader signed two events of one place; or one that the rules do not allow after the other. */
function proves(kept: Kept, one: SignedEvent, other: SignedEvent): boolean {
  const { leader, key, seq, parent } = one.event;
  if (signerOf(leader).key.key !== key || !isSignedByItsLeader(one)) return false;
  if (seq === other.event.seq) {
    const isSame = leader === other.event.leader && signerOf(leader).key.key === other.event.key;
    return isSame && isSignedByItsLeader(other) && eventHash(one.event) !== eventHash(other.event);
  }
  const before = kept.entries.slice(0, seq - 1);
  const isMadeBefore = before.some(({ id }) => id === proposalId(one.event.proposal));
  const isNext = parent === before.at(-1)?.hash && parent === eventHash(other.event);
  return isNext && (isMadeBefore || follow(fold(before), one, one.event.timestamp) !== null);
}

/** What does not hold of all that a platform has, frozen or not: every event of every log, whoever it believed. */
function brokenOn({ name, disk }: SimulatedPlatform): readonly string[] {
  return [...disk.logs.logs].flatMap(([conversation, { entries, state }]) => {
    const isForeign = ({ event: { leader, key, proposal } }: SignedEvent) =>
      signerOf(leader).key.key !== key || signerOf(proposal.platform).key.key !== proposal.key;
    const followed = followAll(entries, endOfTime);
    const faults = [
      ...("fault" in followed ? [`event ${followed.seq} does not hold: ${JSON.stringify(followed.fault)}`] : []),
      ...("state" in followed && textOf(followed.state) !== textOf(state)
        ? ["its state is not what its log comes to"]
        : []),
      ...entries.filter(isForeign).map(({ event }) => `event ${event.seq} is signed by somebody else`),
    ];
    return faults.map((fault) => `${name}, ${conversation.slice(0, 6)}: ${fault}`);
  });
}

function faultsOf(
  conversation: Hash,
  platforms: readonly SimulatedPlatform[],
  liar: SimulatedPlatform | null,
): readonly string[] {
  const copies = platforms.flatMap(({ disk }) => disk.logs.logs.get(conversation) ?? []);
  const wasLedBy = ({ name }: SimulatedPlatform) =>
    copies.some(({ entries }) => entries.some(({ event }) => event.leader === name));
  const isLiars = liar !== null && wasLedBy(liar);
  // Who lost what it sequenced may sequence a second history, where those who had the first could not tell it.
  const mayDiffer = isLiars || platforms.some((platform) => platform.lost.length > 0 && wasLedBy(platform));
  return platforms.flatMap((platform) => {
    if (isFrozen(conversation, platform)) return [];
    const faults: string[] = [];
    const fault = (what: string) => faults.push(`${platform.name}, ${conversation.slice(0, 6)}: ${what}`);
    const kept = platform.disk.logs.logs.get(conversation);
    // Different things that they were told come to light among those who tell each other.
    const others = mayDiffer ? platforms.filter((other) => doTell(conversation, platform, other)) : platforms;
    const whole = longest(conversation, others);
    if (!whole) return [];
    // Only who leads makes a conversation known: a liar need not have, and who froze it does not.
    const leader = platforms.find(({ name }) => name === whole.state.conversation?.leader);
    const isBrought = !isLiars && leader !== undefined && !isFrozen(conversation, leader);
    if (!kept && (isForgotten(whole, platform) || !isBrought)) return [];
    const upTo = Math.min(reachOf(whole, platform.name), whole.entries.length);
    const beyond = kept?.entries.slice(upTo) ?? [];
    // Who left may still erase what is theirs; and that somebody was added may be lost.
    const isLossy = platforms.some(({ lost }) => lost.length > 0);
    // A liar can show somebody the beginning of a conversation, and then nothing that holds of how they came to be in it.
    const isTaste = isLiars && upTo === 0;
    const mayHave = isLossy || isTaste || beyond.every(({ event }) => isErasing(event.proposal));
    if ((kept?.entries.length ?? 0) < upTo || !mayHave) fault(`has ${kept?.entries.length ?? 0} events of ${upTo}`);
    if (!kept) return faults;
    const differing = kept.entries.findIndex(({ hash }, index) => hash !== whole.entries[index]?.hash);
    if (differing !== -1) fault(`has another event ${differing + 1}`);
    else {
      const unlike = kept.entries.findIndex((entry, index) => !isAlike(entry, whole.entries[index]));
      if (unlike !== -1) fault(`event ${unlike + 1} is not byte for byte the same`);
    }
    const erasedHere = stateErasedBy(whole, kept);
    for (const entry of kept.entries) {
      const { ref } = entry.event.proposal;
      if (isErased(erasedHere, entry) && entry.body !== null) fault(`still has the erased words of ${entry.event.seq}`);
      // The event that erased them may be lost; or stand in the log of a liar, who may erase what is its own.
      const isErasedSomewhere = copies.some(({ seqs, state }) => seqs.has(entry.id) && isErased(state, entry));
      const isExcused = isLossy || kept.erasedLate.has(entry.event.seq) || isErasedSomewhere;
      if (ref !== null && entry.body === null && !isExcused) fault(`lacks the words of ${entry.event.seq}`);
    }
    return faults;
  });
}

/** Whether it lost a conversation in which all of its people erased themselves: nothing says any more that it was theirs. */
function isForgotten({ state }: Kept, { name, lost }: SimulatedPlatform): boolean {
  const theirs = [...state.participants.values()].filter(({ via }) => via === name);
  return lost.length > 0 && theirs.length > 0 && theirs.every(({ isErased }) => isErased);
}

/** Whether one of them tells the other how far it is: who takes part tells whoever takes part, as far as it knows. */
function doTell(conversation: Hash, one: SimulatedPlatform, other: SimulatedPlatform): boolean {
  if (one === other) return true;
  const isTelling = (from: SimulatedPlatform, to: SimulatedPlatform) => {
    const kept = from.disk.logs.logs.get(conversation);
    const known = to.disk.logs.logs.get(conversation);
    // Who has it hears nobody of whom it knows nothing: a leader that withholds may have added them since.
    const isHeard = known === undefined || reachOf(known, from.name) > 0;
    return (
      kept !== undefined && isHeard && [from, to].every(({ name }) => reachOf(kept, name) === Number.POSITIVE_INFINITY)
    );
  };
  return isTelling(one, other) || isTelling(other, one);
}

/** Up to where a platform may have it, reckoned from the whole of it. */
function reachOf({ state, entries }: Kept, platform: PlatformName): number {
  if (state.conversation?.leader === platform) return Number.POSITIVE_INFINITY;
  const theirs = [...state.participants.values()].filter(({ via }) => via === platform);
  const led = entries.findLast(({ event }) => event.leader === platform)?.event.seq ?? 0;
  return Math.max(led, ...theirs.map(({ removedSeq }) => removedSeq ?? Number.POSITIVE_INFINITY));
}

/** The state of a copy with all that it has to have erased: also what somebody it believes erased after it left. */
function stateErasedBy(whole: Kept, kept: Kept): State {
  const state = fold(kept.entries);
  const { conversation } = state;
  for (const entry of whole.entries.slice(kept.entries.length)) {
    const { proposal, leader } = entry.event;
    const item = proposal.item ?? "";
    const made = state.messages.get(item) ?? state.labels.get(item) ?? state.attachments.get(item);
    const whose = state.participants.get(made?.addedBy ?? item);
    if (!isErasing(proposal) || !whose) continue;
    if (leader === conversation?.leader || proposal.platform === whose.via) apply(state, evolve(state, entry));
    state.conversation = conversation;
  }
  return state;
}

function isAlike(one: Kept["entries"][number], other: Kept["entries"][number] | undefined): boolean {
  if (!other) return false;
  const bare = (entry: typeof one) => JSON.stringify({ ...signedEventOf(entry), body: null, salt: null });
  const words = (entry: typeof one) => JSON.stringify([entry.body, entry.salt]);
  return bare(one) === bare(other) && (one.body === null || other.body === null || words(one) === words(other));
}

function textOf({ conversation, ...items }: State): string {
  return JSON.stringify([
    { ...conversation, isFrozen: false },
    ...Object.values(items).map((map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))),
  ]);
}

/** What a platform would still have to do. */
function leftOn({ name, disk }: SimulatedPlatform, platforms: readonly SimulatedPlatform[]): readonly string[] {
  const { heads, owedReceipts } = disk.peers;
  const { pending } = disk.logs;
  const waiting = [...pending.values()].filter(({ rejection, proposal: { proposal } }) => {
    return rejection === null && proposal.action === "add" && ["message", "attachment"].includes(proposal.model);
  });
  const owed = [...heads.values()].filter(({ platform, conversation, acked, owed }) => {
    const other = platforms.find((one) => one.name === platform);
    const isLeading = disk.logs.logs.get(conversation)?.state.conversation?.leader === name;
    if (!isLeading || acked >= owed || disk.peers.proofs.has(conversation) || !other) return false;
    const kept = disk.logs.logs.get(conversation);
    const isGone = kept && !other.disk.logs.logs.has(conversation) && isForgotten(kept, other);
    return !isGone && !isFrozen(conversation, other);
  });
  return [
    ...waiting.map(({ id }) => `${name}: ${id.slice(0, 6)} still waits for its leader`),
    ...owed.map(({ platform, conversation, acked, owed, refusal }) => {
      return `${name}: still owes ${platform} ${acked + 1} to ${owed} of ${conversation.slice(0, 6)} (${refusal})`;
    }),
    ...[...disk.logs.outbox.keys()].map(
      (place) => `${name}: did not announce ${place.slice(0, 6)} ${place.split(" ")[1]}`,
    ),
    ...(owedReceipts.size > 0 ? [`${name}: still owes ${owedReceipts.size} receipts`] : []),
  ];
}

/** What somebody was told that is not so; or what they said that is there twice. */
function faultsFor(person: Person, platforms: readonly SimulatedPlatform[]): readonly string[] {
  const copiesOf = (conversation: Hash) =>
    platforms.flatMap((platform) =>
      isFrozen(conversation, platform) ? [] : (platform.disk.logs.logs.get(conversation) ?? []),
    );
  // What only their platform had, and lost, is lost; and asked for again, it may be there twice.
  const isLost = (at: number) => person.platform.lost.some(({ from, to }) => at >= from - minuteMs && at <= to);
  return person.said.flatMap(({ conversation, told, id, text, at }): readonly string[] => {
    if (at.some(isLost) || isFrozen(conversation, person.platform)) return [];
    const copies = copiesOf(conversation);
    const what = `${person.address}: ${text ?? id?.slice(0, 6)}`;
    const saysIt = ({ body }: Entry) => text !== null && body !== null && "text" in body && body.text === text;
    const times = Math.max(0, ...copies.map(({ entries }) => entries.filter(saysIt).length));
    if (times > 1) return [`${what} is there ${times} times`];
    if (id === null) return [];
    const isThere = copies.some(({ seqs }) => seqs.has(id));
    const given = person.platform.disk.logs.pending.get(id)?.rejection;
    if (told === "appended" && !isThere) return [`${what} is lost`];
    if (told === "waits" && !isThere && !given) return [`${what} waited, and is lost`];
    return isThere && given ? [`${what} was called rejected, and is there`] : [];
  });
}
