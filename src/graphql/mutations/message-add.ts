// Mutation.messageAdd
import { mentionsField, messageBody, textFields } from "../message-body.ts";
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";

appendMutation("messageAdd", {
  description: "Says something, or answers a message.",
  item: "message",
  fields: (t) => ({
    ...textFields(t, "The text"),
    parent: t.id({ description: "The message to answer." }),
    ...mentionsField(t),
  }),
  command: ({ parent, ...words }) => ({
    action: "add",
    model: "message",
    item: parent == null ? null : hashOf(parent, "parent"),
    body: messageBody(words),
  }),
});
