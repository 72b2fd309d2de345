// Reads of how many messages somebody has not read. Derived from their receipt, so that it cannot drift.
import DataLoader from "dataloader";
import type { AccountId } from "../conversation-store.ts";
import type { Query } from "./bounded-query.ts";
import { idsOf, type Key, keyOf } from "./by-key.ts";
import type { ConversationView } from "./views.ts";

/** Counted up to here: more than that is many, and counting them is slow. */
export const unreadMax = 1_000;

export function unreadReads(query: Query) {
  // By conversation and account: for a list, and for the many to whom one event is told.
  const unreadLoader = new DataLoader<Key, number, string>(
    async (keys) => {
      const rows = await query<{ place: number; unread: number }>(
        "unread",
        `SELECT k.place, above.unread
      FROM unnest($1::text[], $2::uuid[], $3::int[]) WITH ORDINALITY AS k(conversation_id, account_id, horizon, place)
      CROSS JOIN LATERAL (
        SELECT coalesce(max(read_up_to), 0) AS read_up_to, coalesce(array_agg(id), '{}') AS ids
        FROM participant WHERE conversation_id = k.conversation_id AND account_id = k.account_id
      ) AS own
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS unread FROM (
          SELECT FROM message AS m
          WHERE m.conversation_id = k.conversation_id AND m.seq <= k.horizon AND m.seq > own.read_up_to
            AND m.author <> ALL (own.ids) AND m.removed_seq IS NULL
            AND NOT EXISTS (
              SELECT FROM participant WHERE conversation_id = k.conversation_id AND id = m.author AND is_erased)
          LIMIT ${unreadMax}) AS one
      ) AS above`,
        [...idsOf(keys), keys.map(({ of }) => of.horizon)],
      );
      const found = new Map(rows.map(({ place, unread }) => [place, unread]));
      return keys.map((_, index) => found.get(index + 1) ?? 0);
    },
    { cacheKeyFn: keyOf },
  );

  return {
    /** How many messages others wrote above the account's receipt, up to `unreadMax`. */
    unread: (of: ConversationView, accountId: AccountId): Promise<number> => unreadLoader.load({ of, id: accountId }),
  };
}
