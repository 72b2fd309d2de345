// What all mutations have in common in the schema: their inputs' shared fields, their payloads, their unions.
import { builder, RoleType } from "../builder.ts";
import type { Context } from "../context.ts";
import { isDraft } from "../find-conversation.ts";
import { ConversationType } from "../types/Conversation.ts";
import { EventType } from "../types/Event.ts";
import { findLabel, LabelType } from "../types/Label.ts";
import { findMessage, MessageType, pendingMessage } from "../types/Message.ts";
import { findParticipant, ParticipantType } from "../types/Participant.ts";
import { ConflictRejectionType, type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";
import type { Performed } from "./perform.ts";

export type InputFields = Parameters<Parameters<typeof builder.inputType>[1]["fields"]>[0];

/** Where to do it, and how to retry it. */
export const appendInputFields = (t: InputFields) => ({
  conversation: t.id({ required: true, description: "Where: the conversation's hash, draft hash or global id." }),
  clientId: t.string({
    description:
      "Your name for this request, unique per account, 1 to 100 characters: sent again with the same one, it is done once. Each other request takes a new one; that only its words differ is not noticed.",
  }),
});

/** For what changes something that is there. */
export const followsField = (t: InputFields) => ({
  follows: t.field({
    type: "Hash",
    description:
      "The item's latest event as you saw it; where there is a later one, the answer is CONFLICT. Left out: whatever it is.",
  }),
});

/** Whom to add. */
export const personFields = (t: InputFields) => ({
  address: t.string({ required: true, description: "Whom: `bob@a.example`." }),
  name: t.string({ description: "What to call them. Default: what they call themselves." }),
  role: t.field({ type: RoleType, description: "What they may do. Default: WRITER." }),
});

export type Item = "message" | "participant" | "label";

/**
 * The union that an appending mutation answers with: `NamePayload`, or a rejection.
 * @param name in Pascal case, as `MessageAdd`
 * @param item what the payload shows beside conversation and event
 */
export function appendResult(name: string, item?: Item) {
  const payload = builder.objectRef<Performed>(`${name}Payload`).implement({
    description: `It is done: what ${name[0]?.toLowerCase()}${name.slice(1)} answers with.`,
    isTypeOf: (source) => isPerformed(source),
    fields: (t) => ({
      conversation: t.field({
        type: ConversationType,
        description: "The conversation, as it is now.",
        resolve: ({ conversation }) => conversation,
      }),
      event: t.field({
        type: EventType,
        nullable: true,
        description: "The event that did it; null where there was nothing left to do, and in a draft.",
        resolve: ({ event }) => event,
      }),
      pending: t.boolean({
        description:
          "Whether it waits: the platform that leads the conversation does not answer, and is asked again. `ProposalPending` and `ProposalRejected` tell of it.",
        resolve: ({ pending }) => pending !== undefined,
      }),
      // Not `message`: beside `Rejection.message`, which is a text, no document could ask for both.
      ...(item === "message" && {
        item: t.field({
          type: MessageType,
          nullable: true,
          description: "The message, as it is now.",
          resolve: messageOf,
        }),
      }),
      ...(item === "participant" && {
        item: t.field({
          type: ParticipantType,
          nullable: true,
          description: "The participant, as they are now.",
          resolve: ({ conversation, item }, _, { reader }) =>
            item === null ? null : findParticipant(conversation, item, reader),
        }),
      }),
      ...(item === "label" && {
        item: t.field({
          type: LabelType,
          nullable: true,
          description: "The label.",
          resolve: ({ conversation, item }, _, { reader }) =>
            item === null ? null : findLabel(conversation, item, reader),
        }),
      }),
    }),
  });
  return builder.unionType(`${name}Result`, {
    description: "Done, or why not.",
    types: [payload, RuleRejectionType, ConflictRejectionType],
    resolveType: (source: Performed | RejectionSource) =>
      isPerformed(source) ? payload : source.rejection.code === "CONFLICT" ? ConflictRejectionType : RuleRejectionType,
  });
}

function isPerformed(source: unknown): source is Performed {
  return typeof source === "object" && source !== null && "changes" in source;
}

function messageOf({ conversation, event, changes, item, pending }: Performed, _: unknown, { reader }: Context) {
  if (pending && !isDraft(conversation)) return pendingMessage(conversation, pending);
  const body = event?.recorded?.body;
  // New words are at hand; of what was locked, released or removed they are not.
  if (!isDraft(conversation) && changes?.message && body && "text" in body)
    return { of: conversation, message: changes.message, body, isErased: false, saidAt: undefined };
  return item === null ? null : findMessage(conversation, item, reader);
}
