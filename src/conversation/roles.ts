// What each role may do. Rules ask here; nothing else compares roles.

import type { Timestamp } from "../protocol/event.ts";
import { type Role, roles } from "../protocol/event.ts";
import type { Attachment, Item, Label, Message, Participant, State } from "./state.ts";

/** What of a participant says what they may do now. */
type Acting = Pick<Participant, "id" | "role" | "status">;

export function isAtLeast(participant: Pick<Participant, "role">, role: Role): boolean {
  return roles.indexOf(participant.role) >= roles.indexOf(role);
}

export function isActive(participant: Pick<Participant, "status">): boolean {
  return participant.status === "ACTIVE";
}

export function isAdmin(participant: Participant): boolean {
  return participant.role === "ADMIN";
}

/** Whether they may become ADMIN: an address by mail proves nobody, and an archive's people never agreed to take part. */
export function mayBeAdmin(participant: Pick<Participant, "mail" | "imported">): boolean {
  return !participant.mail && !participant.imported;
}

/** A COMMENTER their own, a WRITER any. Locking and releasing go with it. */
export function mayModifyMessage(participant: Acting, message: Message): boolean {
  return isAtLeast(participant, message.addedBy === participant.id ? "COMMENTER" : "WRITER");
}

/** A COMMENTER their own, an ADMIN any. */
export function mayRemoveMessage(participant: Participant, message: Message): boolean {
  return mayTakeBack(participant, message, "COMMENTER");
}

/** A COMMENTER to their own, an ADMIN to any. */
export function mayAttachTo(participant: Participant, message: Message): boolean {
  return mayTakeBack(participant, message, "COMMENTER");
}

/** A WRITER what they added, an ADMIN any. */
export function mayRemoveLabel(participant: Participant, label: Label): boolean {
  return mayTakeBack(participant, label, "WRITER");
}

/**
 * A COMMENTER what they added to their own message, a WRITER what they added to anything, an ADMIN any.
 * @param message that it belongs to; undefined: to none
 */
export function mayRemoveAttachment(
  participant: Participant,
  attachment: Attachment,
  message: Message | undefined,
): boolean {
  return mayTakeBack(participant, attachment, message?.addedBy === participant.id ? "COMMENTER" : "WRITER");
}

function mayTakeBack(participant: Participant, item: Item, role: Role): boolean {
  return isAdmin(participant) || (item.addedBy === participant.id && isAtLeast(participant, role));
}

export interface Lock {
  readonly holder: Participant;
  readonly until: Timestamp;
}

/**
 * The lock on `message` that holds at `at`, the timestamp of what is being decided. It ends with its time, with the
 * holder's taking part, and with their right to modify the message.
 */
export function heldLock(state: State, message: Message, at: Timestamp): Lock | null {
  const { lockHolder, lockUntil } = message;
  const holder = lockHolder === null ? undefined : state.participants.get(lockHolder);
  return holder && lockUntil !== null && holdsLock(holder, message, at) ? { holder, until: lockUntil } : null;
}

/** Whether the participant holds the lock on `message` at `at`. */
export function holdsLock(participant: Acting, message: Message, at: Timestamp): boolean {
  const { lockHolder, lockUntil } = message;
  if (lockHolder !== participant.id || lockUntil === null || lockUntil <= at) return false;
  return isActive(participant) && mayModifyMessage(participant, message);
}
