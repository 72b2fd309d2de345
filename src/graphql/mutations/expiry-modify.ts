// Mutation.expiryModify
import { builder } from "../builder.ts";
import { perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("ExpiryModifyInput", {
  description: "Sets when the conversation expires. Then nothing is added or changed; nothing is deleted.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    expiresAt: t.field({ type: "DateTime", description: "When; null or left out: never." }),
  }),
});

builder.mutationField("expiryModify", (t) =>
  t.field({
    type: appendResult("ExpiryModify"),
    description: "Sets when the conversation expires. Then nothing is added or changed; nothing is deleted.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, {
        action: "modify",
        model: "expiry",
        value: input.expiresAt ? { expiresAt: input.expiresAt.toISOString() } : null,
      }),
  }),
);
