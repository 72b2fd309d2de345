// A message: its latest words, its lock, its answers.
import type { DraftMessage } from "../../conversation/draft.ts";
import { limits } from "../../conversation/limits.ts";
import { holdsLock } from "../../conversation/roles.ts";
import { saidAt } from "../../conversation/said-at.ts";
import type { SignedProposal } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { proposalId } from "../../protocol/seal.ts";
import type { Reader } from "../../store/read/reader.ts";
import type { ConversationView, DraftView, MessageView } from "../../store/read/views.ts";
import { builder, MessageFormatType } from "../builder.ts";
import type { Context } from "../context.ts";
import { itemKey } from "../global-id.ts";
import { type Drafted, draftedOf, isDrafted, itemConnection, itemFinder, loaderOf } from "../items.ts";
import { ConversationType } from "./Conversation.ts";
import { ParticipantType } from "./Participant.ts";

/** A message that was found and not read: mostly no more is asked of it than its name. */
interface NamedMessage {
  readonly of: ConversationView;
  readonly named: Hash;
}

type ReadMessage = MessageView | Drafted<DraftMessage>;

export type MessageSource = ReadMessage | NamedMessage;

export function messageId(source: MessageSource): Hash {
  if ("named" in source) return source.named;
  return isDrafted(source) ? source.drafted.id : source.message.id;
}

/** Resolves what is to be read of a message. */
export function ofRead<Value>(read: (source: ReadMessage, context: Context) => Value | Promise<Value>) {
  // The reader is taken only where there is something to read (see `watched`).
  return (source: MessageSource, _: unknown, context: Context): Value | Promise<Value> =>
    "named" in source
      ? findNamed(source, context.reader).then((message) => read(message, context))
      : read(source, context);
}

async function findNamed({ of, named }: NamedMessage, reader: Reader): Promise<MessageView> {
  const message = await reader.message(of, named);
  if (!message) throw new Error("a message that was found is not there");
  return message;
}

const draftedMessages = (of: DraftView) => draftedOf(of, of.draft.content.messages);

export const findMessage = itemFinder(draftedMessages, (reader, of, id) => reader.message(of, id));

/** Words that wait for the leader, as they will read; null where the proposal adds no message. */
export function pendingMessage(of: ConversationView, { proposal, body }: SignedProposal): MessageView | null {
  const { action, model, actor, item, sentAt } = proposal;
  if (action !== "add" || model !== "message" || actor === null || body === null || !("text" in body)) return null;
  const id = proposalId(proposal);
  const place = { seq: 0, wordsSeq: 0, latest: id, removedSeq: null };
  const message = { id, ...place, addedBy: actor, wordsBy: actor, parent: item, lockHolder: null, lockUntil: null };
  return { of, message, body, isErased: false, saidAt: sentAt, isPending: true };
}

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
  description: `While it holds, only its holder may modify the message. It lasts ${limits.lockMs / 60_000} minutes at most.`,
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

const bodyOf = (source: ReadMessage) => (isDrafted(source) ? source.drafted.body : source.body);

