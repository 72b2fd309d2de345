// The contract of a store of conversations: what `append` promises, whatever keeps the rows.
import type { Command } from "../conversation/accept.ts";
import type { Stopped } from "../conversation/follow.ts";
import type { Rejection } from "../conversation/rejection.ts";
import type { Changes, Conversation } from "../conversation/state.ts";
import type { PlatformName, SignedEvent, SignedProposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";

export type AccountId = string;

/** Whose address it is: known before the append, for the append itself looks up nothing elsewhere. */
export interface Person {
  readonly recipientId: string;
  /** null where the address is not of an account here. */
  readonly accountId: AccountId | null;
  /** Left out: INBOX. `REQUESTS` where the account does not know who adds it, `SPAM` where nobody vouches for who that is. */
  readonly folder?: "REQUESTS" | "SPAM";
}

interface Request {
  /** null where the proposals publish one. */
  readonly conversation: Hash | null;
  /** By address: everybody whom the request adds. Who is not among them is RECIPIENT_UNKNOWN, and is not added. */
  readonly people?: ReadonlyMap<string, Person>;
  /** A retried request with the same pair appends once, whatever else it says. */
  readonly client?: { readonly accountId: AccountId; readonly clientId: string };
  /** What the request is called in logs, and the jobs that come of it with it. */
  readonly requestId?: string;
}

/** A command of an account here. */
export interface CommandRequest extends Request {
  readonly conversation: Hash;
  readonly accountId: AccountId;
  /** As which of its participations the account acts. Left out: the active one, else the last. */
  readonly actor?: Hash;
  readonly command: Command;
}

/** Proposals made before: a draft's on publishing, or another platform's. All are taken, or none. */
export interface ProposalsRequest extends Request {
  readonly proposals: readonly SignedProposal[];
  /** The draft that this publishes; it is gone afterwards. */
  readonly draft?: Hash;
  /** The version of the stored draft that the proposals say: once it is another, or gone, the answer is CONFLICT. */
  readonly draftVersion?: number;
}

export type AppendRequest = CommandRequest | ProposalsRequest;

/** Events that the leader sequenced, in order. Whoever hands them over has asked whose keys signed them. */
export interface FollowRequest extends Pick<Request, "people" | "requestId"> {
  readonly conversation: Hash;
  readonly run: readonly SignedEvent[];
}

/** What of a run is in the log now, and where it ended. */
export interface FollowResult {
  readonly conversation: Hash;
  /** What is new. Written with its projections and an outbox row per event, like an append. */
  readonly entries: readonly Entry[];
  readonly changes: readonly Changes[];
  /** After the last that was taken; null where nothing is had of the conversation. */
  readonly head: Conversation | null;
  readonly stopped: Stopped | null;
}

export type AppendResult =
  /** In the log: each entry with what it changed, and the conversation after the last. No entries: nothing left to do. */
  | {
      readonly conversation: Hash;
      readonly entries: readonly Entry[];
      readonly changes: readonly Changes[];
      readonly head: Conversation;
    }
  /** Appended earlier, by the same client request or the same proposal: the place of its (last) event, 0 for none, below 0 of one that was for no log. */
  | { readonly conversation: Hash; readonly repeatOf: number }
  | { readonly rejection: Rejection };

/**
 * Nothing was appended, for another platform leads, or we do and are in doubt: the command as a signed proposal, to be asked
 * of who leads once that can be.
 */
export interface LedElsewhere {
  readonly conversation: Hash;
  readonly leader: PlatformName;
  readonly proposal: SignedProposal;
}

/** The leader does not answer: what was said waits, and is asked of it again. */
export interface Pending {
  readonly conversation: Hash;
  readonly pending: SignedProposal;
}

/**
 * Appends wherever the conversation is led: here, or by asking the platform that leads it. Rejected as LEADER_UNREACHABLE
 * where that does not answer, but for messages and attachments of an account, which wait. Proposals do not: who made them keeps
 * them, and asks again with the same ones. Elsewhere, the first is taken or none; of the others, those that the rules allow.
 */
export type AppendAnywhere = (request: AppendRequest) => Promise<AppendResult | Pending>;

/** All that goes into logs, whoever gave it its place: one queue, one order. */
export type WriteRequest = AppendRequest | FollowRequest;
export type WriteResult = AppendResult | LedElsewhere | FollowResult;

/** A part of a log: entries after `after`, at most `limit`. */
export interface Stretch {
  readonly conversation: Hash;
  readonly after: number;
  readonly limit: number;
}

export interface ConversationStore {
  /**
   * Appends to one conversation: decided on its state, signed, chained and written with its projections and an outbox
   * row per event, in one transaction. When it answers with entries they will survive a crash, and will be announced. Safe to
   * retry with the same `client`, or the same proposals. Costs the same in a short log and in a long one.
   * @throws where the database fails: the outcome is then unknown until the request is retried
   */
  append(request: AppendRequest): Promise<AppendResult | LedElsewhere>;

  /**
   * Takes what a leader elsewhere sequenced: checked one by one onto what is had, and written as far as it holds, in one
   * transaction. What we sequenced ourselves was lost here: the conversation is in doubt from then on, and `append` adds
   * nothing as its leader. Safe to repeat. @throws as `append`
   */
  follow(request: FollowRequest): Promise<FollowResult>;

  /** Entries after `after`, in order, at most `limit`. Whoever asks has checked who may see them. */
  entriesAfter(conversation: Hash, after: number, limit: number): Promise<readonly Entry[]>;

  /** The same of several conversations, in one statement: what each of these asks for, in its place. */
  entriesOfEach(asked: readonly Stretch[]): Promise<readonly (readonly Entry[])[]>;

  /** Places that were committed and not yet announced: the oldest, those of a conversation in order. */
  unannounced(olderThanMs: number, limit: number): Promise<readonly Place[]>;

  /** Says that these have been announced. Saying it again does nothing. */
  announced(places: readonly Place[]): Promise<void>;

  /** Moves the account's receipt up to `seq`, at most to the head; never back. Null where it did not move. */
  moveReceipt(conversation: Hash, accountId: AccountId, seq: number): Promise<ReceiptMove | null>;

  /** Deletes the bodies and salts that the events up to `seq` erased. Safe to repeat. Returns how many there were. */
  eraseBodies(conversation: Hash): Promise<number>;
}

/** The place of one event. */
export interface Place {
  readonly conversation: Hash;
  readonly seq: number;
}

export interface ReceiptMove {
  readonly conversation: Hash;
  readonly participant: Hash;
  readonly seq: number;
}
