// Finding what an input or a link names, as far as the viewer may see it.
import type { Hash } from "../protocol/hash.ts";
import { findDraft } from "../store/drafts.ts";
import type { ConversationView, DraftView } from "../store/read/views.ts";
import type { Context } from "./context.ts";

/** A published conversation, or a draft of the viewer's. */
export type ConversationSource = ConversationView | DraftView;

export function isDraft(source: ConversationSource): source is DraftView {
  return source.draft !== undefined;
}

/** The conversation by its hash, or by the hash of the draft that it is or was. Null where the viewer has none such. */
export async function findConversation(
  { reader, viewer, platform }: Context,
  hash: Hash,
): Promise<ConversationSource | null> {
  const view = await reader.view(viewer.accountId, hash);
  if (view) return view;
  const draft = await findDraft(platform.database.prisma, viewer.accountId, hash);
  if (draft) return { id: draft.hash, draft };
  const published = await reader.publishedFrom(hash);
  return published === null ? null : reader.view(viewer.accountId, published);
}
