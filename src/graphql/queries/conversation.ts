// Query.conversation
import { badInput, builder } from "../builder.ts";
import { findConversation } from "../find-conversation.ts";
import { namedHash } from "../global-id.ts";
import { ConversationType } from "../types/Conversation.ts";

builder.queryField("conversation", (t) =>
  t.field({
    type: ConversationType,
    nullable: true,
    description: "One conversation or draft, by exactly one of its names; null where the viewer has none such.",
    args: {
      hash: t.arg({ type: "Hash", description: "Its hash." }),
      draftHash: t.arg({ type: "Hash", description: "The hash of the draft that it is or was." }),
      id: t.arg.id({ description: "Its global id." }),
    },
    resolve: (_, { hash, draftHash, id }, context) => {
      const named = [hash, draftHash, id].filter((name) => name != null);
      const found = named.length === 1 && named[0] ? namedHash(named[0]) : null;
      if (found === null) throw badInput("Name the conversation by exactly one of `hash`, `draftHash` and `id`.");
      return findConversation(context, found);
    },
  }),
);
