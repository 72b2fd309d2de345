// Decides a batch of requests on what was loaded for them, each on what the ones before it left.
import type { Occasion } from "../conversation/accept.ts";
import type { Address } from "../conversation/address.ts";
import { reject } from "../conversation/rejection.ts";
import { type Taken, take } from "../conversation/take.ts";
import type { Timestamp } from "../protocol/event.ts";
import { isTimestamp } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Signer } from "../protocol/seal.ts";
import type { AppendRequest, Person, Place } from "./conversation-store.ts";
import { actorKey, type Slice } from "./load.ts";
import type { Idle } from "./repeats.ts";
import { draftsOf, draftVersionOf, triesMax, type Waiting } from "./waiting.ts";
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

/** Decides each request on what the ones before it left. Answers are held back until the write has gone through. */
export function decideBatch(
  options: DecideOptions,
  batch: readonly Waiting[],
  places: ReadonlyMap<string, Place>,
  slices: ReadonlyMap<Hash, Slice>,
  recalled: ReadonlyMap<Hash, Slice>,
) {
  const now = options.now();
  if (!isTimestamp(now)) throw new Error(`the clock says ${now}`);
  const occasion: Occasion = { signer: options.signer, sentAt: now, salt: options.salt };
  const outcomes: Outcome[] = [];
  const byConversation = new Map<Hash, Mutable<Appended>>();
  const done: Idle[] = [];
  for (const waiting of batch) {
    const { request, conversation } = waiting;
    const slice = slices.get(conversation);
    if (!slice) throw new Error("no slice was loaded for a request");
    let taken: Taken;
    try {
      taken = takeOn(slice, waiting, places, now, occasion);
    } catch (error) {
      // Nothing was taken, so the others of its batch stand on what they would stand on without it.
      outcomes.push({ waiting, answer: () => waiting.reject(error) });
      continue;
    }
    if ("rejection" in taken) {
      outcomes.push({ waiting, answer: () => waiting.resolve(taken) });
      continue;
    }
    const { entries, changes } = taken;
    const head = slice.state.conversation;
    if (!head) throw new Error("a request was taken, and there is no conversation");
    outcomes.push({ waiting, answer: () => waiting.resolve({ conversation, entries, changes, head }) });
    const seq = entries.at(-1)?.event.seq;
    if (seq === undefined) {
      if (request.client) done.push({ client: request.client, conversation });
      continue;
    }
    const appended = byConversation.get(conversation) ?? newAppended(conversation);
    byConversation.set(conversation, appended);
    collect(appended, request, taken, seq);
  }
  // In a conversation that moves on, with it or not at all: else they are decided again.
  for (const { client, conversation } of done)
    byConversation.get(conversation)?.clientRequests.push({ client, seq: 0 });
  const idle = done.filter(({ conversation }) => !byConversation.has(conversation) && !recalled.has(conversation));
  const settle = (written: ReadonlySet<Hash>): readonly Waiting[] => {
    const again: Waiting[] = [];
    for (const { waiting, answer } of outcomes) {
      // Also what was rejected or done is decided again where the state it was decided on turned out old.
      const { conversation } = waiting;
      const isUnproven = byConversation.has(conversation) || recalled.has(conversation);
      if (!isUnproven || written.has(conversation)) answer();
      else if (++waiting.tries > triesMax) waiting.reject(new Error("the conversation is too busy: try again later"));
      else {
        waiting.mayRecall = false;
        again.push(waiting);
      }
    }
    return again;
  };
  return { appended: [...byConversation.values()], idle, settle };
}

function takeOn(
  { state, words, actors }: Slice,
  { request, ids }: Waiting,
  places: ReadonlyMap<string, Place>,
  now: Timestamp,
  occasion: Occasion,
): Taken {
  const isKnown = (address: Address) => request.people?.has(address) ?? false;
  if ("proposals" in request) {
    // Of those that come again with others, the others.
    const proposals = request.proposals.filter((_, index) => !places.has(ids[index] ?? ""));
    return take(state, words, { proposals }, now, occasion, isKnown);
  }
  const actor = actors.get(actorKey(request.accountId, request.actor ?? null));
  // Whoever never took part is told no more than that.
  if (actor === undefined) return { rejection: reject("NOT_FOUND", "There is no such conversation.") };
  return take(state, words, { command: request.command, actor }, now, occasion, isKnown);
}

/** Puts what was taken of a request to what its conversation gets. @param seq of its last event */
function collect(
  appended: Mutable<Appended>,
  request: AppendRequest,
  { entries, changes }: Exclude<Taken, { readonly rejection: unknown }>,
  seq: number,
): void {
  appended.entries.push(...entries);
  appended.changes.push(...changes);
  if (request.requestId !== undefined) appended.requestIds.push(request.requestId);
  if (request.client) appended.clientRequests.push({ client: request.client, seq });
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
}

function newAppended(conversation: Hash): Mutable<Appended> {
  const lists = { entries: [], changes: [], requestIds: [], people: new Map(), clientRequests: [], drafts: [] };
  return { conversation, ...lists };
}
