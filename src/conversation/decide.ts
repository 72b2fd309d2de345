// The rules: whether a proposal may become an event. One function for the leader who sequences it and for every
// follower who checks it. Reads no body, no clock and no address.
//
// The order of checks is part of the protocol: form, right, done already, LOCKED, CONFLICT.

import type { Proposal, Timestamp } from "../protocol/event.ts";
import { formFault } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { expiresAtOf, leaderOf, participantOf, roleOf } from "../protocol/value.ts";
import { limits } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import {
  heldLock,
  isActive,
  isAdmin,
  isAtLeast,
  mayAttachTo,
  mayBeAdmin,
  mayModifyMessage,
  mayRemoveAttachment,
  mayRemoveLabel,
  mayRemoveMessage,
} from "./roles.ts";
import { type Attachment, type Conversation, isRemoved, type Label, type Participant, type State } from "./state.ts";

/** `done`: success without an event, for there is nothing left to do. */
export type Decision = "accepted" | "done" | Rejection;

/**
 * Decides `proposal` on `state` at `at`, the timestamp that its event has or would get. Pure, so asking again is safe.
 * `state` may be partial; `needs` says what has to be in it.
 */
export function decide(state: State, proposal: Proposal, at: Timestamp): Decision {
  const fault = formFault(proposal);
  if (fault) return reject("INVALID_ACTION", `This proposal is not of the protocol: ${fault}.`);
  if (!isTimely(proposal.sentAt, at)) return reject("INVALID_TIME");
  if (proposal.action === "publish") return decidePublish(state, proposal);

  const { conversation } = state;
  const actor = proposal.actor === null ? undefined : state.participants.get(proposal.actor);
  if (!conversation || proposal.conversation !== conversation.id)
    return reject("NOT_FOUND", "There is no such conversation.");
  if (!actor) return reject("NOT_PARTICIPANT");
  if (conversation.isFrozen) return reject("FROZEN");
  if (proposal.platform !== actor.via) return reject("WRONG_PLATFORM");
  if (!isActive(actor) && !isOwnRemoval(proposal)) return reject("NOT_PARTICIPANT");
  if (!outlivesExpiry(proposal) && isExpired(conversation, at)) return reject("EXPIRED");

  const question = { state, conversation, actor, proposal, at };
  switch (proposal.model) {
    case "participant":
      return decideParticipant(question);
    case "message":
      return decideMessage(question);
    case "attachment":
      return decideAttachment(question);
    case "label":
      return decideLabel(question);
    case "subject":
      if (!isAtLeast(actor, "WRITER")) return reject("FORBIDDEN");
      return following(question);
    case "expiry":
      return decideExpiry(question);
    case "leader":
      return decideLeader(question);
    case "conversation":
      return reject("INVALID_ACTION");
  }
}

/** Everything that a rule looks at: the actor is known, of the right platform, and active (or removing themselves). */
interface Question {
  readonly state: State;
  readonly conversation: Conversation;
  readonly actor: Participant;
  readonly proposal: Proposal;
  readonly at: Timestamp;
}

/** Whether the leader's timestamp is near enough to when the proposal was made: nobody can keep one for later. */
function isTimely(sentAt: Timestamp, at: Timestamp): boolean {
  const lateMs = Date.parse(at) - Date.parse(sentAt);
  return lateMs >= -limits.sentAheadMs && lateMs <= limits.sentBehindMs;
}

/** Whether the conversation has expired at `at`. Expiry deletes nothing and is judged by events' timestamps only. */
export function isExpired(conversation: Pick<Conversation, "expiresAt">, at: Timestamp): boolean {
  return conversation.expiresAt !== null && conversation.expiresAt <= at;
}

/** After the expiry there are removals, leaving, a new expiry and handing over the lead; each with its own right. */
function outlivesExpiry({ action, model }: Proposal): boolean {
  return action === "remove" || model === "expiry" || model === "leader";
}

/** Leaving, also by somebody who already left; and erasing oneself, active or long gone. */
function isOwnRemoval({ action, model, actor, item }: Proposal): boolean {
  return action === "remove" && model === "participant" && actor === item;
}

function decidePublish(state: State, proposal: Proposal): Decision {
  if (state.conversation) return reject("INVALID_ACTION", "This conversation is published already.");
  const { value, platform } = proposal;
  const creator = participantOf(value);
  const isCreator = creator?.role === "ADMIN" && mayBeAdmin(creator) && creator.via === platform;
  return isCreator
    ? "accepted"
    : reject("INVALID_ACTION", "The first event makes its creator an ADMIN of its own platform.");
}

function decideParticipant(question: Question): Decision {
  const { state, conversation, actor, proposal } = question;
  const { action, value, item } = proposal;
  if (action === "add") {
    const added = participantOf(value);
    if (!added) return reject("INVALID_ACTION");
    if (!isAtLeast(actor, "WRITER") || (added.role === "ADMIN" && !isAdmin(actor))) return reject("FORBIDDEN");
    if (added.role === "ADMIN" && !mayBeAdmin(added)) return reject("INVALID_ROLE");
    // Who else an address belongs to is for discovery to say; these two a platform can only say of itself.
    if ((added.mail || added.imported) && added.via !== proposal.platform) return reject("WRONG_PLATFORM");
    return conversation.participants >= limits.participants ? reject("LIMIT_EXCEEDED") : "accepted";
  }
  const participant = item === null ? undefined : state.participants.get(item);
  if (!participant) return reject("NOT_FOUND");
  const isSelf = participant.id === actor.id;
  if (action === "remove") {
    if (!isSelf && (value === "ERASE" || !isAdmin(actor))) return reject("FORBIDDEN");
    if (value === "ERASE" ? participant.isErased : !isActive(participant)) return "done";
    return following(question);
  }
  const role = roleOf(value);
  if (!isAdmin(actor) || role === null) return reject("FORBIDDEN");
  if (!isActive(participant)) return reject("REMOVED", "They do not take part any more. Add them anew.");
  if (role === "ADMIN" && !mayBeAdmin(participant)) return reject("INVALID_ROLE");
  if (participant.role === role) return "done";
  if (isAdmin(participant) && conversation.admins === 1) return reject("LAST_ADMIN");
  return following(question);
}

