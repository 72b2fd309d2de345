// A conversation: what its events come to, as far as the viewer may see them.
import { isExpired } from "../../conversation/decide.ts";
import { limits } from "../../conversation/limits.ts";
import { isBase64url32 } from "../../protocol/encoding.ts";
import type { ConversationBody } from "../../protocol/event.ts";
import { unreadMax } from "../../store/read/unread.ts";
import { builder } from "../builder.ts";
import { type ConversationSource, findConversation, isDraft } from "../find-conversation.ts";

export const ConversationType = builder.objectRef<ConversationSource>("Conversation");

const ConversationStatusType = builder.enumType("ConversationStatus", {
  description: "What can be done with a conversation.",
  values: {
    DRAFT: { description: "Only its account sees it; nothing was sent." },
    OPEN: { description: "People talk." },
    EXPIRED: { description: "Past its expiry: removals, leaving and a new expiry remain." },
    FROZEN: { description: "Its leader signed two histories. Publish a new one that continues it." },
  } as const,
});

const ContinuedType = builder.objectRef<NonNullable<ConversationBody["continues"]>>("ContinuedConversation").implement({
  description: "What a conversation goes on with: another one, and the last event of it that was known.",
  fields: (t) => ({
    conversation: t.field({
      type: "Hash",
      description: "Its hash. The viewer may take no part in it.",
      resolve: ({ conversation }) => conversation,
    }),
    event: t.field({ type: "Hash", description: "The event's.", resolve: ({ event }) => event }),
  }),
});

builder.node(ConversationType, {
  description: "One shared conversation: the fold of its events. A draft has most of it already, and no log.",
  id: { resolve: ({ id }) => id, description: "Opaque and global. Of a draft another than of what it becomes." },
  isTypeOf: (source) =>
    typeof source === "object" &&
    source !== null &&
    ("conversation" in source ? "horizon" in source : "draft" in source),
  loadOne: (id, context) => (isBase64url32(id) ? findConversation(context, id) : null),
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The conversation's id, the same on every platform; null while it is a draft.",
      resolve: (source) => (isDraft(source) ? null : source.id),
    }),
    draftHash: t.field({
      type: "Hash",
      nullable: true,
      description: "The draft that it is, or was published from here.",
      resolve: async (source, _, context) => {
        if (isDraft(source)) return source.draft.hash;
        return source.draftHash === undefined ? context.reader.draftHashOf(source.id) : source.draftHash;
      },
    }),
    subject: t.string({
      nullable: true,
      description: "What it is about; null where nobody said, or it was erased.",
      // Not destructured: whoever takes the reader has read, and then access is looked up once more (see `watched`).
      resolve: (source, _, context) => {
        if (isDraft(source)) return source.draft.content.subject || null;
        if (source.heading) return source.heading.subject || null;
        if (source.subject !== undefined) return source.subject || null;
        if (source.conversation.subjectSeq === null) return null;
        const reading = context.reader.bodyAt(source, source.conversation.subjectSeq);
        return reading.then((body) => (body && "subject" in body && body.subject) || null);
      },
    }),
    reference: t.string({
      nullable: true,
      description: `The first subject as it stands in links: at most ${limits.slugCharacters} characters of a-z, 0-9 and \`-\`. Not unique.`,
      resolve: async (source, _, context) => {
        if (isDraft(source)) return null;
        if (source.heading) return source.heading.slug;
        return ((await context.reader.bodyAt(source, 1)) as ConversationBody | null)?.slug ?? null;
      },
    }),
    continues: t.field({
      type: ContinuedType,
      nullable: true,
      description: "The conversation that this one goes on with; null where it is none, or that was erased.",
      resolve: async (source, _, { reader }) => {
        if (isDraft(source)) return source.draft.content.continues;
        return ((await reader.bodyAt(source, 1)) as ConversationBody | null)?.continues ?? null;
      },
    }),
    status: t.field({
      type: ConversationStatusType,
      description: "What can be done with it now.",
      resolve: (source, _, { platform }) => {
        if (isDraft(source)) return "DRAFT" as const;
        if (source.conversation.isFrozen) return "FROZEN" as const;
        return isExpired(source.conversation, platform.now()) ? ("EXPIRED" as const) : ("OPEN" as const);
      },
    }),
    createdAt: t.field({
      type: "DateTime",
      description: "When it was published; of a draft, when it was begun.",
      resolve: (source) => (isDraft(source) ? source.draft.createdAt : source.conversation.createdAt),
    }),
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "From then on nothing is added or changed. Nothing is deleted.",
      resolve: (source) => (isDraft(source) ? source.draft.content.expiresAt : source.conversation.expiresAt),
    }),
    leader: t.string({
      nullable: true,
      description: "The platform that orders its events; null of a draft.",
      resolve: (source) => (isDraft(source) ? null : source.conversation.leader),
    }),
    seq: t.int({
      description: "Place of its last event; 0 of a draft.",
      resolve: (source) => (isDraft(source) ? 0 : source.conversation.seq),
    }),
    unread: t.int({
      description: `Messages by others above what the viewer has read; counted up to ${unreadMax.toLocaleString("en")}.`,
      resolve: (source, _, { reader, viewer }) => (isDraft(source) ? 0 : reader.unread(source, viewer.accountId)),
    }),
  }),
});
