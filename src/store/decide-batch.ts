// Decides a batch of requests on what was loaded for them, each on what the ones before it left.
import type { Occasion } from "../conversation/accept.ts";
import type { Address } from "../conversation/address.ts";
import { bodyFault } from "../conversation/body.ts";
import { type Followed, followOn } from "../conversation/follow.ts";
import { reject } from "../conversation/rejection.ts";
import { type Taken, take, tryToPropose } from "../conversation/take.ts";
import type { PlatformName, SignedProposal, Timestamp } from "../protocol/event.ts";
import { isTimestamp } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId, type Signer } from "../protocol/seal.ts";
import type { LedElsewhere, Person, Place, WriteRequest } from "./conversation-store.ts";
import { actorKey, type Slice } from "./load.ts";
import type { Idle } from "./repeats.ts";
import { clientKey, clientOf, draftsOf, draftVersionOf, triesMax, type Waiting } from "./waiting.ts";
import type { Appended } from "./write.ts";

export interface DecideOptions {
  readonly signer: Signer;
  /** Now, as RFC 3339 with three decimals. */
  now(): string;
  /** 32 random bytes, base64url. */
  salt(): string;
}

interface Outcome {
  readonly waiting: Waiting;
  answer(): void;
}

/** What a batch is decided on. */
export interface Grounds {
  /** Where what was appended before stands: by client request, draft and proposal. */
  readonly places: ReadonlyMap<string, Place>;
  /** What waits for a leader, by client request. */
  readonly waiting: ReadonlyMap<string, SignedProposal>;
  /** Hashes of events that are had, by conversation and seq: of those that followed runs may repeat. */
  readonly had: ReadonlyMap<Hash, ReadonlyMap<number, Hash>>;
  readonly slices: ReadonlyMap<Hash, Slice>;
  /** Those slices that were not read but remembered. */
  readonly recalled: ReadonlyMap<Hash, Slice>;
}

/** Decides each request on what the ones before it left. Answers are held back until the write has gone through. */
export function decideBatch(options: DecideOptions, batch: readonly Waiting[], grounds: Grounds) {
  const { slices, recalled } = grounds;
  const now = options.now();
  if (!isTimestamp(now)) throw new Error(`the clock says ${now}`);
  const occasion: Occasion = { signer: options.signer, sentAt: now, salt: options.salt };
  const outcomes: Outcome[] = [];
  const byConversation = new Map<Hash, Mutable<Appended>>();
  const done: Idle[] = [];
  const stopped = new Set<Hash>();
  for (const waiting of batch) {
    const { request, conversation } = waiting;
    const slice = slices.get(conversation);
    if (!slice) throw new Error("no slice was loaded for a request");
    let taken: Taken | Followed | LedElsewhere;
    try {
      taken = takeOn(slice, waiting, grounds, now, occasion);
    } catch (error) {
      // Nothing was taken, so the others of its batch stand on what they would stand on without it.
      outcomes.push({ waiting, answer: () => waiting.reject(error) });
      continue;
    }
    if ("rejection" in taken || "leader" in taken) {
      outcomes.push({ waiting, answer: () => waiting.resolve(taken) });
      continue;
    }
    const { entries, changes } = taken;
    const head = slice.state.conversation;
    if ("stopped" in taken) {
      if (taken.stopped && entries.length === 0) stopped.add(conversation);
      outcomes.push({ waiting, answer: () => waiting.resolve({ ...taken, conversation, head }) });
    } else {
      if (!head) throw new Error("a request was taken, and there is no conversation");
      outcomes.push({ waiting, answer: () => waiting.resolve({ conversation, entries, changes, head }) });
    }
    const seq = entries.at(-1)?.event.seq;
    if (seq === undefined) {
      const client = clientOf(request);
      if (client) done.push({ client, conversation });
      continue;
    }
    const appended = byConversation.get(conversation) ?? newAppended(conversation);
    byConversation.set(conversation, appended);
    collect(appended, request, taken, seq, options.signer.platform);
  }
  // In a conversation that moves on, with it or not at all: else they are decided again.
  for (const { client, conversation } of done)
    byConversation.get(conversation)?.clientRequests.push({ client, seq: 0 });
  const idle = done.filter(({ conversation }) => !byConversation.has(conversation) && !recalled.has(conversation));
  // What is read beside a head may be later than it, and an event that is had by then looks like one against the rules.
  // Where something is written, the write tells; these have to be looked at once more.
  const unproven = new Map(
    [...stopped].flatMap((conversation) => {
      if (byConversation.has(conversation)) return [];
      return [[conversation, slices.get(conversation)?.state.conversation?.head ?? null] as const];
    }),
  );
  /** @param proven whose state was not old: those that were written, and of `unproven` those that have this head still */
  const settle = (proven: Pick<ReadonlySet<Hash>, "has">): readonly Waiting[] => {
    const again: Waiting[] = [];
    for (const { waiting, answer } of outcomes) {
      // Also what was rejected or done is decided again where the state it was decided on turned out old.
      const { conversation } = waiting;
      const isUnproven = [byConversation, recalled, unproven].some((some) => some.has(conversation));
      if (!isUnproven || proven.has(conversation)) answer();
      else if (++waiting.tries > triesMax) waiting.reject(new Error("the conversation is too busy: try again later"));
      else again.push(waiting);
    }
    return again;
  };
  return { appended: [...byConversation.values()], idle, unproven, settle };
}

