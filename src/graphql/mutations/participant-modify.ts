// Mutation.participantModify
import { builder, RoleType } from "../builder.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("ParticipantModifyInput", {
  description: "Changes what a participant may do.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    participant: t.id({ required: true, description: "Who." }),
    role: t.field({ type: RoleType, required: true, description: "Their new role." }),
  }),
});

builder.mutationField("participantModify", (t) =>
  t.field({
    type: appendResult("ParticipantModify", "participant"),
    description: "Changes what a participant may do.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, {
        action: "modify",
        model: "participant",
        item: hashOf(input.participant, "participant"),
        value: { role: input.role },
      }),
  }),
);
