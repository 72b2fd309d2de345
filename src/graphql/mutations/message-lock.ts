// Mutation.messageLock
import { builder } from "../builder.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("MessageLockInput", {
  description: "Locks a message for 15 minutes, or renews the viewer's lock: only its holder may modify it meanwhile.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
  }),
});

builder.mutationField("messageLock", (t) =>
  t.field({
    type: appendResult("MessageLock", "message"),
    description:
      "Locks a message for 15 minutes, or renews the viewer's lock: only its holder may modify it meanwhile.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, { action: "lock", model: "message", item: hashOf(input.message, "message") }),
  }),
);
