// Mutation.conversationDiscard
import { reject } from "../../conversation/rejection.ts";
import { discardDraft } from "../../store/drafts.ts";
import { builder } from "../builder.ts";
import { type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";

const Input = builder.inputType("ConversationDiscardInput", {
  description: "Which draft to throw away.",
  fields: (t) => ({ draftHash: t.field({ type: "Hash", required: true, description: "The draft's hash." }) }),
});

interface Discarded {
  readonly draftHash: string;
}

const PayloadType = builder.objectRef<Discarded>("ConversationDiscardPayload").implement({
  description: "It is gone.",
  fields: (t) => ({
    draftHash: t.field({ type: "Hash", description: "What it was named by.", resolve: ({ draftHash }) => draftHash }),
  }),
});

const ResultType = builder.unionType("ConversationDiscardResult", {
  description: "Done, or why not.",
  types: [PayloadType, RuleRejectionType],
  resolveType: (source: Discarded | RejectionSource) => ("draftHash" in source ? PayloadType : RuleRejectionType),
});

builder.mutationField("conversationDiscard", (t) =>
  t.field({
    type: ResultType,
    description: "Throws a draft away. What was published stays: leave it, or remove what is in it.",
    args: { input: t.arg({ type: Input, required: true, description: "Which draft." }) },
    resolve: async (_, { input: { draftHash } }, { platform, viewer }): Promise<Discarded | RejectionSource> =>
      (await discardDraft(platform.database.prisma, viewer.accountId, draftHash))
        ? { draftHash }
        : { rejection: reject("NOT_FOUND", "There is no such draft (any more).") },
  }),
);
