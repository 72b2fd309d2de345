// Query.conversations
import { isBase64url32 } from "../../protocol/encoding.ts";
import type { ListCursor } from "../../store/read/views.ts";
import { builder, connectionOf, pageRequest } from "../builder.ts";
import { ConversationType } from "../types/Conversation.ts";

builder.queryField("conversations", (t) =>
  t.connection({
    type: ConversationType,
    description: "What the viewer takes or took part in, latest words first. Drafts are not among them.",
    resolve: async (_, args, { reader, viewer }) => {
      const page = await reader.conversations(viewer.accountId, pageRequest(args, decode));
      const nodes = page.nodes.map(({ view, cursor }) => ({ node: view, place: `${cursor.sortUs} ${cursor.id}` }));
      return connectionOf({ ...page, nodes });
    },
  }),
);

function decode(text: string): ListCursor | null {
  const [sortUs = "", id = "", ...more] = text.split(" ");
  return more.length === 0 && /^\d{1,16}$/.test(sortUs) && isBase64url32(id) ? { sortUs: Number(sortUs), id } : null;
}