function decideMessage(question: Question): Decision {
  const { state, actor, proposal, at } = question;
  const { action, item } = proposal;
  if (action === "add") {
    if (!isAtLeast(actor, item === null ? "WRITER" : "COMMENTER")) return reject("FORBIDDEN");
    return item === null || state.messages.has(item)
      ? "accepted"
      : reject("NOT_FOUND", "There is no such message to answer.");
  }
  const message = item === null ? undefined : state.messages.get(item);
  if (!message) return reject("NOT_FOUND");
  const lock = heldLock(state, message, at);
  const isOthers = lock !== null && lock.holder.id !== actor.id;
  if (action === "remove") {
    if (!mayRemoveMessage(actor, message)) return reject("FORBIDDEN");
    if (isRemoved(state, message)) return "done";
    return isOthers && !isAdmin(actor) ? reject("LOCKED") : following(question);
  }
  if (!mayModifyMessage(actor, message)) return reject("FORBIDDEN");
  if (action === "release") {
    if (lock === null || isRemoved(state, message)) return "done";
    return isOthers && !isAdmin(actor) ? reject("LOCKED") : following(question);
  }
  if (isRemoved(state, message)) return reject("REMOVED");
  return isOthers ? reject("LOCKED") : following(question);
}

function decideAttachment(question: Question): Decision {
  const { state, actor, proposal } = question;
  const { action, item } = proposal;
  if (action === "add") {
    if (item === null) {
      if (!isAtLeast(actor, "WRITER")) return reject("FORBIDDEN");
    } else {
      const message = state.messages.get(item);
      if (!message) return reject("NOT_FOUND");
      if (!mayAttachTo(actor, message)) return reject("FORBIDDEN");
      if (isRemoved(state, message)) return reject("REMOVED");
    }
    return attachmentsOf(state, item).length >= limits.attachmentsPerMessage ? reject("LIMIT_EXCEEDED") : "accepted";
  }
  const attachment = item === null ? undefined : state.attachments.get(item);
  if (!attachment) return reject("NOT_FOUND");
  const message = attachment.message === null ? undefined : state.messages.get(attachment.message);
  if (!mayRemoveAttachment(actor, attachment, message)) return reject("FORBIDDEN");
  return isRemoved(state, attachment) ? "done" : following(question);
}

function decideLabel(question: Question): Decision {
  const { state, actor, proposal } = question;
  const { action, item } = proposal;
  if (action === "add") {
    if (!isAtLeast(actor, "WRITER")) return reject("FORBIDDEN");
    return labelsOf(state).length >= limits.labels ? reject("LIMIT_EXCEEDED") : "accepted";
  }
  const label = item === null ? undefined : state.labels.get(item);
  if (!label) return reject("NOT_FOUND");
  if (!mayRemoveLabel(actor, label)) return reject("FORBIDDEN");
  return isRemoved(state, label) ? "done" : following(question);
}

function decideExpiry(question: Question): Decision {
  const { conversation, actor, proposal } = question;
  if (!isAdmin(actor)) return reject("FORBIDDEN");
  if (expiresAtOf(proposal.value) === conversation.expiresAt) return "done";
  return following(question);
}

function decideLeader(question: Question): Decision {
  const { conversation, actor, proposal } = question;
  const leader = leaderOf(proposal.value);
  if (!isAdmin(actor) || leader === null) return reject("FORBIDDEN");
  // Proposed by the platform that takes it, sequenced by the one that gives it: so both have signed.
  if (leader !== proposal.platform)
    return reject("WRONG_PLATFORM", "The lead is asked for by the platform that takes it.");
  if (leader === conversation.leader) return "done";
  return following(question);
}

/** The last check of all. The answer names the event that was overlooked. */
function following({ state, proposal }: Question): Decision {
  const latest = latestEvent(state, proposal);
  return latest === null || proposal.follows === latest ? "accepted" : { ...reject("CONFLICT"), latest };
}

/**
 * What `follows` has to name: the latest event of what `subject` is about. An item's is the one that made it, or a later
 * modify, remove, lock or release of it; subject, expiry and lead begin with the first event. null where nothing is
 * followed (publish and add), or the item is not there.
 */
export function latestEvent(state: State, subject: Pick<Proposal, "action" | "model" | "item">): Hash | null {
  const { conversation } = state;
  if (!conversation || subject.action === "publish" || subject.action === "add") return null;
  const { model, item } = subject;
  switch (model) {
    case "subject":
      return conversation.subjectLatest ?? conversation.id;
    case "expiry":
      return conversation.expiryLatest ?? conversation.id;
    case "leader":
      return conversation.leaderLatest ?? conversation.id;
    case "conversation":
      return null;
    default: {
      const items = {
        participant: state.participants,
        message: state.messages,
        label: state.labels,
        attachment: state.attachments,
      };
      return (item === null ? undefined : items[model].get(item)?.latest) ?? null;
    }
  }
}

/** The labels that count: those not removed. */
export function labelsOf(state: State): readonly Label[] {
  return [...state.labels.values()].filter((label) => !isRemoved(state, label));
}

/** The attachments of `message` (null: of none) that count. */
export function attachmentsOf(state: State, message: Hash | null): readonly Attachment[] {
  return [...state.attachments.values()].filter((one) => one.message === message && !isRemoved(state, one));
}
