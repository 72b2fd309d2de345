// Mutation.expiryModify
import { appendMutation } from "./append-mutation.ts";
import { followsField } from "./result.ts";

appendMutation("expiryModify", {
  description: "Sets when the conversation expires. Then nothing is added or changed; nothing is deleted.",
  fields: (t) => ({
    ...followsField(t),
    expiresAt: t.field({ type: "DateTime", description: "When; null or left out: never." }),
  }),
  command: ({ expiresAt }) => ({
    action: "modify",
    model: "expiry",
    value: expiresAt ? { expiresAt: expiresAt.toISOString() } : null,
  }),
});
