// Mutation.personalLabelRemove
import { reject } from "../../conversation/rejection.ts";
import { isCanonicalText } from "../../protocol/canonical-json.ts";
import { removePersonalLabel } from "../../store/participation.ts";
import { builder } from "../builder.ts";
import { type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";

const Input = builder.inputType("PersonalLabelRemoveInput", {
  description: "Which of the viewer's own labels to remove.",
  fields: (t) => ({ name: t.string({ required: true, description: "Its name." }) }),
});

interface Removed {
  readonly name: string;
}

const PayloadType = builder.objectRef<Removed>("PersonalLabelRemovePayload").implement({
  description: "It is gone.",
  fields: (t) => ({ name: t.exposeString("name", { description: "What it was named by." }) }),
});

const ResultType = builder.unionType("PersonalLabelRemoveResult", {
  description: "Done, or why not.",
  types: [PayloadType, RuleRejectionType],
  resolveType: (source: Removed | RejectionSource) => ("name" in source ? PayloadType : RuleRejectionType),
});

builder.mutationField("personalLabelRemove", (t) =>
  t.field({
    type: ResultType,
    description: "Removes one of the viewer's own labels, from all conversations. The conversations stay.",
    args: { input: t.arg({ type: Input, required: true, description: "Which." }) },
    resolve: async (_, { input: { name } }, { platform, viewer }): Promise<Removed | RejectionSource> =>
      isCanonicalText(name) && (await removePersonalLabel(platform.database, viewer.accountId, name))
        ? { name }
        : { rejection: reject("NOT_FOUND", "You have no such label.") },
  }),
);
