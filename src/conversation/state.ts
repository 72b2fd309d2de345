// The state of a conversation: what its events come to. A `State` may hold all of it, or only what one decision needs
// (see `needs`); rules cannot tell the difference.
import type { PlatformName, Role, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";

export type Conversation = {
  readonly id: Hash;
  readonly seq: number;
  /** Hash of the event at `seq`. */
  readonly head: Hash;
  readonly timestamp: Timestamp;
  readonly createdAt: Timestamp;
  readonly leader: PlatformName;
  readonly expiresAt: Timestamp | null;
  /** How many are active, and how many of them are ADMIN. */
  readonly participants: number;
  readonly admins: number;
  /** Latest events; null if none yet. */
  readonly subjectLatest: Hash | null;
  readonly expiryLatest: Hash | null;
  readonly leaderLatest: Hash | null;
  /** The event whose body holds the subject. */
  readonly subjectSeq: number | null;
  /** No event sets it: this platform holds a proof that the leader signed two histories. */
  readonly isFrozen: boolean;
};

export type ParticipantStatus = "ACTIVE" | "LEFT" | "REMOVED";

export type Participant = {
  readonly id: Hash;
  /** Place of the event that added them. */
  readonly seq: number;
  readonly role: Role;
  readonly status: ParticipantStatus;
  readonly via: PlatformName;
  readonly mail: boolean;
  readonly imported: boolean;
  readonly latest: Hash;
  readonly removedSeq: number | null;
  /** All that they brought is removed with them, and nothing of it needs a change of its own. */
  readonly isErased: boolean;
};

/** What messages, labels and attachments have in common. */
export type Item = {
  readonly id: Hash;
  readonly seq: number;
  /** The participant who made it. */
  readonly addedBy: Hash;
  readonly latest: Hash;
  readonly removedSeq: number | null;
};

export type Message = Item & {
  /** The message that it answers. */
  readonly parent: Hash | null;
  /** The event whose body holds the latest words, and its actor. */
  readonly wordsSeq: number;
  readonly wordsBy: Hash;
  /** The lock last taken and not released; whether it still holds, `heldLock` says. */
  readonly lockHolder: Hash | null;
  readonly lockUntil: Timestamp | null;
};

export type Label = Item;

export type Attachment = Item & {
  /** The message that it belongs to. */
  readonly message: Hash | null;
};

export interface State {
  conversation: Conversation | null;
  readonly participants: Map<Hash, Participant>;
  readonly messages: Map<Hash, Message>;
  readonly labels: Map<Hash, Label>;
  readonly attachments: Map<Hash, Attachment>;
}

/** What one event changes: whole new values, to be put in place of the old ones under their ids. */
export interface Changes {
  readonly conversation: Conversation;
  readonly participants?: readonly Participant[];
  readonly message?: Message;
  readonly label?: Label;
  readonly attachment?: Attachment;
}

export function emptyState(): State {
  return {
    conversation: null,
    participants: new Map(),
    messages: new Map(),
    labels: new Map(),
    attachments: new Map(),
  };
}

/** Puts `changes` in place. The only function that writes to a state. */
export function apply(state: State, changes: Changes): void {
  state.conversation = changes.conversation;
  for (const participant of changes.participants ?? []) state.participants.set(participant.id, participant);
  if (changes.message) state.messages.set(changes.message.id, changes.message);
  if (changes.label) state.labels.set(changes.label.id, changes.label);
  if (changes.attachment) state.attachments.set(changes.attachment.id, changes.attachment);
}

/** Whether it is gone: removed itself, or erased with the one who made it, or, an attachment, with its message. */
export function isRemoved(state: State, item: Item & { readonly message?: Hash | null }): boolean {
  if (item.removedSeq !== null || state.participants.get(item.addedBy)?.isErased) return true;
  const message = item.message ? state.messages.get(item.message) : undefined;
  return message !== undefined && isRemoved(state, message);
}
