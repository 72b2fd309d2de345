// What each role may do. Rules ask here; nothing else compares roles.

import type { Timestamp } from "../protocol/event.ts";
import { type Role, roles } from "../protocol/event.ts";
import type { Item, Message, Participant, State } from "./state.ts";

export function isAtLeast(participant: Participant, role: Role): boolean {
  return roles.indexOf(participant.role) >= roles.indexOf(role);
}

export function isActive(participant: Participant): boolean {
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
export function mayModifyMessage(participant: Participant, message: Message): boolean {
  return isAtLeast(participant, message.addedBy === participant.id ? "COMMENTER" : "WRITER");
}

/** What they made themselves while they may still speak; an ADMIN anything. */
export function mayRemoveItem(participant: Participant, item: Item): boolean {
  return isAdmin(participant) || (item.addedBy === participant.id && isAtLeast(participant, "COMMENTER"));
}

/** To their own message while they may still speak; an ADMIN to any. */
export function mayAttachTo(participant: Participant, message: Message): boolean {
  return mayRemoveItem(participant, message);
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
  if (lockHolder === null || lockUntil === null || lockUntil <= at) return null;
  const holder = state.participants.get(lockHolder);
  return holder && isActive(holder) && mayModifyMessage(holder, message) ? { holder, until: lockUntil } : null;
}