function takeOn(
  { state, words, actors, isInDoubt }: Slice,
  { request, conversation, ids }: Waiting,
  { places, waiting, had }: Grounds,
  now: Timestamp,
  occasion: Occasion,
): Taken | Followed | LedElsewhere {
  if ("run" in request) {
    const hashes = had.get(conversation);
    return followOn(state, request.run, { hashAt: (seq) => hashes?.get(seq), seqOf: (id) => places.get(id)?.seq }, now);
  }
  const isKnown = (address: Address) => request.people?.has(address) ?? false;
  const { platform } = occasion.signer;
  const leader = state.conversation?.leader ?? platform;
  const [first] = "proposals" in request ? request.proposals : [];
  // Asked before under this name, and still waiting: that is what is asked for.
  const kept = request.client && waiting.get(clientKey(request.client));
  if (kept) return { conversation, leader, proposal: kept };
  if (isInDoubt && first) return { conversation, leader, proposal: first };
  if ("proposals" in request) {
    // Of those that come again with others, the others.
    const proposals = request.proposals.filter((_, index) => !places.has(ids[index] ?? ""));
    return take(state, words, { proposals }, now, occasion, isKnown);
  }
  const actor = actors.get(actorKey(request.accountId, request.actor ?? null));
  // Whoever never took part is told no more than that.
  if (actor === undefined) return { rejection: reject("NOT_FOUND", "There is no such conversation.") };
  if (leader !== platform || isInDoubt) {
    const { model, body = null } = request.command;
    const proposed = bodyFault(model, body) ?? tryToPropose(state, request.command, actor, occasion);
    if ("code" in proposed) return { rejection: proposed };
    const { key } = occasion.signer;
    const signature = key.sign("proposal", proposalId(proposed.proposal));
    return { conversation, leader, proposal: { ...proposed, signature } };
  }
  return take(state, words, { command: request.command, actor }, now, occasion, isKnown);
}

/** Puts what was taken of a request to what its conversation gets. @param seq of its last event @param platform our own name */
function collect(
  appended: Mutable<Appended>,
  request: WriteRequest,
  { entries, changes }: Pick<Followed, "entries" | "changes">,
  seq: number,
  platform: PlatformName,
): void {
  const isFollowed = "run" in request;
  appended.isSequenced ||= !isFollowed;
  appended.isLost ||= isFollowed && entries.some(({ event }) => event.leader === platform);
  appended.addsElsewhere ||= changes.some(({ participants }) =>
    participants?.some(({ via, mail }) => mail || via !== platform),
  );
  appended.entries.push(...entries);
  appended.changes.push(...changes);
  if (request.requestId !== undefined) appended.requestIds.push(request.requestId);
  const client = clientOf(request);
  if (client) appended.clientRequests.push({ client, seq });
  appended.drafts.push(...draftsOf(request).map((hash) => ({ hash, version: draftVersionOf(request) })));
  for (const { id, body } of entries) {
    if (body === null || !("address" in body)) continue;
    const person = request.people?.get(body.address);
    if (!person) throw new Error("somebody was added whom nobody had looked up");
    appended.people.set(id, { person, name: body.name });
  }
}

interface Mutable<T extends Appended> {
  conversation: T["conversation"];
  entries: T["entries"][number][];
  changes: T["changes"][number][];
  requestIds: string[];
  people: Map<Hash, { person: Person | null; name: string | null }>;
  clientRequests: T["clientRequests"][number][];
  drafts: T["drafts"][number][];
  isSequenced: boolean;
  isLost: boolean;
  addsElsewhere: boolean;
}

function newAppended(conversation: Hash): Mutable<Appended> {
  const lists = { entries: [], changes: [], requestIds: [], people: new Map(), clientRequests: [], drafts: [] };
  return { conversation, ...lists, isSequenced: false, isLost: false, addsElsewhere: false };
}
