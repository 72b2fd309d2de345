// A message: its latest words, its lock, its answers.
import type { DraftMessage } from "../../conversation/draft.ts";
import { heldLock } from "../../conversation/roles.ts";
import { emptyState } from "../../conversation/state.ts";
import { pageOfList } from "../../store/read/page.ts";
import type { DraftView, MessageView } from "../../store/read/views.ts";
import { builder, connectionOf, MessageFormatType, seqPageRequest } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { itemKey, parseItemKey } from "../global-id.ts";
import { toHtml } from "../message-html.ts";
import { ConversationType } from "./Conversation.ts";
import { ParticipantType } from "./Participant.ts";

/** A message of a draft: nobody has read it. */
export interface DraftedMessage {
  readonly of: DraftView;
  readonly drafted: DraftMessage;
}

export type MessageSource = MessageView | DraftedMessage;

const isDrafted = (source: MessageSource): source is DraftedMessage => "drafted" in source;

export const MessageType = builder.objectRef<MessageSource>("Message");

const MessageStatusType = builder.enumType("MessageStatus", {
  description: "Whether the words of a message are there.",
  values: {
    PRESENT: { description: "They are." },
    REMOVED: { description: "The message was removed. It can still be answered." },
    ERASED: { description: "Who wrote the latest words left, and took all of theirs along." },
    MISSING: { description: "They have not come from the other platform yet." },
  } as const,
});

const LockType = builder.objectRef<{
  readonly until: string;
  readonly holder: { readonly message: MessageView; readonly id: string };
}>("Lock");
builder.objectType(LockType, {
  description: "While it holds, only its holder may modify the message. It lasts 15 minutes at most.",
  fields: (t) => ({
    holder: t.field({
      type: ParticipantType,
      description: "Who holds it.",
      nullable: true,
      resolve: ({ holder }, _, { reader }) => reader.participant(holder.message.of, holder.id),
    }),
    until: t.field({ type: "DateTime", description: "When it runs out.", resolve: ({ until }) => until }),
  }),
});

const bodyOf = (source: MessageSource) => (isDrafted(source) ? source.drafted.body : source.body);

