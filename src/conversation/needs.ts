// Which parts of a conversation one decision reads, so that a store can load those and nothing else: what makes an
// append cost the same in a log of ten events and of a million.
import type { Proposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { attachmentsOf, labelsOf } from "./decide.ts";
import { isActive, mayBeAdmin } from "./roles.ts";
import { emptyState, type Item, type State } from "./state.ts";

/**
 * What to load beside the conversation and the actor. With a message, label or attachment go those who made it and hold
 * its lock, for what they may and whether they are erased counts; with an attachment goes its message.
 */
export interface Needs {
  readonly participant: Hash | null;
  readonly message: Hash | null;
  readonly label: Hash | null;
  readonly attachment: Hash | null;
  /** The participants who could become ADMIN, at least the two who were added first. */
  readonly successors: boolean;
  /** All labels that count. */
  readonly labels: boolean;
  /** All attachments that count, of the message above or, where that is null, of none. */
  readonly attachments: boolean;
}

export function needs({ action, model, item }: Pick<Proposal, "action" | "model" | "item">): Needs {
  return {
    participant: model === "participant" ? item : null,
    message: model === "message" || (model === "attachment" && action === "add") ? item : null,
    label: model === "label" ? item : null,
    attachment: model === "attachment" && action === "remove" ? item : null,
    successors: model === "participant" && action === "remove",
    labels: model === "label" && action === "add",
    attachments: model === "attachment" && action === "add",
  };
}

/** The part of `state` that `proposal` needs, as a store would load it. */
export function sliceOf(state: State, proposal: Pick<Proposal, "action" | "model" | "item" | "actor">): State {
  const need = needs(proposal);
  const slice = emptyState();
  slice.conversation = state.conversation;
  const takeParticipant = (id: Hash | null) => {
    const participant = id === null ? undefined : state.participants.get(id);
    if (participant) slice.participants.set(participant.id, participant);
  };
  const takeItem = <T extends Item>(from: ReadonlyMap<Hash, T>, to: Map<Hash, T>, id: Hash | null): T | undefined => {
    const item = id === null ? undefined : from.get(id);
    if (!item) return undefined;
    to.set(item.id, item);
    takeParticipant(item.addedBy);
    return item;
  };

  takeParticipant(proposal.actor);
  takeParticipant(need.participant);
  takeItem(state.labels, slice.labels, need.label);
  const attachment = takeItem(state.attachments, slice.attachments, need.attachment);
  const message = takeItem(state.messages, slice.messages, need.message ?? attachment?.message ?? null);
  takeParticipant(message?.lockHolder ?? null);
  if (need.labels) for (const label of labelsOf(state)) takeItem(state.labels, slice.labels, label.id);
  if (need.attachments) {
    for (const one of attachmentsOf(state, need.message)) takeItem(state.attachments, slice.attachments, one.id);
  }
  if (need.successors) {
    const eligible = [...state.participants.values()].filter((one) => isActive(one) && mayBeAdmin(one));
    for (const one of eligible.sort((a, b) => a.seq - b.seq).slice(0, 2)) takeParticipant(one.id);
  }
  return slice;
}
