// Leaving: removing oneself, by the participation that the viewer has or last had.
import { type Rejection, reject } from "../../conversation/rejection.ts";
import { findDraft } from "../../store/drafts.ts";
import type { Context } from "../context.ts";
import type { RejectionSource } from "../types/Rejection.ts";
import { type AppendInput, conversationHash, type Performed, perform } from "./perform.ts";

/** For what is done with published conversations only. */
export function onlyDraft(): Rejection {
  return reject("INVALID_ACTION", "This is a draft, which only you see. Publish it first, or discard it.");
}

/** @param isErasing take everything that they said along */
export async function leave(
  context: Context,
  input: AppendInput,
  isErasing: boolean,
): Promise<Performed | RejectionSource> {
  const { platform, reader, viewer } = context;
  const named = conversationHash(input);
  const conversation = (await reader.publishedFrom(named)) ?? named;
  const [own, ...earlier] = await reader.ownParticipants(viewer.accountId, conversation);
  if (own === undefined) {
    const draft = await findDraft(platform.database.prisma, viewer.accountId, named);
    return { rejection: draft ? onlyDraft() : reject("NOT_FOUND", "There is no such conversation.") };
  }
  // Whoever was added anew is several participants, and everything that any of them said was theirs.
  for (const actor of isErasing ? earlier : []) {
    const command = { action: "remove", model: "participant", item: actor, value: "ERASE" } as const;
    const result = await platform.append({ conversation, accountId: viewer.accountId, actor, command });
    if ("rejection" in result) return result;
  }
  return perform(context, input, {
    action: "remove",
    model: "participant",
    item: own,
    value: isErasing ? "ERASE" : null,
  });
}
