// A store of conversations in memory: what the one on PostgreSQL promises, over full states. One append at a time.
import type { Address } from "../../src/conversation/address.ts";
import { bodyFault, noWords, type Words } from "../../src/conversation/body.ts";
import { isErased } from "../../src/conversation/erased.ts";
import { followOn } from "../../src/conversation/follow.ts";
import { type Rejection, reject } from "../../src/conversation/rejection.ts";
import { isActive } from "../../src/conversation/roles.ts";
import { emptyState, type Participant, type State } from "../../src/conversation/state.ts";
import { take, tryToPropose, type Wish } from "../../src/conversation/take.ts";
import type { Salt, Timestamp } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { type Entry, proposalId, type Signer } from "../../src/protocol/seal.ts";
import type {
  AccountId,
  AppendRequest,
  AppendResult,
  ConversationStore,
  FollowRequest,
  FollowResult,
  LedElsewhere,
  Person,
  Place,
} from "../../src/store/conversation-store.ts";
import type { PendingProposal } from "../../src/store/peer-store.ts";

export interface MemoryStoreOptions {
  readonly signer: Signer;
  now(): Timestamp;
  salt(): Salt;
  /** Where it keeps what it keeps. @default new ones */
  readonly tables?: MemoryTables;
  /** The versions of the drafts that are stored; publishing takes them away. @default none */
  readonly drafts?: Map<Hash, number>;
  /** As the store on PostgreSQL calls it: after each commit, before `append` answers. */
  onCommitted?(appended: readonly { readonly conversation: Hash; readonly entries: readonly Entry[] }[]): void;
}

/** All that is kept: data alone, so that a copy of it is a backup. */
export interface MemoryTables {
  readonly logs: Map<Hash, Kept>;
  /** What requests and drafts were answered with, by their names. */
  readonly repeats: Map<string, { readonly conversation: Hash; readonly repeatOf: number }>;
  readonly outbox: Map<string, Place & { readonly committedAt: number }>;
  /** What waits for a leader, in the order in which it was said. */
  readonly pending: Map<Hash, PendingProposal>;
}

export const newTables = (): MemoryTables => ({
  logs: new Map(),
  repeats: new Map(),
  outbox: new Map(),
  pending: new Map(),
});

export interface Kept {
  readonly state: State;
  readonly words: Words;
  readonly entries: Entry[];
  /** Where each proposal stands. */
  readonly seqs: Map<Hash, number>;
  /** Whose participations these are, and how far they have read. */
  readonly accounts: Map<Hash, AccountId | null>;
  readonly receipts: Map<Hash, number>;
  /** Events whose words were erased by one that is not in the log. */
  readonly erasedLate: Set<number>;
  /** Whether what we sequenced may go on beyond it. */
  isInDoubt: boolean;
}

const newKept = (): Kept => ({
  state: emptyState(),
  words: noWords(),
  entries: [],
  seqs: new Map(),
  accounts: new Map(),
  receipts: new Map(),
  erasedLate: new Set(),
  isInDoubt: false,
});

