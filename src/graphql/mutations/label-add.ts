// Mutation.labelAdd
import { builder } from "../builder.ts";
import { perform } from "./perform.ts";
import { appendInputFields, appendResult } from "./result.ts";

const Input = builder.inputType("LabelAddInput", {
  description: "Adds a label, which everybody in the conversation sees.",
  fields: (t) => ({
    ...appendInputFields(t),
    name: t.string({ required: true, description: "One line, at most 60 characters." }),
  }),
});

builder.mutationField("labelAdd", (t) =>
  t.field({
    type: appendResult("LabelAdd", "label"),
    description: "Adds a label, which everybody in the conversation sees.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, { action: "add", model: "label", body: { name: input.name.trim().normalize("NFC") } }),
  }),
);
