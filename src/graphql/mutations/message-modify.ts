// Mutation.messageModify

import { builder, MessageFormatType } from "../builder.ts";
import { messageBody } from "../message-body.ts";
import { hashOf, perform } from "./perform.ts";
import { appendInputFields, appendResult, followsField } from "./result.ts";

const Input = builder.inputType("MessageModifyInput", {
  description: "Changes the text of a message. Releases the viewer's lock on it.",
  fields: (t) => ({
    ...appendInputFields(t),
    ...followsField(t),
    message: t.id({ required: true, description: "Which message." }),
    body: t.string({ required: true, description: "The new text: at most 256 KiB." }),
    format: t.field({ type: MessageFormatType, description: "How the text is written. Default: MARKDOWN." }),
    mentions: t.idList({ description: "Participants to mention; one of nobody here is ignored." }),
  }),
});

builder.mutationField("messageModify", (t) =>
  t.field({
    type: appendResult("MessageModify", "message"),
    description: "Changes the text of a message. Releases the viewer's lock on it.",
    args: { input: t.arg({ type: Input, required: true, description: "What to do, and where." }) },
    resolve: (_, { input }, context) =>
      perform(context, input, {
        action: "modify",
        model: "message",
        item: hashOf(input.message, "message"),
        body: messageBody(input),
      }),
  }),
);
