// Mutation.messageRemove
import { builder } from "../builder.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("MessageRemoveInput", {
  description: "Removes a message, its attachments and all their words. It can still be answered.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
  }),
});

builder.mutationField("messageRemove", (t) =>
  t.field({
    type: appendResult("MessageRemove", "message"),
    description: "Removes a message, its attachments and all their words. It can still be answered.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, { action: "remove", model: "message", item: hashOf(input.message, "message") }),
  }),
);
