// Query.conversations
import { isBase64url32 } from "../../protocol/encoding.ts";
import type { ListCursor } from "../../store/read/reader.ts";
import { builder, connectionOf, pageRequest } from "../builder.ts";
import { ConversationType } from "../types/Conversation.ts";

builder.queryField("conversations", (t) =>
  t.connection({
    type: ConversationType,
    description: "What the viewer takes or took part in, latest words first. Drafts are not among them.",
    resolve: async (_, args, { reader, viewer }) => {
      const page = await reader.conversations(viewer.accountId, pageRequest(args, decode));
      const places = new Map(page.nodes.map(({ view, cursor }) => [view.id, `${cursor.sortUs} ${cursor.id}`]));
      return connectionOf({ ...page, nodes: page.nodes.map(({ view }) => view) }, ({ id }) => places.get(id) ?? "");
    },
  }),
);

function decode(text: string): ListCursor | null {
  const [sortUs = "", id = "", ...more] = text.split(" ");
  return more.length === 0 && /^\d{1,16}$/.test(sortUs) && isBase64url32(id) ? { sortUs: Number(sortUs), id } : null;
}
