// Mutation.labelRemove
import { builder } from "../builder.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("LabelRemoveInput", {
  description: "Removes a label.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    label: t.id({ required: true, description: "Which label." }),
  }),
});

builder.mutationField("labelRemove", (t) =>
  t.field({
    type: appendResult("LabelRemove"),
    description: "Removes a label.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, { action: "remove", model: "label", item: hashOf(input.label, "label") }),
  }),
);
