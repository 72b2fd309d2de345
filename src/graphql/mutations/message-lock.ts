// Mutation.messageLock
import { limits } from "../../conversation/limits.ts";
import { appendMutation } from "./append-mutation.ts";
import { hashOf } from "./perform.ts";
import { followsField } from "./result.ts";

appendMutation("messageLock", {
  description: `Locks a message for ${limits.lockMs / 60_000} minutes, or renews the viewer's lock: only its holder may modify it meanwhile.`,
  item: "message",
  fields: (t) => ({
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
  }),
  command: ({ message }) => ({ action: "lock", model: "message", item: hashOf(message, "message") }),
});
