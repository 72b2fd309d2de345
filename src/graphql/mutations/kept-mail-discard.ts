// Mutation.keptMailDiscard
import { reject } from "../../conversation/rejection.ts";
import { builder } from "../builder.ts";
import { keptMailId } from "../types/KeptMail.ts";
import { type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";

const description = "Discards a kept mail. Its sender is not told.";

const Input = builder.inputType("KeptMailDiscardInput", {
  description,
  fields: (t) => ({ keptMail: t.id({ required: true, description: "The mail's global id." }) }),
});

interface Discarded {
  readonly discarded: string;
}

const PayloadType = builder.objectRef<Discarded>("KeptMailDiscardPayload").implement({
  description: "It is gone.",
  fields: (t) => ({
    keptMail: t.id({ description: "The id that it had.", resolve: ({ discarded }) => discarded }),
  }),
});

const ResultType = builder.unionType("KeptMailDiscardResult", {
  description: "Done, or why not.",
  types: [PayloadType, RuleRejectionType],
  resolveType: (source: Discarded | RejectionSource) => ("discarded" in source ? PayloadType : RuleRejectionType),
});

builder.mutationField("keptMailDiscard", (t) =>
  t.field({
    type: ResultType,
    description,
    args: { input: t.arg({ type: Input, required: true, description: "Which mail." }) },
    resolve: async (_, { input }, { platform, viewer }): Promise<Discarded | RejectionSource> => {
      const isDone = await platform.mail.discardKept(viewer.accountId, keptMailId(input.keptMail));
      if (isDone) return { discarded: input.keptMail };
      return { rejection: reject("NOT_FOUND", "There is no such mail, or it was decided about already.") };
    },
  }),
);
