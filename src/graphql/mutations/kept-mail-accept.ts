// Mutation.keptMailAccept
import { builder } from "../builder.ts";
import { keptMailId } from "../types/KeptMail.ts";
import type { RejectionSource } from "../types/Rejection.ts";
import { type Performed, viewOf } from "./perform.ts";
import { appendResult } from "./result.ts";

const description =
  "Takes a kept mail in: adds its sender as a participant by email, in the viewer's name, and posts the words as theirs. They see all of the conversation from then on.";

const Input = builder.inputType("KeptMailAcceptInput", {
  description,
  fields: (t) => ({
    keptMail: t.id({ required: true, description: "The mail's global id. Accepted twice, it is posted once." }),
  }),
});

builder.mutationField("keptMailAccept", (t) =>
  t.field({
    type: appendResult("KeptMailAccept", "message"),
    description,
    args: { input: t.arg({ type: Input, required: true, description: "Which mail." }) },
    resolve: async (_, { input }, context): Promise<Performed | RejectionSource> => {
      const { platform, viewer, reader } = context;
      const taken = await platform.mail.acceptKept(viewer.accountId, keptMailId(input.keptMail));
      if ("rejection" in taken) return taken;
      const view = await viewOf(context, taken.conversation);
      const message = taken.message === null ? null : await reader.message(view, taken.message);
      const event = message && (await reader.event(view, message.message.seq));
      return { conversation: view, event, changes: null, item: taken.message };
    },
  }),
);
