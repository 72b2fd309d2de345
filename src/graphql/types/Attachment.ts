// A file of a conversation, as its event describes it.
import { fileUrl } from "../../files/file-cipher.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { Reader } from "../../store/read/reader.ts";
import type { AttachmentView } from "../../store/read/views.ts";
import { builder, type ConnectionArgs } from "../builder.ts";
import type { ConversationSource } from "../find-conversation.ts";
import { itemKey } from "../global-id.ts";
import { itemConnection, itemFinder, loaderOf, noneInDraft } from "../items.ts";
import { ConversationType } from "./Conversation.ts";
import { MessageType, messageId } from "./Message.ts";

export const AttachmentType = builder.objectRef<AttachmentView>("Attachment");

builder.node(AttachmentType, {
  description: "A file that belongs to a message, or to the conversation as a whole.",
  id: { resolve: ({ of, attachment }) => itemKey(of.id, attachment.id), description: "Opaque and global." },
  isTypeOf: (source) => typeof source === "object" && source !== null && "attachment" in source,
  loadOne: loaderOf(itemFinder(noneInDraft, (reader, of, id) => reader.attachment(of, id))),
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
    url: t.string({
      nullable: true,
      description:
        "Where to download it from this platform, with the same token as here: a path. Null where its bytes are not here.",
      resolve: ({ of, attachment, body, isHere }) => (isHere && body ? fileUrl(of.id, attachment.id) : null),
    }),
  }),
});

builder.objectFields(ConversationType, (t) => ({
  attachments: t.connection({
    type: AttachmentType,
    description: "All files, in the order in which they were added.",
    resolve: (source, args, { reader }) => attachmentConnection(source, args, undefined, reader),
  }),
}));

builder.objectFields(MessageType, (t) => ({
  attachments: t.connection({
    type: AttachmentType,
    description: "Its files.",
    resolve: (source, args, { reader }) => attachmentConnection(source.of, args, messageId(source), reader),
  }),
}));

/** A draft has none. */
function attachmentConnection(
  source: ConversationSource,
  args: ConnectionArgs,
  message: Hash | undefined,
  reader: Reader,
) {
  return itemConnection(
    source,
    args,
    noneInDraft,
    (of, request) => reader.attachments(of, message, request),
    ({ attachment }) => attachment.seq,
  );
}
