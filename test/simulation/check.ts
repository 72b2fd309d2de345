// What has to be so once the network is whole and all is quiet: one log and one state wherever a conversation is, nothing
// lost, nothing twice.
import { isErased } from "../../src/conversation/erased.ts";
import { evolve, fold } from "../../src/conversation/evolve.ts";
import { apply, type State } from "../../src/conversation/state.ts";
import { signedEventOf } from "../../src/federation/batch.ts";
import { isErasing } from "../../src/federation/erase-late.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { isSignedByItsLeader } from "../../src/protocol/seal.ts";
import { minuteMs, signerOf } from "../conversation/given.ts";
import type { Kept } from "../support/memory-store.ts";
import type { Person } from "./people.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";

/** What is not as it has to be, in words; empty where all is. */
export function faultsAmong(platforms: readonly SimulatedPlatform[], people: readonly Person[]): readonly string[] {
  const conversations = new Set(platforms.flatMap(({ disk }) => [...disk.logs.logs.keys()]));
  return [
    ...[...conversations].flatMap((conversation) => faultsOf(conversation, platforms)),
    ...platforms.flatMap((platform) => leftOn(platform, platforms)),
    ...people.flatMap((person) => faultsFor(person, platforms)),
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

/** Whether it holds a proof that a leader signed two histories, who did, or lost one of them. */
function isFrozen(conversation: Hash, { disk }: SimulatedPlatform): boolean {
  const proof = disk.peers.proofs.get(conversation);
  if (!proof) return false;
  const [one, other] = proof.map(({ event }) => event);
  const isProof =
    one?.seq === other?.seq &&
    one?.leader === other?.leader &&
    JSON.stringify(one) !== JSON.stringify(other) &&
    proof.every(({ event: { leader, key } }) => signerOf(leader).key.key === key) &&
    proof.every(isSignedByItsLeader);
  return isProof && disk.logs.logs.get(conversation)?.state.conversation?.isFrozen === true;
}

function faultsOf(conversation: Hash, platforms: readonly SimulatedPlatform[]): readonly string[] {
  const whole = longest(conversation, platforms);
  if (!whole) return [];
  return platforms.flatMap((platform) => {
    if (isFrozen(conversation, platform)) return [];
    const faults: string[] = [];
    const fault = (what: string) => faults.push(`${platform.name}, ${conversation.slice(0, 6)}: ${what}`);
    const kept = platform.disk.logs.logs.get(conversation);
    const upTo = Math.min(reachOf(whole, platform.name), whole.entries.length);
    const beyond = kept?.entries.slice(upTo) ?? [];
    // Who left may still erase what is theirs; and that somebody was added may be lost.
    const isLossy = platforms.some(({ lost }) => lost.length > 0);
    const mayHave = isLossy || beyond.every(({ event }) => isErasing(event.proposal));
    if ((kept?.entries.length ?? 0) < upTo || !mayHave) fault(`has ${kept?.entries.length ?? 0} events of ${upTo}`);
    if (!kept) return faults;
    const differing = kept.entries.findIndex(({ hash }, index) => hash !== whole.entries[index]?.hash);
    if (differing !== -1) fault(`has another event ${differing + 1}`);
    else {
      const unlike = kept.entries.findIndex((entry, index) => !isAlike(entry, whole.entries[index]));
      if (unlike !== -1) fault(`event ${unlike + 1} is not byte for byte the same`);
    }
    if (textOf(kept.state) !== textOf(fold(kept.entries))) fault("its state is not what its log comes to");
    const erasedHere = stateErasedBy(whole, kept);
    for (const entry of kept.entries) {
      const { ref } = entry.event.proposal;
      if (isErased(erasedHere, entry) && entry.body !== null) fault(`still has the erased words of ${entry.event.seq}`);
      // The event that erased them may be lost.
      if (ref !== null && entry.body === null && !isLossy && !isErased(whole.state, entry))
        fault(`lacks the words of ${entry.event.seq}`);
    }
    return faults;
  });
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
    return isLeading && acked < owed && !disk.peers.proofs.has(conversation) && other && !isFrozen(conversation, other);
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
  const logs = new Map<Hash, Kept | null>();
  const logOf = (conversation: Hash) => {
    const log = logs.get(conversation) ?? longest(conversation, platforms);
    logs.set(conversation, log);
    return log;
  };
  // What only their platform had, and lost, is lost; and asked for again, it may be there twice.
  const isLost = (at: number) => person.platform.lost.some(({ from, to }) => at >= from - minuteMs && at <= to);
  return person.said.flatMap(({ conversation, told, id, text, at }): readonly string[] => {
    if (at.some(isLost) || isFrozen(conversation, person.platform)) return [];
    const entries = logOf(conversation)?.entries ?? [];
    const what = `${person.address}: ${text ?? id?.slice(0, 6)}`;
    const times =
      text === null ? 0 : entries.filter(({ body }) => body !== null && "text" in body && body.text === text).length;
    if (times > 1) return [`${what} is there ${times} times`];
    if (id === null) return [];
    const isThere = entries.some((entry) => entry.id === id);
    const given = person.platform.disk.logs.pending.get(id)?.rejection;
    if (told === "appended" && !isThere) return [`${what} is lost`];
    if (told === "waits" && !isThere && !given) return [`${what} waited, and is lost`];
    return isThere && given ? [`${what} was called rejected, and is there`] : [];
  });
}
