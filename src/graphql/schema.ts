// The schema: every type, query, mutation and subscription, put together.
import type { GraphQLObjectType, GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import "./types/Attachment.ts";
import "./types/Delivery.ts";
import "./types/Event.ts";
import "./types/KeptMail.ts";
import "./types/Label.ts";
import "./types/Message.ts";
import "./types/OriginalMail.ts";
import "./types/Participation.ts";
import "./types/Viewer.ts";
import "./queries/conversation.ts";
import "./queries/conversations.ts";
import "./queries/search.ts";
import "./queries/viewer.ts";
import "./mutations/conversation-create.ts";
import "./mutations/conversation-discard.ts";
import "./mutations/conversation-leave.ts";
import "./mutations/conversation-publish.ts";
import "./mutations/conversation-read.ts";
import "./mutations/expiry-modify.ts";
import "./mutations/kept-mail-accept.ts";
import "./mutations/kept-mail-discard.ts";
import "./mutations/label-add.ts";
import "./mutations/label-remove.ts";
import "./mutations/leader-modify.ts";
import "./mutations/message-add.ts";
import "./mutations/message-lock.ts";
import "./mutations/message-modify.ts";
import "./mutations/message-release.ts";
import "./mutations/message-remove.ts";
import "./mutations/participant-add.ts";
import "./mutations/participant-modify.ts";
import "./mutations/participant-remove.ts";
import "./mutations/participation-update.ts";
import "./mutations/personal-label-remove.ts";
import "./mutations/personal-label-set.ts";
import "./mutations/subject-modify.ts";
import "./subscriptions/events.ts";

/** Builds the schema. Knows no database: that comes with the context. */
export function buildSchema(): GraphQLSchema {
  const schema = builder.toSchema({ sortSchema: true });
  needViewer(schema.getQueryType(), "resolve");
  needViewer(schema.getMutationType(), "resolve");
  // Of a subscription only its beginning: what it tells may be shared by several viewers.
  needViewer(schema.getSubscriptionType(), "subscribe");
  return schema;
}

/** Here, so that no field can forget it: without a token there is nothing but `__typename` and introspection. */
function needViewer(type: GraphQLObjectType<unknown, Context> | null | undefined, step: "resolve" | "subscribe"): void {
  for (const field of Object.values(type?.getFields() ?? {})) {
    const go = field[step];
    field[step] = (source, args, context, info) => {
      // Reading it throws where nobody is signed in.
      void context.viewer;
      return go?.(source, args, context, info);
    };
  }
}
