// Mutation.messageRelease
import { builder } from "../builder.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("MessageReleaseInput", {
  description: "Releases the lock on a message.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
  }),
});

builder.mutationField("messageRelease", (t) =>
  t.field({
    type: appendResult("MessageRelease", "message"),
    description: "Releases the lock on a message.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, { action: "release", model: "message", item: hashOf(input.message, "message") }),
  }),
);
