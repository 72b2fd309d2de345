// Task erase-bodies: deletes the bodies that events of one conversation erased. Safe to repeat.
import { z } from "zod";
import type { ConversationStore } from "../../src/store/conversation-store.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ conversation: z.string() });

/** @param store whose bodies to delete */
export function eraseBodiesTask(store: Pick<ConversationStore, "eraseBodies">) {
  return defineTask("erase-bodies", payloadSchema, async ({ conversation }) => {
    await store.eraseBodies(conversation);
  });
}
