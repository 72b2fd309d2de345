// What is in a conversation, found and listed: by the reader, or out of the draft that the conversation still is.
import type { Hash } from "../protocol/hash.ts";
import { type Page, type PageRequest, pageOfList } from "../store/read/page.ts";
import type { Reader } from "../store/read/reader.ts";
import type { ConversationView, DraftView } from "../store/read/views.ts";
import { type ConnectionArgs, connectionOf, type Placed, seqPageRequest } from "./builder.ts";
import type { Context } from "./context.ts";
import { type ConversationSource, findConversation, isDraft } from "./find-conversation.ts";
import { parseItemKey } from "./global-id.ts";

/** Something in a draft: nobody was told of it yet. */
export interface Drafted<Item> {
  readonly of: DraftView;
  readonly drafted: Item;
}

export function draftedOf<Item>(of: DraftView, items: readonly Item[]): readonly Drafted<Item>[] {
  return items.map((drafted) => ({ of, drafted }));
}

/** Of what a draft has none of. */
export const noneInDraft = (): readonly never[] => [];

export function isDrafted<Item>(source: object | Drafted<Item>): source is Drafted<Item> {
  return "drafted" in source;
}

/** Finds an item of one kind by its id; null where the conversation has none such that the viewer may see. */
export type FindItem<Source> = (source: ConversationSource, id: Hash, reader: Reader) => Promise<Source | null>;

/** Makes the function that finds items of one kind. */
export function itemFinder<View, InDraft extends Drafted<{ readonly id: Hash }>>(
  inDraft: (of: DraftView) => readonly InDraft[],
  read: (reader: Reader, of: ConversationView, id: Hash) => Promise<View | null>,
): FindItem<View | InDraft> {
  return async (source, id, reader) =>
    isDraft(source) ? (inDraft(source).find(({ drafted }) => drafted.id === id) ?? null) : read(reader, source, id);
}

/** Makes a node's `loadOne`: what its key names; null where the viewer has none such. */
export function loaderOf<Source>(find: FindItem<Source>) {
  return async (key: string, context: Context): Promise<Source | null> => {
    const named = parseItemKey(key);
    const source = named && (await findConversation(context, named.conversation));
    return source && find(source, named.item, context.reader);
  };
}

/** The connection that `args` ask for of the conversation's items of one kind, in the order in which they were added. */
export async function itemConnection<View, InDraft>(
  source: ConversationSource,
  args: ConnectionArgs,
  inDraft: (of: DraftView) => readonly InDraft[],
  read: (of: ConversationView, request: PageRequest<number>) => Promise<Page<View>>,
  seqOf: (view: View) => number,
) {
  const request = seqPageRequest(args);
  if (isDraft(source)) {
    const list = inDraft(source).map((node, index): Placed<View | InDraft> => ({ node, place: index + 1 }));
    return connectionOf(pageOfList(list, request, ({ place }) => Number(place)));
  }
  const page = await read(source, request);
  const nodes = page.nodes.map((node): Placed<View | InDraft> => ({ node, place: seqOf(node) }));
  return connectionOf({ ...page, nodes });
}
