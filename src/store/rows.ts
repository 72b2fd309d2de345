// Rows and what they stand for: the one place that knows both the columns' names and the core's.
import type {
  Attachment,
  Conversation,
  Item,
  Label,
  Message,
  Participant,
  ParticipantStatus,
} from "../conversation/state.ts";
import type { Action, Body, Model, Role, Value } from "../protocol/event.ts";
import { type Entry, eventHash } from "../protocol/seal.ts";
import type { Person } from "./conversation-store.ts";

export interface ConversationRow {
  readonly id: string;
  readonly seq: number;
  readonly head: string;
  readonly timestamp: Date;
  readonly created_at: Date;
  readonly leader: string;
  readonly expires_at: Date | null;
  readonly participants: number;
  readonly admins: number;
  readonly subject_latest: string | null;
  readonly expiry_latest: string | null;
  readonly leader_latest: string | null;
  readonly subject_seq: number | null;
  readonly draft_hash: string | null;
  readonly frozen_at: Date | null;
  readonly in_doubt: boolean;
  readonly is_shared: boolean;
}

export interface ParticipantRow {
  readonly conversation_id: string;
  readonly id: string;
  readonly seq: number;
  readonly recipient_id: string | null;
  readonly account_id: string | null;
  readonly name: string | null;
  readonly role: Role;
  readonly status: ParticipantStatus;
  readonly via: string;
  readonly mail: boolean;
  readonly imported: boolean;
  readonly latest: string;
  readonly removed_seq: number | null;
  readonly is_erased: boolean;
  readonly read_up_to: number;
}

interface ItemRow {
  readonly conversation_id: string;
  readonly id: string;
  readonly seq: number;
  readonly added_by: string;
  readonly latest: string;
  readonly removed_seq: number | null;
}

export interface MessageRow extends Omit<ItemRow, "added_by"> {
  readonly author: string;
  readonly parent: string | null;
  readonly words_seq: number;
  readonly words_by: string;
  readonly lock_holder: string | null;
  readonly lock_until: Date | null;
}

export type LabelRow = ItemRow;

export interface AttachmentRow extends ItemRow {
  readonly message: string | null;
}

export interface EventRow {
  readonly conversation_id: string;
  readonly seq: number;
  readonly id: string;
  readonly parent: string | null;
  readonly timestamp: Date;
  readonly leader: string;
  readonly key: string;
  readonly signature: string;
  readonly platform: string;
  readonly platform_key: string;
  readonly platform_signature: string | null;
  readonly actor: string | null;
  readonly sent_at: Date;
  readonly action: Action;
  readonly model: Model;
  readonly item: string | null;
  readonly value: Value | null;
  readonly follows: string | null;
  readonly ref: string | null;
  readonly body: Body | null;
  readonly salt: string | null;
}

export const eventColumns: readonly (keyof EventRow)[] = [
  ...(["conversation_id", "seq", "id", "parent", "timestamp", "leader", "key", "signature"] as const),
  ...(["platform", "platform_key", "platform_signature", "actor", "sent_at", "action", "model", "item"] as const),
  ...(["value", "follows", "ref", "body", "salt"] as const),
];

const isoOf = (time: Date | null): string | null => time?.toISOString() ?? null;

export function conversationOf(row: ConversationRow): Conversation {
  return {
    id: row.id,
    seq: row.seq,
    head: row.head,
    timestamp: row.timestamp.toISOString(),
    createdAt: row.created_at.toISOString(),
    leader: row.leader,
    expiresAt: isoOf(row.expires_at),
    participants: row.participants,
    admins: row.admins,
    subjectLatest: row.subject_latest,
    expiryLatest: row.expiry_latest,
    leaderLatest: row.leader_latest,
    subjectSeq: row.subject_seq,
    isFrozen: row.frozen_at !== null,
  };
}

export function participantOf(
  row: Omit<ParticipantRow, "conversation_id" | "recipient_id" | "account_id" | "name" | "read_up_to">,
): Participant {
  return {
    id: row.id,
    seq: row.seq,
    role: row.role,
    status: row.status,
    via: row.via,
    mail: row.mail,
    imported: row.imported,
    latest: row.latest,
    removedSeq: row.removed_seq,
    isErased: row.is_erased,
  };
}

function itemOf(row: Omit<ItemRow, "added_by">, addedBy: string): Item {
  return { id: row.id, seq: row.seq, addedBy, latest: row.latest, removedSeq: row.removed_seq };
}

