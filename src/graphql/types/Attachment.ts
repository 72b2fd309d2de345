// A file of a conversation, as its event describes it.
import type { AttachmentView } from "../../store/read/views.ts";
import { builder, connectionOf, seqPageRequest } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { itemKey, parseItemKey } from "../global-id.ts";
import { ConversationType } from "./Conversation.ts";
import { MessageType } from "./Message.ts";

const AttachmentType = builder.objectRef<AttachmentView>("Attachment");

builder.node(AttachmentType, {
  description: "A file that belongs to a message, or to the conversation as a whole.",
  id: { resolve: ({ of, attachment }) => itemKey(of.id, attachment.id), description: "Opaque and global." },
  isTypeOf: (source) => typeof source === "object" && source !== null && "attachment" in source,
  loadOne: async (key, context) => {
    const named = parseItemKey(key);
    const source = named && (await findConversation(context, named.conversation));
    if (!source || isDraft(source)) return null;
    const all = await context.reader.attachments(source, undefined, {
      limit: 10_000,
      isBackward: false,
      after: null,
      before: null,
    });
    return all.nodes.find(({ attachment }) => attachment.id === named.item) ?? null;
  },
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      description: "The attachment's id, the same on every platform.",
      resolve: ({ attachment }) => attachment.id,
    }),
    message: t.field({
      type: MessageType,
      nullable: true,
      description: "The message that it belongs to; null where it belongs to the conversation.",
      resolve: ({ of, attachment }, _, { reader }) =>
        attachment.message === null ? null : reader.message(of, attachment.message),
    }),
    title: t.string({
      nullable: true,
      description: "The file's name; null where it has not come yet.",
      resolve: ({ body }) => body?.title ?? null,
    }),
    type: t.string({
      nullable: true,
      description: "The file's media type.",
      resolve: ({ body }) => body?.type ?? null,
    }),
    size: t.int({
      nullable: true,
      description: "The file's size in bytes.",
      resolve: ({ body }) => body?.size ?? null,
    }),
    sha256: t.field({
      type: "Hash",
      nullable: true,
      description: "SHA-256 of the file.",
      resolve: ({ body }) => body?.sha256 ?? null,
    }),
  }),
});

builder.objectFields(ConversationType, (t) => ({
  attachments: t.connection({
    type: AttachmentType,
    description: "All files, in the order in which they were added.",
    resolve: async (source, args, { reader }) => {
      const request = seqPageRequest(args);
      if (isDraft(source))
        return connectionOf<AttachmentView>({ nodes: [], hasNextPage: false, hasPreviousPage: false }, () => "");
      return connectionOf(await reader.attachments(source, undefined, request), ({ attachment }) =>
        String(attachment.seq),
      );
    },
  }),
}));

builder.objectFields(MessageType, (t) => ({
  attachments: t.connection({
    type: AttachmentType,
    description: "Its files.",
    resolve: async (source, args, { reader }) => {
      const request = seqPageRequest(args);
      if ("drafted" in source)
        return connectionOf<AttachmentView>({ nodes: [], hasNextPage: false, hasPreviousPage: false }, () => "");
      return connectionOf(await reader.attachments(source.of, source.message.id, request), ({ attachment }) =>
        String(attachment.seq),
      );
    },
  }),
}));
