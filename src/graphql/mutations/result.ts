// What all mutations have in common in the schema: their inputs' shared fields, their payloads, their unions.
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { isDraft } from "../find-conversation.ts";
import { ConversationType } from "../types/Conversation.ts";
import { EventType } from "../types/Event.ts";
import { LabelType } from "../types/Label.ts";
import { MessageType } from "../types/Message.ts";
import { ParticipantType } from "../types/Participant.ts";
import { ConflictRejectionType, type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";
import type { Performed } from "./perform.ts";

type InputFields = Parameters<Parameters<typeof builder.inputType>[1]["fields"]>[0];

/** Where to do it, and how to retry it. */
export const appendInputFields = (t: InputFields) => ({
  conversation: t.id({ required: true, description: "Where: the conversation's hash, draft hash or global id." }),
  clientId: t.string({
    description:
      "Your name for this request, unique per account, 1 to 100 characters: sent again with the same one, it is done once.",
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

type Item = "message" | "participant" | "label";

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
          resolve: participantOf,
        }),
      }),
      ...(item === "label" && {
        item: t.field({ type: LabelType, nullable: true, description: "The label.", resolve: labelOf }),
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

function messageOf({ conversation, event, changes, item }: Performed, _: unknown, { reader }: Context) {
  if (isDraft(conversation)) {
    const drafted = conversation.draft.content.messages.find(({ id }) => id === item);
    return drafted ? { of: conversation, drafted } : null;
  }
  const body = event?.event.body;
  // New words are at hand; of what was locked, released or removed they are not.
  if (changes?.message && body && "text" in body)
    return { of: conversation, message: changes.message, body, isErased: false };
  return item === null ? null : reader.message(conversation, item);
}

function participantOf({ conversation, item }: Performed, _: unknown, { reader }: Context) {
  if (isDraft(conversation)) {
    const drafted = conversation.draft.content.participants.find(({ id }) => id === item);
    return drafted ? { of: conversation, drafted } : null;
  }
  return item === null ? null : reader.participant(conversation, item);
}

async function labelOf({ conversation, item }: Performed, _: unknown, { reader }: Context) {
  if (isDraft(conversation)) {
    const draftedLabel = conversation.draft.content.labels.find(({ id }) => id === item);
    return draftedLabel ? { of: conversation, draftedLabel } : null;
  }
  return (await reader.labels(conversation)).find(({ label }) => label.id === item) ?? null;
}
