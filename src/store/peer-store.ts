// What is kept of other platforms beside the log: how far each has it, what waits to be asked of a leader, receipts to
// tell, and proofs against a leader. The contract; `postgres-peer-store.ts` keeps it in the database.
import type { Rejection } from "../conversation/rejection.ts";
import type { Conversation } from "../conversation/state.ts";
import type { PlatformName, SignedEvent, SignedProposal, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId, Place, ReceiptMove } from "./conversation-store.ts";

/** What one platform is owed of one conversation. */
export interface Debt {
  readonly conversation: Hash;
  /** It has everything up to here. */
  readonly after: number;
  /** Whether that is known: not where it lost something, or another platform led before us. Then it is asked first. */
  readonly isSure: boolean;
  /** And is to get everything up to here. */
  readonly upTo: number;
  /**
   * What it has to be shown where it has nothing: the event that first added somebody whom it speaks for, whose address is not erased, and, where
   * another platform led before us, the one that gave us the lead. In order.
   */
  readonly introduction: readonly number[];
}

/** How a try at a delivery went, as people are shown it. */
export interface Attempt {
  readonly at: Timestamp;
  /** An HTTP status, or what kept it from one: `timeout`, `refused` … */
  readonly code: string;
  /** The first 512 bytes of the answer; empty where there was none, or all was well. */
  readonly answer: string;
}

/** Something said here that waits for the leader of its conversation. */
export interface PendingProposal {
  readonly id: Hash;
  readonly conversation: Hash;
  readonly accountId: AccountId;
  readonly clientId: string | null;
  readonly proposal: SignedProposal;
  readonly createdAt: Timestamp;
  /** Why it will never be in the log; null while it waits. */
  readonly rejection: Rejection | null;
}

/** A platform that is owed something, and whether it answered the last time. */
export interface OwedDestination {
  readonly platform: PlatformName;
  readonly isAnswering: boolean;
}

export interface OwedBody {
  readonly seq: number;
  readonly platform: PlatformName;
}

/** Where a copy of a log ends. */
export interface Head extends Place {
  /** Of the event there. */
  readonly hash: Hash;
}

/** A conversation as it is here, and how much of it a platform may have: as `reachOf` says. */
export interface Standing {
  readonly head: Conversation;
  readonly reach: number;
}

/** We were restored from an older copy. */
export interface Loss {
  readonly at: Timestamp;
  readonly askAt: Timestamp;
  readonly waitUntil: Timestamp;
}

/** An event of ours that we have not: others have it. */
export interface FoundLost {
  readonly conversation: Hash;
  /** Its time. */
  readonly sequencedAt: Timestamp;
}

export interface PeerStore {
  /**
   * Owes the events of these conversations that we lead to every platform in them, and to one that is gone the event that
   * ended it. Safe to repeat. Returns the platforms that are owed something.
   * @param places by conversation once: its last event; `first` of those that are new
   */
  owe(places: readonly (Place & { readonly first: number })[]): Promise<readonly OwedDestination[]>;
  /**
   * Owes these events, which erase words and which we sequenced, to platforms that have left and had such words: alone,
   * for they get nothing else. Safe to repeat. Returns these platforms.
   */
  oweErasures(places: readonly Place[]): Promise<readonly PlatformName[]>;
  /** What it is owed of these, those that wait longest first. */
  erasuresFor(platform: PlatformName, limit: number): Promise<readonly Place[]>;
  /** The platform does not take these now: others come before them. */
  erasuresTried(platform: PlatformName, places: readonly Place[]): Promise<void>;
  /** The platform has erased what these say, or never will. */
  erasuresTold(platform: PlatformName, places: readonly Place[]): Promise<void>;
  /** What a platform is owed, at most `limit` conversations, those that wait longest first. */
  debts(platform: PlatformName, limit: number): Promise<readonly Debt[]>;
  /** Nothing came of what it is owed of these conversations: others come before them. */
  passedOver(platform: PlatformName, conversations: readonly Hash[]): Promise<void>;
  /** Platforms that are owed something, or to be asked something: all of them. */
  destinationsOwed(): Promise<readonly PlatformName[]>;
  /** Platforms with which we share a conversation, or that led one that we were in, or were owed something of ours. */
  neighbours(): Promise<readonly PlatformName[]>;
  /**
   * Where our copies end of conversations that one of `leaders` leads and that we and the platform are in, in the order of their
   * ids, at most `limit`. Frozen ones are not among them.
   * @param after the last id that was looked at; empty for none
   */
  headsToCompare(
    platform: PlatformName,
    leaders: readonly PlatformName[],
    after: Hash,
    limit: number,
  ): Promise<readonly Head[]>;
  /** The platform has these conversations up to these places; also back to an earlier one, where it says so. */
  acknowledged(platform: PlatformName, places: readonly Place[]): Promise<void>;
  /** The platform will not take the event at this place: its conversation stops there, visibly. */
  refused(platform: PlatformName, place: Place, code: string): Promise<void>;
  /** Owes the platform anew what it has not acknowledged, or refused: it says that it is there. */
  remind(platform: PlatformName): Promise<void>;

  /** Notes a try, with what came of it. `isAnswering`: the platform answered, so the failures before are forgotten. */
  attempted(platform: PlatformName, attempt: Attempt, isAnswering: boolean): Promise<void>;
  /** How often in a row it did not answer. */
  failures(platform: PlatformName): Promise<number>;

