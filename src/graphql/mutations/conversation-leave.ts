// Mutation.conversationLeave
import { builder } from "../builder.ts";
import { leave } from "./leave.ts";
import { appendInputFields, appendResult } from "./result.ts";

const Input = builder.inputType("ConversationLeaveInput", {
  description: "Leaves the conversation. What was seen stays to be seen, up to here.",
  fields: (t) => ({
    ...appendInputFields(t),
    erase: t.boolean({
      description:
        "Also erase everything that the viewer said and their name and address, on every platform. Works after leaving, too. Default: false.",
    }),
  }),
});

builder.mutationField("conversationLeave", (t) =>
  t.field({
    type: appendResult("ConversationLeave", "participant"),
    description: "Leaves the conversation. What was seen stays to be seen, up to here.",
    args: { input: t.arg({ type: Input, required: true, description: "What to leave." }) },
    resolve: (_, { input }, context) => leave(context, input, input.erase ?? false),
  }),
);
