// The schema: every type, query, mutation and subscription, put together.
import type { GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import "./types/Attachment.ts";
import "./types/Event.ts";
import "./types/Label.ts";
import "./types/Message.ts";
import "./types/Viewer.ts";
import "./queries/conversation.ts";
import "./queries/conversations.ts";
import "./queries/viewer.ts";
import "./mutations/conversation-create.ts";
import "./mutations/conversation-discard.ts";
import "./mutations/conversation-leave.ts";
import "./mutations/conversation-publish.ts";
import "./mutations/conversation-read.ts";
import "./mutations/expiry-modify.ts";
import "./mutations/label-add.ts";
import "./mutations/label-remove.ts";
import "./mutations/message-add.ts";
import "./mutations/message-lock.ts";
import "./mutations/message-modify.ts";
import "./mutations/message-release.ts";
import "./mutations/message-remove.ts";
import "./mutations/participant-add.ts";
import "./mutations/participant-modify.ts";
import "./mutations/participant-remove.ts";
import "./mutations/subject-modify.ts";
import "./subscriptions/events.ts";

/** Builds the schema. Knows no database: that comes with the context. */
export function buildSchema(): GraphQLSchema {
  return builder.toSchema({ sortSchema: true });
}