  /** The conversation as it is here; null where nothing is had of it. */
  head(conversation: Hash): Promise<Conversation | null>;
  /**
   * Up to which seq the platform may have the conversation: without bound while somebody in it is via it, or it leads; to
   * where that ended; 0 where it never was.
   */
  reachOf(platform: PlatformName, conversation: Hash): Promise<number>;
  /** Both of one moment, null where there is no such conversation: what is asked in one turn of the event loop is read together. */
  standing(platform: PlatformName, conversation: Hash): Promise<Standing | null>;
  /** Which platform speaks for each of these participants, of those that there are; also of who is gone. */
  viasOf(conversation: Hash, participants: readonly Hash[]): Promise<ReadonlyMap<Hash, PlatformName>>;
  /** The platforms that are in the conversation now, without our own. */
  platformsIn(conversation: Hash): Promise<readonly PlatformName[]>;

  /**
   * We may have lost the end of what we had, also of what we sequenced: where we know of other platforms, all conversations
   * are in doubt, for somebody of these may have been added to any; nothing is sequenced in them.
   * Platforms that were given up are tried again, for they are waited for.
   * @param found by what it showed; null: by another copy. What was sequenced before the last loss began is a part of that:
   *   then only its own conversation comes into doubt, and nobody is told anew while anybody is still to be told
   * @param loss.at names the incident
   * @param loss.askAt when the others may be asked: what we sent before is on its way no more
   * @param loss.waitUntil so long every platform that we know of is waited for, then only those in the conversation
   * @returns the platforms that are to be told
   */
  doubt(loss: Loss, found: FoundLost | null): Promise<readonly PlatformName[]>;
  /** The loss of which the platform is to be told now; null where it has told us all that it has, or may not be asked yet. */
  lossFor(platform: PlatformName, now: Timestamp): Promise<Loss | null>;
  /** The platform has told us all that it has, or is not waited for. */
  lossTold(platform: PlatformName): Promise<void>;
  /**
   * Ends the doubt about conversations in which nobody is waited for. Returns platforms that are to be told besides: who
   * turned up in the others meanwhile.
   */
  endDoubts(now: Timestamp): Promise<readonly PlatformName[]>;
  /**
   * The platform may have lost the end of what it had: where it stands is to be asked for every conversation that it may
   * have, and its erasures are owed again. Once for each `at`, and not for one before the last. Returns false where that has to wait:
   * another began less than a minute before `now`.
   */
  unsettle(platform: PlatformName, at: Timestamp, now: Timestamp): Promise<boolean>;
  /** Whether something of that is still to be told. */
  isUnsettled(platform: PlatformName): Promise<boolean>;

  /** Keeps a proposal before it is sent for the first time. One of the account's with that clientId that is kept already is returned instead. */
  keepPending(pending: Omit<PendingProposal, "rejection">): Promise<PendingProposal>;
  /** What waits for who leads the conversation (`mayWait`: what else is kept is asked for by who named it alone), the oldest first, at most `limit`. */
  pendingIn(conversation: Hash, limit: number): Promise<readonly PendingProposal[]>;
  /** The first of that; null where nothing waits. */
  firstPending(conversation: Hash): Promise<Pick<PendingProposal, "id" | "createdAt"> | null>;
  /** Conversations in which something waits, and who leads them. */
  conversationsPending(): Promise<readonly { readonly conversation: Hash; readonly leader: PlatformName }[]>;
  /** Conversations that `leader` leads, and in which something waits that was said until then. */
  pendingWith(leader: PlatformName, until: Timestamp): Promise<readonly Hash[]>;
  /** These are in the log: they wait no more, and their clientIds find them. Safe to repeat; others are passed over. */
  settled(conversation: Hash, ids: readonly Hash[]): Promise<void>;
  /** It will not be in the log. */
  failed(id: Hash, rejection: Rejection): Promise<void>;
  /** Takes away a proposal that is not to be asked again. */
  dropPending(id: Hash): Promise<void>;

  /** Moves receipts that another platform tells of, for participants that it speaks for. Returns those that moved. */
  moveForeignReceipts(platform: PlatformName, receipts: readonly ReceiptMove[]): Promise<readonly ReceiptMove[]>;
  /** Owes a receipt to the platforms in its conversation. Returns these. */
  oweReceipt(receipt: ReceiptMove): Promise<readonly PlatformName[]>;
  receiptsFor(platform: PlatformName, limit: number): Promise<readonly ReceiptMove[]>;
  /** The platform has heard of these. */
  receiptsTold(platform: PlatformName, receipts: readonly ReceiptMove[]): Promise<void>;

  /** Keeps the two events that prove a lie of the leader, at the place of the first, and freezes the conversation. Safe to repeat. */
  freeze(conversation: Hash, proof: readonly [SignedEvent, SignedEvent]): Promise<void>;

  /** Events whose words are neither here nor erased, in order, at most `limit`; and who spoke for those who said them. */
  owedBodies(conversation: Hash, limit: number): Promise<readonly OwedBody[]>;
  /** Deletes words that an event erased which we do not get, for we left before it; none that arrive later are kept. Safe to repeat. */
  eraseLate(conversation: Hash, seqs: readonly number[]): Promise<void>;
  /** Puts words in place that came later. What is erased meanwhile, or does not fit its commitment, is passed over. Returns how many fit. */
  fillBodies(conversation: Hash, entries: readonly SignedEvent[]): Promise<number>;
}
