// Mutation.participantModify
import { RoleType } from "../builder.ts";
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("participantModify", {
  description: "Changes what a participant may do.",
  item: "participant",
  fields: (t) => ({
    ...followsField(t),
    participant: t.id({ required: true, description: "Who." }),
    role: t.field({ type: RoleType, required: true, description: "Their new role." }),
  }),
  command: ({ participant, role }) => ({
    action: "modify",
    model: "participant",
    item: hashOf(participant, "participant"),
    value: { role },
  }),
});
