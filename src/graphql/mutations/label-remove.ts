// Mutation.labelRemove
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("labelRemove", {
  description: "Removes a label.",
  fields: (t) => ({
    ...followsField(t),
    label: t.id({ required: true, description: "Which label." }),
  }),
  command: ({ label }) => ({ action: "remove", model: "label", item: hashOf(label, "label") }),
});
