// Mutation.messageRemove
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("messageRemove", {
  description: "Removes a message, its attachments and all their words. It can still be answered.",
  item: "message",
  fields: (t) => ({
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
  }),
  command: ({ message }) => ({ action: "remove", model: "message", item: hashOf(message, "message") }),
});
