// Mutation.participantRemove
import { builder } from "../builder.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("ParticipantRemoveInput", {
  description: "Removes a participant. They keep what they have seen, and see nothing after.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    participant: t.id({ required: true, description: "Who." }),
  }),
});

builder.mutationField("participantRemove", (t) =>
  t.field({
    type: appendResult("ParticipantRemove", "participant"),
    description: "Removes a participant. They keep what they have seen, and see nothing after.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, {
        action: "remove",
        model: "participant",
        item: hashOf(input.participant, "participant"),
      }),
  }),
);