builder.node(MessageType, {
  description: "What somebody said, as it reads now.",
  id: {
    resolve: (source) => itemKey(source.of.id, messageId(source)),
    description: "Opaque and global.",
  },
  isTypeOf: (source) =>
    typeof source === "object" && source !== null && ("message" in source || "named" in source || "drafted" in source),
  loadOne: loaderOf(findMessage),
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The message's id, the same on every platform; null in a draft.",
      resolve: (source) => (isDrafted(source) ? null : messageId(source)),
    }),
    seq: t.int({
      description: "Place of the event that added it; 0 in a draft, and while it is pending.",
      resolve: ofRead((source) => (isDrafted(source) ? 0 : source.message.seq)),
    }),
    conversation: t.field({ type: ConversationType, description: "Where it was said.", resolve: ({ of }) => of }),
    author: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who added it; null in a draft.",
      resolve: ofRead((source, context) =>
        isDrafted(source) ? null : (source.author ?? context.reader.participant(source.of, source.message.addedBy)),
      ),
    }),
    editors: t.field({
      type: [ParticipantType],
      description: "Everybody whose words it has or had, its author first.",
      resolve: async (source, _, { reader }) => {
        if (isDrafted(source)) return [];
        const ids = await reader.editors(source.of, messageId(source));
        const found = await Promise.all(ids.map((id) => reader.participant(source.of, id)));
        return found.flatMap((participant) => participant ?? []);
      },
    }),
    status: t.field({
      type: MessageStatusType,
      description: "Whether its words are there, and if not, why.",
      resolve: ofRead(async (source, { reader }) => {
        if (bodyOf(source)) return "PRESENT" as const;
        if (isDrafted(source) || !source.isErased) return "MISSING" as const;
        const author = await reader.participant(source.of, source.message.addedBy);
        const isAuthorErased = author !== null && (await reader.standingOf(author)).isErased;
        return source.message.removedSeq !== null || isAuthorErased ? ("REMOVED" as const) : ("ERASED" as const);
      }),
    }),
    body: t.string({
      nullable: true,
      description: "The text as it was written; null unless PRESENT.",
      resolve: ofRead((source, { budget }) => {
        const body = bodyOf(source);
        return body && budget.written(body.text);
      }),
    }),
    bodyHtml: t.string({
      nullable: true,
      description:
        "The text as HTML that is safe to show: a small set of elements, no scripts, no styles, nothing fetched.",
      resolve: ofRead((source, { budget }) => {
        const body = bodyOf(source);
        return body && budget.formatted(body);
      }),
    }),
    format: t.field({
      type: MessageFormatType,
      nullable: true,
      description: "How the text is written; null unless PRESENT.",
      resolve: ofRead((source) => bodyOf(source)?.format ?? null),
    }),
    createdAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was said; for words that came by mail, what the mail says. Null in a draft.",
      resolve: ofRead((source, context) => {
        if (isDrafted(source)) return null;
        return source.saidAt ?? readSaidAt(source, context.reader);
      }),
    }),
    editedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When its words were last changed; null where they never were.",
      resolve: ofRead(async (source, { reader }) => {
        if (isDrafted(source) || source.message.wordsSeq === source.message.seq) return null;
        return (await reader.event(source.of, source.message.wordsSeq))?.timestamp ?? null;
      }),
    }),
    lock: t.field({
      type: LockType,
      nullable: true,
      description: "The lock that holds now.",
      resolve: ofRead(async (source, { reader, platform }) => {
        if (isDrafted(source)) return null;
        const { lockHolder: id, lockUntil: until } = source.message;
        const holder = id === null ? null : await reader.participant(source.of, id);
        if (id === null || until === null || !holder) return null;
        const acting = { ...holder.participant, ...(await reader.standingOf(holder)) };
        return holdsLock(acting, source.message, platform.now()) ? { until, holder: { message: source, id } } : null;
      }),
    }),
    pending: t.boolean({
      description: "Whether it still waits for the leader of the conversation.",
      resolve: ofRead((source) => !isDrafted(source) && source.isPending === true),
    }),
  }),
});

async function readSaidAt({ of, message }: MessageView, reader: Reader): Promise<string | null> {
  const added = await reader.event(of, message.seq);
  return added && saidAt(added.recorded.body, added.timestamp);
}

builder.objectFields(MessageType, (t) => ({
  parent: t.field({
    type: MessageType,
    nullable: true,
    description: "The message that it answers.",
    resolve: ofRead((source, context) => {
      const { parent } = isDrafted(source) ? source.drafted : source.message;
      return parent === null ? null : findMessage(source.of, parent, context.reader);
    }),
  }),
  replies: t.connection({
    type: MessageType,
    description: "Its answers, in the order of the log.",
    resolve: (source, args, { reader }) => {
      const id = messageId(source);
      return itemConnection(
        source.of,
        args,
        (of) => draftedMessages(of).filter(({ drafted }) => drafted.parent === id),
        (of, request) => reader.messages(of, request, id),
        ({ message }) => message.seq,
      );
    },
  }),
}));

builder.objectFields(ConversationType, (t) => ({
  messages: t.connection({
    type: MessageType,
    description: "All messages, in the order of the log; the newest are `last`.",
    resolve: (source, args, { reader }) =>
      itemConnection(
        source,
        args,
        draftedMessages,
        (of, request) => reader.messages(of, request),
        ({ message }) => message.seq,
      ),
  }),
}));
