// What an event does to the state. Takes only events that `decide` accepted; decides nothing itself.

import type { Entry } from "../protocol/seal.ts";
import { expiresAtOf, leaderOf, participantOf, roleOf } from "../protocol/value.ts";
import { limits } from "./limits.ts";
import { isActive, isAdmin, mayBeAdmin } from "./roles.ts";
import {
  apply,
  type Changes,
  type Conversation,
  emptyState,
  type Item,
  type Participant,
  type State,
} from "./state.ts";

/** An event with its id and hash, as far as the state goes: no signatures, no body. */
export type Sequenced = Pick<Entry, "id" | "hash" | "event">;

/**
 * The changes that an accepted event makes; `apply` puts them in place.
 * @throws Error where the event does not belong on this state: it was not decided on it.
 */
export function evolve(state: State, entry: Sequenced): Changes {
  const { proposal, seq } = entry.event;
  if (proposal.action === "publish") return published(entry);
  const conversation = moved(known(state.conversation, "conversation"), entry);
  const actor = known(proposal.actor, "actor");
  const newItem: Item = { id: entry.id, seq, addedBy: actor, latest: entry.id, removedSeq: null };
  const changed = <T extends Item>(items: ReadonlyMap<string, T>): T => {
    const item = known(items.get(known(proposal.item, "item")), "item");
    return { ...item, latest: entry.id, removedSeq: proposal.action === "remove" ? seq : item.removedSeq };
  };

  switch (proposal.model) {
    case "subject":
      return { conversation: { ...conversation, subjectLatest: entry.id, subjectSeq: seq } };
    case "expiry":
      return { conversation: { ...conversation, expiryLatest: entry.id, expiresAt: expiresAtOf(proposal.value) } };
    case "leader":
      return {
        conversation: {
          ...conversation,
          leaderLatest: entry.id,
          leader: leaderOf(proposal.value) ?? conversation.leader,
        },
      };
    case "label":
      return { conversation, label: proposal.action === "add" ? newItem : changed(state.labels) };
    case "attachment":
      return {
        conversation,
        attachment: proposal.action === "add" ? { ...newItem, message: proposal.item } : changed(state.attachments),
      };
    case "message":
      if (proposal.action === "add") {
        const words = { wordsSeq: seq, wordsBy: actor };
        return { conversation, message: { ...newItem, ...words, ...unlocked, parent: proposal.item } };
      }
      return { conversation, message: { ...changed(state.messages), ...handled(entry, actor) } };
    case "participant":
      return withAdmin(state, conversation, participantAfter(state, entry));
    case "conversation":
      throw new Error(`${proposal.action} conversation is no event`);
  }
}

/** Folds entries, first to last, into `state` (by default an empty one), which is returned. */
export function fold(entries: Iterable<Sequenced>, state: State = emptyState()): State {
  for (const entry of entries) apply(state, evolve(state, entry));
  return state;
}

const unlocked = { lockHolder: null, lockUntil: null };

/** What modify, remove, lock and release do to a message beside moving its latest event. */
function handled({ event }: Sequenced, actor: string) {
  switch (event.proposal.action) {
    case "lock":
      return { lockHolder: actor, lockUntil: new Date(Date.parse(event.timestamp) + limits.lockMs).toISOString() };
    case "modify":
      return { ...unlocked, wordsSeq: event.seq, wordsBy: actor };
    default:
      return unlocked;
  }
}

function published(entry: Sequenced): Changes {
  const { timestamp, leader } = entry.event;
  const creator = newParticipant(entry);
  return {
    conversation: {
      id: entry.id,
      seq: entry.event.seq,
      head: entry.hash,
      timestamp,
      createdAt: timestamp,
      leader,
      expiresAt: null,
      participants: 1,
      admins: 1,
      subjectLatest: null,
      expiryLatest: null,
      leaderLatest: null,
      subjectSeq: null,
      isFrozen: false,
    },
    participants: [creator],
  };
}

function moved(conversation: Conversation, { hash, event }: Sequenced): Conversation {
  return { ...conversation, seq: event.seq, head: hash, timestamp: event.timestamp };
}

function newParticipant({ id, event }: Sequenced): Participant {
  const value = participantOf(event.proposal.value);
  if (!value) throw new Error("the event adds nobody");
  const { role, via, mail, imported } = value;
  return {
    id,
    seq: event.seq,
    role,
    status: "ACTIVE",
    via,
    mail,
    imported,
    latest: id,
    removedSeq: null,
    isErased: false,
  };
}

function participantAfter(state: State, entry: Sequenced): Participant {
  const { proposal, seq } = entry.event;
  if (proposal.action === "add") return newParticipant(entry);
  const participant = known(state.participants.get(known(proposal.item, "item")), "participant");
  if (proposal.action === "modify") {
    return { ...participant, latest: entry.id, role: roleOf(proposal.value) ?? participant.role };
  }
  const erased = { latest: entry.id, isErased: participant.isErased || proposal.value === "ERASE" };
  if (!isActive(participant)) return { ...participant, ...erased };
  return { ...participant, ...erased, status: proposal.actor === proposal.item ? "LEFT" : "REMOVED", removedSeq: seq };
}

/** Counts anew, and promotes where nobody would be ADMIN though somebody may be: the one who was added first. */
function withAdmin(state: State, conversation: Conversation, after: Participant): Changes {
  const before = state.participants.get(after.id);
  const count = (of: (participant: Participant) => boolean) =>
    Number(of(after)) - Number(before !== undefined && of(before));
  const participants = conversation.participants + count(isActive);
  const admins = conversation.admins + count((participant) => isActive(participant) && isAdmin(participant));
  if (admins > 0) return { conversation: { ...conversation, participants, admins }, participants: [after] };

  const successor = [after, ...[...state.participants.values()].filter(({ id }) => id !== after.id)]
    .filter((participant) => isActive(participant) && mayBeAdmin(participant))
    .reduce<Participant | null>((first, next) => (first === null || next.seq < first.seq ? next : first), null);
  if (!successor) return { conversation: { ...conversation, participants, admins: 0 }, participants: [after] };
  const promoted: Participant = { ...successor, role: "ADMIN" };
  return {
    conversation: { ...conversation, participants, admins: 1 },
    participants: promoted.id === after.id ? [promoted] : [after, promoted],
  };
}

function known<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`the ${what} is not in the state: decide first`);
  return value;
}