export function memoryStore(options: MemoryStoreOptions): ConversationStore {
  const { logs, repeats, outbox, pending } = options.tables ?? newTables();
  const placeKey = ({ conversation, seq }: Place) => `${conversation} ${seq}`;

  /** Keeps what is new in a log, and tells of it. */
  const keep = (conversation: Hash, kept: Kept, entries: readonly Entry[], people?: ReadonlyMap<Address, Person>) => {
    logs.set(conversation, kept);
    kept.entries.push(...entries);
    for (const { id, event, body } of entries) {
      const place = { conversation, seq: event.seq, committedAt: Date.parse(options.now()) };
      outbox.set(placeKey(place), place);
      kept.seqs.set(id, event.seq);
      if (body !== null && "address" in body) kept.accounts.set(id, people?.get(body.address)?.accountId ?? null);
    }
    options.onCommitted?.([{ conversation, entries }]);
  };

  const follow = ({ conversation, run, people }: FollowRequest): FollowResult => {
    const kept = logs.get(conversation) ?? newKept();
    const had = {
      hashAt: (seq: number) => kept.entries[seq - 1]?.hash,
      seqOf: (id: Hash) => kept.seqs.get(id),
    };
    const { entries, changes, stopped } = followOn(kept.state, run, had, options.now());
    // What we sequenced ourselves and is told us by others was lost here.
    if (entries.some(({ event }) => event.leader === options.signer.platform)) kept.isInDoubt = true;
    if (entries.length > 0) keep(conversation, kept, entries, people);
    for (const { id, body } of entries) {
      if (body !== null && "address" in body) kept.words.addresses.set(id, body.address);
      else if (body !== null && "name" in body) kept.words.labels.set(id, body.name);
    }
    return { conversation, entries, changes, head: kept.state.conversation, stopped };
  };

  const append = (request: AppendRequest): AppendResult | LedElsewhere => {
    const ids = "proposals" in request ? request.proposals.map(({ proposal }) => proposalId(proposal)) : [];
    const conversation = request.conversation ?? ids[0];
    if (conversation === undefined || ("proposals" in request && ids.length === 0))
      throw new Error("nothing to append");
    const kept = logs.get(conversation) ?? newKept();
    const clientKey = request.client && `${request.client.accountId} ${request.client.clientId}`;
    const draft = "draft" in request ? request.draft : undefined;
    const known = ids.flatMap((id) => kept.seqs.get(id) ?? []);
    const repeat = repeats.get(clientKey ?? "");
    if (repeat) return repeat;
    if (ids.length > 0 && known.length === ids.length) return { conversation, repeatOf: known.at(-1) ?? 0 };
    const published = repeats.get(draft ?? "");
    if (published) return published;
    const version = "draftVersion" in request ? request.draftVersion : undefined;
    if (version !== undefined && options.drafts?.get(draft ?? "") !== version) {
      return { rejection: reject("CONFLICT", "The draft was changed meanwhile.") };
    }

    const wish = wishOf(request, kept, ids);
    const occasion = { signer: options.signer, sentAt: options.now(), salt: options.salt };
    const leader = kept.state.conversation?.leader ?? options.signer.platform;
    // Asked before under this name, and still waiting: that is what is asked for.
    const waiting = [...pending.values()].find(({ accountId, clientId }) => `${accountId} ${clientId}` === clientKey);
    if (waiting && clientKey !== undefined) return { conversation, leader, proposal: waiting.proposal };
    if ("command" in wish && (leader !== options.signer.platform || kept.isInDoubt)) {
      const { model, body = null } = wish.command;
      const proposed = bodyFault(model, body) ?? tryToPropose(kept.state, wish.command, wish.actor, occasion);
      if ("code" in proposed) return { rejection: proposed };
      const signature = options.signer.key.sign("proposal", proposalId(proposed.proposal));
      return { conversation, leader, proposal: { ...proposed, signature } };
    }
    const [first] = "proposals" in request && kept.isInDoubt ? request.proposals : [];
    if (first) return { conversation, leader, proposal: first };
    const isKnown = (address: Address) => request.people?.has(address) ?? false;
    const { sentAt: now } = occasion;
    const taken = "code" in wish ? { rejection: wish } : take(kept.state, kept.words, wish, now, occasion, isKnown);
    if ("rejection" in taken) return taken;
    const { entries, changes } = taken;
    const head = kept.state.conversation;
    if (!head) throw new Error("a request was taken, and there is no conversation");
    const result = { conversation, entries, changes, head };
    const repeatOf = entries.at(-1)?.event.seq ?? 0;
    if (clientKey !== undefined) repeats.set(clientKey, { conversation, repeatOf });
    if (entries.length === 0) return result;

    if (draft !== undefined) {
      repeats.set(draft, { conversation, repeatOf });
      options.drafts?.delete(draft);
    }
    keep(conversation, kept, entries, request.people);
    return result;
  };

  return {
    append: async (request) => append(request),
    follow: async (request) => follow(request),
    entriesAfter: async (conversation, after, limit) =>
      logs.get(conversation)?.entries.slice(after, after + limit) ?? [],
    entriesOfEach: async (asked) =>
      asked.map(({ conversation, after, limit }) => logs.get(conversation)?.entries.slice(after, after + limit) ?? []),
    unannounced: async (olderThanMs, limit) => {
      const before = Date.parse(options.now()) - olderThanMs;
      const old = [...outbox.values()].filter(({ committedAt }) => committedAt <= before);
      return old.slice(0, limit).map(({ conversation, seq }) => ({ conversation, seq }));
    },
    announced: async (places) => {
      for (const place of places) outbox.delete(placeKey(place));
    },
    moveReceipt: async (conversation, accountId, seq) => {
      const kept = logs.get(conversation);
      const mine = kept && participationsOf(kept, accountId).find((one) => isActive(one) && !one.imported);
      const reached = Math.min(seq, kept?.state.conversation?.seq ?? 0);
      if (!mine || reached <= (kept.receipts.get(mine.id) ?? 0)) return null;
      kept.receipts.set(mine.id, reached);
      return { conversation, participant: mine.id, seq: reached };
    },
    eraseBodies: async (conversation) => {
      const kept = logs.get(conversation);
      let count = 0;
      for (const [index, entry] of kept?.entries.entries() ?? []) {
        if (entry.body === null || !kept || !isErased(kept.state, entry)) continue;
        kept.entries[index] = { ...entry, body: null, salt: null };
        count++;
      }
      return count;
    },
  };
}

function wishOf(request: AppendRequest, kept: Kept, ids: readonly Hash[]): Wish | Rejection {
  if ("proposals" in request)
    return { proposals: request.proposals.filter((_, index) => !kept.seqs.has(ids[index] ?? "")) };
  const [actor] = participationsOf(kept, request.accountId);
  return actor ? { command: request.command, actor: actor.id } : reject("NOT_FOUND", "There is no such conversation.");
}

/** The active one first; of the others the latest that was not imported. */
function participationsOf({ state, accounts }: Kept, accountId: AccountId): readonly Participant[] {
  const rank = (one: Participant) => (isActive(one) ? 2 : 0) + (one.imported ? 0 : 1);
  const mine = [...state.participants.values()].filter(({ id }) => accounts.get(id) === accountId);
  return mine.sort((a, b) => rank(b) - rank(a) || b.seq - a.seq);
}
