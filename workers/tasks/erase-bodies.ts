// Task erase-bodies: deletes the bodies that events of one conversation erased, and the files that go with them. Safe to repeat.
import { z } from "zod";
import type { Hash } from "../../src/protocol/hash.ts";
import type { ConversationStore } from "../../src/store/conversation-store.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ conversation: z.string() });

/** @param store whose bodies to delete @param mails whose bytes */
export function eraseBodiesTask(
  store: Pick<ConversationStore, "eraseBodies">,
  mails: { eraseFiles(conversation: Hash): Promise<void> },
) {
  return defineTask("erase-bodies", payloadSchema, async ({ conversation }) => {
    await store.eraseBodies(conversation);
    await mails.eraseFiles(conversation);
  });
}
