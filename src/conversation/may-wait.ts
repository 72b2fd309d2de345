// What is kept for a leader that does not answer.
import type { Proposal } from "../protocol/event.ts";

/** Whether it waits where the leader does not answer: what else people do is done at once, or not at all. */
export function mayWait({ action, model }: Pick<Proposal, "action" | "model">): boolean {
  return action === "add" && (model === "message" || model === "attachment");
}
