// A recipient in a conversation.
import type { DraftParticipant } from "../../conversation/draft.ts";
import { pageOfList } from "../../store/read/page.ts";
import type { DraftView, ParticipantView } from "../../store/read/views.ts";
import { builder, connectionOf, RoleType, seqPageRequest } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { itemKey, parseItemKey } from "../global-id.ts";
import { ConversationType } from "./Conversation.ts";
import { RecipientType } from "./Recipient.ts";

/** Somebody in a draft: nobody was told yet. */
interface DraftedParticipant {
  readonly of: DraftView;
  readonly drafted: DraftParticipant;
}

export type ParticipantSource = ParticipantView | DraftedParticipant;

const isDrafted = (source: ParticipantSource): source is DraftedParticipant => "drafted" in source;

export const ParticipantType = builder.objectRef<ParticipantSource>("Participant");

const ParticipantStatusType = builder.enumType("ParticipantStatus", {
  description: "Whether a participant still takes part.",
  values: {
    ACTIVE: { description: "Takes part; of a draft: will." },
    LEFT: { description: "Left by themselves." },
    REMOVED: { description: "Was removed by an ADMIN." },
  } as const,
});

builder.node(ParticipantType, {
  description: "A recipient in a conversation. Somebody who was removed and added anew is two participants.",
  id: {
    resolve: (source) => itemKey(source.of.id, isDrafted(source) ? source.drafted.id : source.participant.id),
    description: "Opaque and global.",
  },
  isTypeOf: (source) =>
    typeof source === "object" && source !== null && ("participant" in source || "drafted" in source),
  loadOne: async (key, context) => {
    const named = parseItemKey(key);
    const source = named && (await findConversation(context, named.conversation));
    if (!source) return null;
    if (!isDraft(source)) return context.reader.participant(source, named.item);
    const drafted = source.draft.content.participants.find(({ id }) => id === named.item);
    return drafted ? { of: source, drafted } : null;
  },
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The participant's id, the same on every platform; null in a draft.",
      resolve: (source) => (isDrafted(source) ? null : source.participant.id),
    }),
    recipient: t.field({
      type: RecipientType,
      nullable: true,
      description: "Who it is; null in a draft, and once erased.",
      resolve: (source, _, { reader }) =>
        isDrafted(source) || source.recipientId === null ? null : reader.recipient(source.recipientId),
    }),
    address: t.string({
      nullable: true,
      description: "The recipient's address; null once erased.",
      resolve: async (source, _, { reader }) => {
        if (isDrafted(source)) return source.drafted.address;
        return source.recipientId === null ? null : ((await reader.recipient(source.recipientId))?.address ?? null);
      },
    }),
    displayName: t.string({
      description:
        "What to call them: as they were added, else as they call themselves, else their address; or that they are erased.",
      resolve: async (source, _, { reader }) => {
        if (isDrafted(source)) return source.drafted.name ?? source.drafted.address;
        if (source.name !== null) return source.name;
        if (source.recipientId === null) return "(erased)";
        const recipient = await reader.recipient(source.recipientId);
        return recipient?.name ?? recipient?.address ?? "(unknown)";
      },
    }),
    role: t.field({
      type: RoleType,
      description: "What they may do.",
      resolve: (source) => (isDrafted(source) ? source.drafted.role : source.participant.role),
    }),
    status: t.field({
      type: ParticipantStatusType,
      description: "Whether they still take part.",
      resolve: (source) => (isDrafted(source) ? ("ACTIVE" as const) : source.participant.status),
    }),
    via: t.string({
      nullable: true,
      description: "The platform that speaks for them; null in a draft.",
      resolve: (source) => (isDrafted(source) ? null : source.participant.via),
    }),
    isImported: t.boolean({
      description: "Came with an archive: is told nothing and asked nothing.",
      resolve: (source) => !isDrafted(source) && source.participant.imported,
    }),
    readUpTo: t.int({
      description: "Up to which `seq` they have read; 0 where they did not say.",
      resolve: (source) => (isDrafted(source) ? 0 : source.readUpTo),
    }),
  }),
});

builder.objectFields(ConversationType, (t) => ({
  creator: t.field({
    type: ParticipantType,
    nullable: true,
    description: "Who published it; null of a draft.",
    resolve: (source, _, { reader }) => (isDraft(source) ? null : reader.participant(source, source.id)),
  }),
  participants: t.connection({
    type: ParticipantType,
    description:
      "Everybody who takes or took part, in the order in which they were added. Of a draft, without its account.",
    resolve: async (source, args, { reader }) => {
      const request = seqPageRequest(args);
      if (isDraft(source)) {
        const drafted = source.draft.content.participants.map((one, index) => ({
          of: source,
          drafted: one,
          place: index + 1,
        }));
        return connectionOf(
          pageOfList(drafted, request, ({ place }) => place),
          ({ place }) => String(place),
        );
      }
      return connectionOf(await reader.participants(source, request), ({ participant }) => String(participant.seq));
    },
  }),
}));