builder.node(MessageType, {
  description: "What somebody said, as it reads now.",
  id: {
    resolve: (source) => itemKey(source.of.id, isDrafted(source) ? source.drafted.id : source.message.id),
    description: "Opaque and global.",
  },
  isTypeOf: (source) =>
    typeof source === "object" &&
    source !== null &&
    ("message" in source || ("drafted" in source && "body" in (source.drafted as object))),
  loadOne: async (key, context) => {
    const named = parseItemKey(key);
    const source = named && (await findConversation(context, named.conversation));
    if (!source) return null;
    if (!isDraft(source)) return context.reader.message(source, named.item);
    const drafted = source.draft.content.messages.find(({ id }) => id === named.item);
    return drafted ? { of: source, drafted } : null;
  },
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The message's id, the same on every platform; null in a draft.",
      resolve: (source) => (isDrafted(source) ? null : source.message.id),
    }),
    seq: t.int({
      description: "Place of the event that added it; 0 in a draft.",
      resolve: (source) => (isDrafted(source) ? 0 : source.message.seq),
    }),
    conversation: t.field({ type: ConversationType, description: "Where it was said.", resolve: ({ of }) => of }),
    author: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who added it; null in a draft.",
      resolve: (source, _, { reader }) =>
        isDrafted(source) ? null : reader.participant(source.of, source.message.addedBy),
    }),
    editors: t.field({
      type: [ParticipantType],
      description: "Everybody whose words it has or had, its author first.",
      resolve: async (source, _, { reader }) => {
        if (isDrafted(source)) return [];
        const ids = await reader.editors(source.of, source.message.id);
        const found = await Promise.all(ids.map((id) => reader.participant(source.of, id)));
        return found.flatMap((participant) => participant ?? []);
      },
    }),
    status: t.field({
      type: MessageStatusType,
      description: "Whether its words are there, and if not, why.",
      resolve: async (source, _, { reader }) => {
        if (bodyOf(source)) return "PRESENT" as const;
        if (isDrafted(source) || !source.isErased) return "MISSING" as const;
        const author = await reader.participant(source.of, source.message.addedBy);
        return source.message.removedSeq !== null || author?.participant.isErased
          ? ("REMOVED" as const)
          : ("ERASED" as const);
      },
    }),
    body: t.string({
      nullable: true,
      description: "The text as it was written; null unless PRESENT.",
      resolve: (source) => bodyOf(source)?.text ?? null,
    }),
    bodyHtml: t.string({
      nullable: true,
      description:
        "The text as HTML that is safe to show: a small set of elements, no scripts, no styles, nothing fetched.",
      resolve: (source) => {
        const body = bodyOf(source);
        return body && toHtml(body);
      },
    }),
    format: t.field({
      type: MessageFormatType,
      nullable: true,
      description: "How the text is written; null unless PRESENT.",
      resolve: (source) => bodyOf(source)?.format ?? null,
    }),
    createdAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was said; for words that came by mail, what the mail says. Null in a draft.",
      resolve: async (source, _, { reader }) => {
        if (isDrafted(source)) return null;
        const event = await reader.event(source.of, source.message.seq);
        return source.body?.mail?.date ?? event?.event.event.timestamp ?? null;
      },
    }),
    editedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When its words were last changed; null where they never were.",
      resolve: async (source, _, { reader }) => {
        if (isDrafted(source) || source.message.wordsSeq === source.message.seq) return null;
        return (await reader.event(source.of, source.message.wordsSeq))?.event.event.timestamp ?? null;
      },
    }),
    lock: t.field({
      type: LockType,
      nullable: true,
      description: "The lock that holds now.",
      resolve: async (source, _, { reader, platform }) => {
        if (isDrafted(source) || source.message.lockHolder === null) return null;
        const holder = await reader.participant(source.of, source.message.lockHolder);
        const state = emptyState();
        if (holder) state.participants.set(holder.participant.id, holder.participant);
        const lock = heldLock(state, source.message, platform.now());
        return lock && { until: lock.until, holder: { message: source, id: lock.holder.id } };
      },
    }),
    pending: t.boolean({
      description: "Whether it still waits for the leader of the conversation.",
      resolve: () => false,
    }),
  }),
});

builder.objectFields(MessageType, (t) => ({
  parent: t.field({
    type: MessageType,
    nullable: true,
    description: "The message that it answers.",
    resolve: (source, _, { reader }) => {
      if (!isDrafted(source))
        return source.message.parent === null ? null : reader.message(source.of, source.message.parent);
      const { of, drafted } = source;
      const parent = of.draft.content.messages.find(({ id }) => id === drafted.parent);
      return parent ? { of, drafted: parent } : null;
    },
  }),
  replies: t.connection({
    type: MessageType,
    description: "Its answers, in the order of the log.",
    resolve: async (source, args, { reader }) => {
      const request = seqPageRequest(args);
      if (isDrafted(source)) return draftedConnection(source.of, source.drafted.id, request);
      return connectionOf(await reader.messages(source.of, request, source.message.id), ({ message }) =>
        String(message.seq),
      );
    },
  }),
}));

builder.objectFields(ConversationType, (t) => ({
  messages: t.connection({
    type: MessageType,
    description: "All messages, in the order of the log; the newest are `last`.",
    resolve: async (source, args, { reader }) => {
      const request = seqPageRequest(args);
      if (isDraft(source)) return draftedConnection(source, null, request);
      return connectionOf(await reader.messages(source, request), ({ message }) => String(message.seq));
    },
  }),
}));

function draftedConnection(of: DraftView, parent: string | null, request: Parameters<typeof pageOfList>[1]) {
  const drafted = of.draft.content.messages
    .filter((one) => parent === null || one.parent === parent)
    .map((one, index) => ({ of, drafted: one, place: index + 1 }));
  return connectionOf(
    pageOfList(drafted, request, ({ place }) => place),
    ({ place }) => String(place),
  );
}
