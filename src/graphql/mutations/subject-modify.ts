// Mutation.subjectModify
import { builder } from "../builder.ts";
import { perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("SubjectModifyInput", {
  description: "Changes the subject.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    subject: t.string({
      required: true,
      description: "The new subject: one line, at most 200 characters. Empty: none.",
    }),
  }),
});

builder.mutationField("subjectModify", (t) =>
  t.field({
    type: appendResult("SubjectModify"),
    description: "Changes the subject.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, {
        action: "modify",
        model: "subject",
        body: { subject: input.subject.trim().normalize("NFC") },
      }),
  }),
);