export function messageOf(row: MessageRow): Message {
  return {
    ...itemOf(row, row.author),
    parent: row.parent,
    wordsSeq: row.words_seq,
    wordsBy: row.words_by,
    lockHolder: row.lock_holder,
    lockUntil: isoOf(row.lock_until),
  };
}

export function labelOf(row: LabelRow): Label {
  return itemOf(row, row.added_by);
}

export function attachmentOf(row: AttachmentRow): Attachment {
  return { ...itemOf(row, row.added_by), message: row.message };
}

/** The entry of a row, its hash computed anew: 6 µs. */
export function entryOf(row: EventRow): Entry {
  const signed = signedEventOf(row);
  return { ...signed, hash: eventHash(signed.event) };
}

/** The same for whoever needs no hash. */
export function signedEventOf(row: EventRow): Omit<Entry, "hash"> {
  const event = {
    proposal: {
      v: 1,
      // The first event has no conversation yet: its own id becomes that.
      conversation: row.action === "publish" ? null : row.conversation_id,
      platform: row.platform,
      key: row.platform_key,
      actor: row.actor,
      sentAt: row.sent_at.toISOString(),
      action: row.action,
      model: row.model,
      item: row.item,
      value: row.value,
      follows: row.follows,
      ref: row.ref,
    },
    seq: row.seq,
    parent: row.parent,
    timestamp: row.timestamp.toISOString(),
    leader: row.leader,
    key: row.key,
  };
  return {
    id: row.id,
    event,
    signatures: { event: row.signature, proposal: row.platform_signature },
    body: row.body,
    salt: row.salt,
  };
}

// What is written goes as JSON and comes out as rows (json_populate_recordset), so times stay texts here.

/** @param parent the head that it moves on from; null for a new one */
export function conversationRow(conversation: Conversation, parent: string | null, draftHash: string | null) {
  return {
    id: conversation.id,
    seq: conversation.seq,
    head: conversation.head,
    timestamp: conversation.timestamp,
    created_at: conversation.createdAt,
    leader: conversation.leader,
    expires_at: conversation.expiresAt,
    participants: conversation.participants,
    admins: conversation.admins,
    subject_latest: conversation.subjectLatest,
    expiry_latest: conversation.expiryLatest,
    leader_latest: conversation.leaderLatest,
    subject_seq: conversation.subjectSeq,
    draft_hash: draftHash,
    parent,
  };
}

export function eventRow(conversation: string, entry: Entry) {
  const { event, signatures } = entry;
  const { proposal } = event;
  return {
    conversation_id: conversation,
    seq: event.seq,
    id: entry.id,
    parent: event.parent,
    timestamp: event.timestamp,
    leader: event.leader,
    key: event.key,
    signature: signatures.event,
    platform: proposal.platform,
    platform_key: proposal.key,
    platform_signature: signatures.proposal,
    actor: proposal.actor,
    sent_at: proposal.sentAt,
    action: proposal.action,
    model: proposal.model,
    item: proposal.item,
    value: proposal.value,
    follows: proposal.follows,
    ref: proposal.ref,
    body: entry.body,
    salt: entry.salt,
  };
}

/** @param person and `name` with the event that adds them; later changes leave both as they are */
export function participantRow(
  conversation: string,
  participant: Participant,
  person: Person | null,
  name: string | null,
) {
  return {
    conversation_id: conversation,
    id: participant.id,
    seq: participant.seq,
    recipient_id: person?.recipientId ?? null,
    account_id: person?.accountId ?? null,
    name,
    role: participant.role,
    status: participant.status,
    via: participant.via,
    mail: participant.mail,
    imported: participant.imported,
    latest: participant.latest,
    removed_seq: participant.removedSeq,
    is_erased: participant.isErased,
  };
}

function itemRow(conversation: string, item: Item) {
  return {
    conversation_id: conversation,
    id: item.id,
    seq: item.seq,
    latest: item.latest,
    removed_seq: item.removedSeq,
  };
}

export function messageRow(conversation: string, message: Message) {
  return {
    ...itemRow(conversation, message),
    author: message.addedBy,
    parent: message.parent,
    words_seq: message.wordsSeq,
    words_by: message.wordsBy,
    lock_holder: message.lockHolder,
    lock_until: message.lockUntil,
  };
}

export function labelRow(conversation: string, label: Label) {
  return { ...itemRow(conversation, label), added_by: label.addedBy };
}

export function attachmentRow(conversation: string, attachment: Attachment) {
  return { ...itemRow(conversation, attachment), added_by: attachment.addedBy, message: attachment.message };
}
