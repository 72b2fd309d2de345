// Reads of conversations as an account may see them.
import DataLoader from "dataloader";
import { everything } from "../../conversation/audience.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import { type ConversationRow, conversationOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { isErasedSql } from "./erased-sql.ts";
import type { FoldUpTo } from "./fold-up-to.ts";
import { horizonSql } from "./horizon.ts";
import type { ConversationView, Heading } from "./views.ts";

/** A conversation's row with what it is called. */
export type HeadRow = ConversationRow & Heading;

/** The columns of a `HeadRow`. @param alias of the conversation's row, in SQL */
export function headColumns(alias: string): string {
  const words = (field: keyof Heading, seq: string) =>
    `(SELECT w.body->>'${field}' FROM event AS w
      WHERE w.conversation_id = ${alias}.id AND w.seq = ${seq} AND NOT ${isErasedSql("w")}) AS ${field}`;
  return `${alias}.*, ${words("subject", `${alias}.subject_seq`)}, ${words("slug", "1")}`;
}

/** A conversation as it is read for an account. */
export type SeenConversationRow = ConversationRow & {
  readonly horizon: number;
  readonly subject: string | null;
};

/** The columns of a `SeenConversationRow`, of a conversation `c` that is joined with its `horizonSql`. */
export const seenColumns = `c.*, m.horizon, (SELECT e.body->>'subject' FROM event AS e
  WHERE e.conversation_id = c.id AND e.seq = c.subject_seq AND NOT ${isErasedSql("e")}) AS subject`;

export function conversationReads(query: Query, foldUpTo: FoldUpTo) {
  const toView = async (
    row: ConversationRow & { readonly subject?: string | null },
    horizon: number,
  ): Promise<ConversationView> => {
    const view = viewAtHead(row, horizon);
    if (horizon === everything) return view;
    // They were removed: what they see is the fold up to there, for the projections have moved on, or may any moment.
    const folded = await foldUpTo(row.id, horizon);
    return { ...view, conversation: folded.conversation ?? view.conversation, subject: undefined, folded };
  };

  const viewsOf = async (
    accountId: AccountId,
    conversations: readonly Hash[],
  ): Promise<ReadonlyMap<Hash, ConversationView>> => {
    const rows = await query<SeenConversationRow>(
      "views",
      `SELECT ${seenColumns} FROM unnest($2::text[]) AS k(id) JOIN conversation AS c USING (id)
      ${horizonSql("c.id", "$1")} WHERE m.horizon IS NOT NULL`,
      [accountId, conversations],
    );
    const views = await Promise.all(rows.map((row) => toView(row, row.horizon)));
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

    /** The conversation of a row that was read for the account just now. */
    viewOfRow: (accountId: AccountId, row: SeenConversationRow): Promise<ConversationView | null> => {
      viewLoader.prime({ accountId, id: row.id }, toView(row, row.horizon));
      return viewLoader.load({ accountId, id: row.id });
    },

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

/** The conversation as its projections have it: for whoever may see all of them. @param heading where it was read too */
export function viewAtHead(
  row: ConversationRow & { readonly subject?: string | null },
  horizon: number,
  heading?: Heading,
): ConversationView {
  const { id, draft_hash: draftHash, subject, seq } = row;
  // No further than the head that was read with the access: whoever is removed while they are answered sees nothing past it.
  const upTo = Math.min(horizon, seq);
  return { id, draftHash, subject, conversation: conversationOf(row), horizon: upTo, folded: null, heading };
}
