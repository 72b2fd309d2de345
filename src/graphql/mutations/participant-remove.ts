// Mutation.participantRemove
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("participantRemove", {
  description: "Removes a participant. They keep what they have seen, and see nothing after.",
  item: "participant",
  fields: (t) => ({
    ...followsField(t),
    participant: t.id({ required: true, description: "Who." }),
  }),
  command: ({ participant }) => ({ action: "remove", model: "participant", item: hashOf(participant, "participant") }),
});
