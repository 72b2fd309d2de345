// Where a store is tried: a clock that stands still, people whom the store knows, and words for what they ask of it.
import type pg from "pg";
import { expect } from "vitest";
import { createFindRecipients, type FindRecipients } from "../../src/accounts/find-recipients.ts";
import type { Command } from "../../src/conversation/accept.ts";
import { domainOf } from "../../src/conversation/address.ts";
import { type Draft, emptyDraft, publishDraft } from "../../src/conversation/draft.ts";
import { followAll } from "../../src/conversation/follow.ts";
import type { Rejection } from "../../src/conversation/rejection.ts";
import type { State } from "../../src/conversation/state.ts";
import type { Role, SignedProposal, Timestamp } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Entry } from "../../src/protocol/seal.ts";
import type {
  AccountId,
  AppendAnywhere,
  AppendResult,
  ConversationStore,
  LedElsewhere,
  Person,
  Place,
  ProposalsRequest,
} from "../../src/store/conversation-store.ts";
import { beginning, home, messageBody, salts, signerOf, someHash } from "../conversation/given.ts";

export interface Somebody extends Person {
  readonly address: string;
  /** Of somebody elsewhere, one that nobody has. */
  readonly accountId: AccountId;
}

/** What a store is made with here. */
export class Circumstances {
  readonly signer = signerOf(home);
  readonly salt = salts();
  /** Every append reads it. */
  time: Timestamp = beginning;
  readonly committed: Place[] = [];
  readonly now = () => this.time;
  readonly onCommitted = (appended: readonly { readonly conversation: Hash; readonly entries: readonly Entry[] }[]) => {
    for (const { conversation, entries } of appended) {
      this.committed.push(...entries.map(({ event }) => ({ conversation, seq: event.seq })));
    }
  };
}

export type Answer = AppendResult | LedElsewhere;

/** Appends as a platform that knows of no other. */
export function appendHere(store: Pick<ConversationStore, "append">): AppendAnywhere {
  return async (request) => {
    const answer = await store.append(request);
    if ("leader" in answer) throw new Error(`${answer.leader} leads`);
    return answer;
  };
}

/** Finds those who have an account here, and nobody else. */
export function findRecipientsHere(pool: pg.Pool, platform: string): FindRecipients {
  return createFindRecipients({ pool, platform, domains: [platform], platformOf: async () => ({ kind: "none" }) });
}

export interface Keeper {
  readonly store: ConversationStore;
  /** Makes the store know an address, and an account where it is of `home`. */
  enrol(address: string): Promise<Person>;
  /** All that is kept, in some form: equal only where nothing changed. */
  contents(): Promise<unknown>;
  readonly drafts: Drafts;
}

/** The drafts that are stored, as far as a store of conversations knows them. */
export interface Drafts {
  /** Stores one, or edits it. Its version. */
  save(hash: Hash, accountId: AccountId): Promise<number>;
  discard(hash: Hash): Promise<void>;
  isThere(hash: Hash): Promise<boolean>;
}

export class Setting {
  readonly store: ConversationStore;
  readonly contents: () => Promise<unknown>;
  readonly drafts: Drafts;
  readonly circumstances: Circumstances;
  readonly people = new Map<string, Person>();
  readonly #keeper: Keeper;

  constructor(circumstances: Circumstances, keeper: Keeper) {
    this.circumstances = circumstances;
    this.#keeper = keeper;
    this.store = keeper.store;
    this.contents = keeper.contents;
    this.drafts = keeper.drafts;
  }

