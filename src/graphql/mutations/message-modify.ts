// Mutation.messageModify
import { mentionsField, messageBody, textFields } from "../message-body.ts";
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("messageModify", {
  description: "Changes the text of a message. Releases the viewer's lock on it.",
  item: "message",
  fields: (t) => ({
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
    ...textFields(t, "The new text"),
    ...mentionsField(t),
  }),
  command: ({ message, ...words }) => ({
    action: "modify",
    model: "message",
    item: hashOf(message, "message"),
    body: messageBody(words),
  }),
});
