// Mutation.messageRelease
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("messageRelease", {
  description: "Releases the lock on a message.",
  item: "message",
  fields: (t) => ({
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
  }),
  command: ({ message }) => ({ action: "release", model: "message", item: hashOf(message, "message") }),
});
