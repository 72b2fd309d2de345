// Mutation.subjectModify
import { limits } from "../../conversation/limits.ts";
import { appendMutation } from "./append-mutation.ts";
import { followsField } from "./result.ts";

appendMutation("subjectModify", {
  description: "Changes the subject.",
  fields: (t) => ({
    ...followsField(t),
    subject: t.string({
      required: true,
      description: `The new subject: one line, at most ${limits.subjectCharacters} characters. Empty: none.`,
    }),
  }),
  command: ({ subject }) => ({
    action: "modify",
    model: "subject",
    body: { subject: subject.trim().normalize("NFC") },
  }),
});