  async person(name: string, domain = home): Promise<Somebody> {
    const address = `${name}@${domain}`;
    const person = this.people.get(address) ?? (await this.#keeper.enrol(address));
    this.people.set(address, person);
    return { ...person, address, accountId: person.accountId ?? "00000000-0000-4000-8000-000000000000" };
  }

  async persons<Names extends readonly string[]>(...names: Names): Promise<{ [Index in keyof Names]: Somebody }>;
  async persons(...names: readonly string[]): Promise<readonly Somebody[]> {
    return Promise.all(names.map((name) => this.person(name)));
  }

  /** The request that publishes a draft; each call makes other proposals of it. */
  publication(creator: Somebody, draft: Partial<Draft> = {}): ProposalsRequest {
    const { signer, salt, time: sentAt } = this.circumstances;
    const reach = (address: string) => ({ via: domainOf(address), mail: false, imported: false });
    const { address } = creator;
    const proposals = publishDraft({ ...emptyDraft, ...draft }, { address, name: null }, reach, {
      signer,
      sentAt,
      salt,
    });
    if ("code" in proposals) throw new Error(`the draft was rejected: ${proposals.code}`);
    return { conversation: null, proposals, people: this.people };
  }

  /** A conversation of `creator` and those that were added with these roles, published. */
  async published(
    creator: Somebody,
    cast: readonly (readonly [Somebody, Role])[] = [],
    draft: Partial<Draft> = {},
  ): Promise<Hash> {
    const participants = cast.map(([{ address }, role]) => ({ id: someHash(address), role, address, name: null }));
    const result = await this.store.append(this.publication(creator, { ...draft, participants }));
    entriesOf(result);
    return "conversation" in result ? result.conversation : "";
  }

  asks(conversation: Hash, who: Somebody, command: Command, clientId?: string): Promise<Answer> {
    const { accountId } = who;
    const client = clientId === undefined ? {} : { client: { accountId, clientId } };
    return this.store.append({ conversation, accountId, command, people: this.people, ...client });
  }

  says(conversation: Hash, who: Somebody, text = "Shall we meet?", clientId?: string): Promise<Answer> {
    return this.asks(conversation, who, { action: "add", model: "message", body: messageBody(text) }, clientId);
  }

  /** For what has to be taken: the entry. */
  async does(conversation: Hash, who: Somebody, command: Command): Promise<Entry> {
    const [entry] = entriesOf(await this.asks(conversation, who, command));
    if (!entry) throw new Error("there was nothing left to do");
    return entry;
  }

  brings(conversation: Hash, proposals: readonly SignedProposal[]): Promise<Answer> {
    return this.store.append({ conversation, proposals, people: this.people });
  }

  /** The whole log, read page by page. */
  async log(conversation: Hash): Promise<readonly Entry[]> {
    const log: Entry[] = [];
    for (;;) {
      const page = await this.store.entriesAfter(conversation, log.length, 100);
      if (page.length === 0) return log;
      log.push(...page);
    }
  }

  /** What the log comes to, when a follower checks every hash, signature and rule of it. */
  async followed(conversation: Hash): Promise<State> {
    return followedState(await this.log(conversation), this.circumstances.time);
  }

  /** The participant of an address: the latest. */
  async participant(conversation: Hash, { address }: Somebody): Promise<Hash> {
    const log = await this.log(conversation);
    const id = log.findLast(({ body }) => body !== null && "address" in body && body.address === address)?.id;
    if (id === undefined) throw new Error("they never took part");
    return id;
  }
}

function followedState(log: readonly Entry[], now: Timestamp): State {
  const followed = followAll(
    log.map(({ event, signatures, body, salt }) => ({ event, signatures, body, salt })),
    now,
  );
  if ("fault" in followed) throw new Error(`a follower refuses ${followed.seq}: ${JSON.stringify(followed.fault)}`);
  return followed.state;
}

/** What was appended; fails where the answer is another. */
export function entriesOf(result: Answer): readonly Entry[] {
  expect(result).toHaveProperty("entries");
  if (!("entries" in result)) throw new Error("was not appended");
  return result.entries;
}

/** The place that a repeated request was told; fails where it was no repeat. */
export function repeatOf(result: Answer): number {
  expect(result).toHaveProperty("repeatOf");
  return "repeatOf" in result ? result.repeatOf : Number.NaN;
}

/** The rejection; fails where there was none. */
export function rejectionOf(result: Answer): Rejection {
  expect(result).toHaveProperty("rejection");
  if (!("rejection" in result)) throw new Error("was not rejected");
  return result.rejection;
}
