// Leaving: removing oneself, by the participation that the viewer has or last had.
import { reject } from "../../conversation/rejection.ts";
import type { Context } from "../context.ts";
import type { RejectionSource } from "../types/Rejection.ts";
import { type AppendInput, conversationHash, type Performed, perform } from "./perform.ts";

/** @param isErasing take everything that they said along */
export async function leave(
  context: Context,
  input: AppendInput,
  isErasing: boolean,
): Promise<Performed | RejectionSource> {
  const { reader, viewer } = context;
  const named = conversationHash(input);
  const own = await reader.ownParticipant(viewer.accountId, (await reader.publishedFrom(named)) ?? named);
  if (own === null) return { rejection: reject("NOT_FOUND", "There is no such conversation.") };
  return perform(context, input, {
    action: "remove",
    model: "participant",
    item: own,
    value: isErasing ? "ERASE" : null,
  });
}
