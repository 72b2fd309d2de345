// Mutation.messageAdd

import { builder, MessageFormatType } from "../builder.ts";
import { messageBody } from "../message-body.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult } from "./result.ts";

const Input = builder.inputType("MessageAddInput", {
  description: "Says something, or answers a message.",
  fields: (t) => ({
    ...appendInputFields(t),
    body: t.string({ required: true, description: "The text: at most 256 KiB." }),
    format: t.field({ type: MessageFormatType, description: "How the text is written. Default: MARKDOWN." }),
    parent: t.id({ description: "The message to answer." }),
    mentions: t.idList({ description: "Participants to mention; one of nobody here is ignored." }),
  }),
});

builder.mutationField("messageAdd", (t) =>
  t.field({
    type: appendResult("MessageAdd", "message"),
    description: "Says something, or answers a message.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, {
        action: "add",
        model: "message",
        item: input.parent == null ? null : hashOf(input.parent, "parent"),
        body: messageBody(input),
      }),
  }),
);
