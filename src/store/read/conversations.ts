// Reads of conversations as an account may see them.
import DataLoader from "dataloader";
import { everything } from "../../conversation/audience.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import { type ConversationRow, conversationOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import type { FoldUpTo } from "./fold-up-to.ts";
import { horizonOfTaken, type TakenRow, takenSql } from "./horizon.ts";
import type { ConversationView } from "./views.ts";

export function conversationReads(query: Query, foldUpTo: FoldUpTo) {
  const toView = async (row: ConversationRow, horizon: number): Promise<ConversationView> => {
    const view = viewAtHead(row, horizon);
    if (horizon === everything) return view;
    // They were removed: what they see is the fold up to there, for the projections have moved on, or may any moment.
    const folded = await foldUpTo(row.id, horizon);
    return { ...view, conversation: folded.conversation ?? view.conversation, folded };
  };

  const viewsOf = async (
    accountId: AccountId,
    conversations: readonly Hash[],
  ): Promise<ReadonlyMap<Hash, ConversationView>> => {
    const rows = await query<ConversationRow & { readonly taken: readonly TakenRow[] }>(
      "views",
      `SELECT c.*, m.taken FROM unnest($2::text[]) AS k(id) JOIN conversation AS c USING (id)
      ${takenSql("c.id", "$1")} WHERE m.taken IS NOT NULL`,
      [accountId, conversations],
    );
    const views = await Promise.all(rows.map((row) => toView(row, horizonOfTaken(row.taken))));
    return new Map(views.map((view) => [view.id, view]));
  };

  const viewLoader = new DataLoader(
    async (keys: readonly { accountId: AccountId; id: Hash }[]) => {
      const byAccount = Map.groupBy(keys, ({ accountId }) => accountId);
      const found = new Map<AccountId, ReadonlyMap<Hash, ConversationView>>();
      for (const [accountId, own] of byAccount)
        found.set(
          accountId,
          await viewsOf(
            accountId,
            own.map(({ id }) => id),
          ),
        );
      return keys.map(({ accountId, id }) => found.get(accountId)?.get(id) ?? null);
    },
    { cacheKeyFn: ({ accountId, id }) => `${accountId} ${id}` },
  );

  return {
    /** The conversation as the account may see it; null where they never took part. */
    view: (accountId: AccountId, id: Hash) => viewLoader.load({ accountId, id }),

    /** The conversation up to a horizon that was checked before. */
    viewUpTo: async (id: Hash, horizon: number): Promise<ConversationView | null> => {
      const [row] = await query<ConversationRow>("view", "SELECT * FROM conversation WHERE id = $1", [id]);
      return row ? toView(row, horizon) : null;
    },

    /** The draft that the conversation was published from here. */
    draftHashOf: async (id: Hash): Promise<Hash | null> => {
      const [row] = await query<{ draft_hash: Hash | null }>(
        "draft_hash",
        "SELECT draft_hash FROM conversation WHERE id = $1",
        [id],
      );
      return row?.draft_hash ?? null;
    },

    /** The published conversation that was this draft. */
    publishedFrom: async (draftHash: Hash): Promise<Hash | null> => {
      const [row] = await query<{ id: Hash }>("published_from", "SELECT id FROM conversation WHERE draft_hash = $1", [
        draftHash,
      ]);
      return row?.id ?? null;
    },
  };
}

/** The conversation as its projections have it: for whoever may see all of them. */
export function viewAtHead(row: ConversationRow, horizon: number): ConversationView {
  // No further than the head that was read with the access: whoever is removed while they are answered sees nothing past it.
  const { id, draft_hash: draftHash, seq } = row;
  return { id, draftHash, conversation: conversationOf(row), horizon: Math.min(horizon, seq), folded: null };
}
