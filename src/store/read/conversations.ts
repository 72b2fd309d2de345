// Reads of conversations as an account may see them, and of its list.
import DataLoader from "dataloader";
import type pg from "pg";
import { everything } from "../../conversation/audience.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import { type ConversationRow, conversationOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { createFoldUpTo } from "./fold-up-to.ts";
import { horizonOfTaken, type TakenRow, takenSql } from "./horizon.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";
import type { ConversationView, ListCursor, ListedConversation } from "./views.ts";

export function conversationReads(pool: pg.Pool, query: Query) {
  const foldUpTo = createFoldUpTo(pool, query);

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

    /** The account's conversations, latest words first. */
    conversations: async (
      accountId: AccountId,
      request: PageRequest<ListCursor>,
    ): Promise<Page<ListedConversation>> => {
      const { isBackward, after, before, limit } = request;
      const rows = await query<{ id: Hash; sort_us: number }>(
        isBackward ? "list_backward" : "list",
        `SELECT conversation_id AS id, (extract(epoch FROM sort_at) * 1e6)::bigint AS sort_us FROM participation
        WHERE account_id = $1
          AND ($2::bigint IS NULL OR (sort_at, conversation_id) < (to_timestamp($2::float8 / 1e6), $3::text))
          AND ($4::bigint IS NULL OR (sort_at, conversation_id) > (to_timestamp($4::float8 / 1e6), $5::text))
        ORDER BY sort_at ${isBackward ? "ASC" : "DESC"}, conversation_id ${isBackward ? "ASC" : "DESC"} LIMIT $6`,
        [accountId, after?.sortUs ?? null, after?.id ?? null, before?.sortUs ?? null, before?.id ?? null, limit + 1],
      );
      const page = pageOf(rows, request);
      const views = await viewLoader.loadMany(page.nodes.map(({ id }) => ({ accountId, id })));
      const nodes = page.nodes.flatMap(({ id, sort_us }, index) => {
        const view = views[index];
        if (view instanceof Error) throw view;
        return view ? [{ view, cursor: { sortUs: sort_us, id } }] : [];
      });
      return { ...page, nodes };
    },
  };
}

/** The conversation as its projections have it: for whoever may see all of them. */
export function viewAtHead(row: ConversationRow, horizon: number): ConversationView {
  return { id: row.id, draftHash: row.draft_hash, conversation: conversationOf(row), horizon, folded: null };
}
