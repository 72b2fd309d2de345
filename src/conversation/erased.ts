// Which words are erased: said by the state, for whoever holds a log and has no database.
import type { Entry } from "../protocol/seal.ts";
import { isRemoved, type State } from "./state.ts";

/** As much of an entry as says whether its body can be erased, and by what. */
export type Said = Pick<Entry, "id"> & { readonly event: Pick<Entry["event"], "proposal"> };

/**
 * Whether `state`, to which the log has come, has erased the body of this entry: it is of something removed (of a message
 * with its edits and attachments), or of somebody who left with ERASE: their own add, and all they said but adds of others.
 */
export function isErased(state: State, { id, event }: Said): boolean {
  const { action, model, item, actor } = event.proposal;
  if (state.participants.has(id)) return state.participants.get(id)?.isErased === true;
  if (actor !== null && state.participants.get(actor)?.isErased === true) return true;
  const made = state.messages.get(id) ?? state.labels.get(id) ?? state.attachments.get(id);
  const edited = action === "modify" && model === "message" && item !== null ? state.messages.get(item) : undefined;
  return [made, edited].some((one) => one !== undefined && isRemoved(state, one));
}
