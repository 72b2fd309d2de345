// Mutation.conversationPublish
import { reject } from "../../conversation/rejection.ts";
import { findDraft, inTurn } from "../../store/drafts.ts";
import { builder } from "../builder.ts";
import type { RejectionSource } from "../types/Rejection.ts";
import { clientOf, type Performed, viewOf } from "./perform.ts";
import { publish } from "./publish.ts";
import { appendResult } from "./result.ts";

const triesMax = 5;

const Input = builder.inputType("ConversationPublishInput", {
  description: "Which draft to publish.",
  fields: (t) => ({
    draftHash: t.field({ type: "Hash", required: true, description: "The draft's hash." }),
    clientId: t.string({
      description:
        "Your name for this request, 1 to 100 characters. A draft is published once with or without it. Each other request takes a new one.",
    }),
  }),
});

builder.mutationField("conversationPublish", (t) =>
  t.field({
    type: appendResult("ConversationPublish"),
    description:
      "Publishes a draft: everybody in it is added, and sees it. Publishing it again answers with what it became.",
    args: { input: t.arg({ type: Input, required: true, description: "Which draft." }) },
    resolve: async (_, { input }, context): Promise<Performed | RejectionSource> => {
      const { platform, viewer, reader } = context;
      const { draftHash } = input;
      const client = clientOf(context, input);
      // Edits that are asked here wait until it is published; only those of other processes can come in between. Then
      // what is published is what was said last, or, where they come again and again, it is for people to look.
      for (let tries = 1; tries <= triesMax; tries++) {
        const answer = await inTurn(viewer.accountId, draftHash, async () => {
          const draft = await findDraft(platform.database.prisma, viewer.accountId, draftHash);
          return draft && publish(context, draft, client);
        });
        if (!answer) break;
        const isEdited = "rejection" in answer && answer.rejection.code === "CONFLICT";
        if (!isEdited || tries === triesMax) return answer;
      }
      const published = await reader.publishedFrom(input.draftHash);
      const isOwn = published !== null && (await reader.view(viewer.accountId, published)) !== null;
      if (!isOwn) return { rejection: reject("NOT_FOUND", "There is no such draft.") };
      const view = await viewOf(context, published);
      return { conversation: view, event: await reader.event(view, 1), changes: null, item: null };
    },
  }),
);
