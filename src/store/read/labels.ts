// Reads of a conversation's labels.
import DataLoader from "dataloader";
import { isRemoved } from "../../conversation/state.ts";
import { type LabelRow, labelOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { isErasedSql } from "./erased-sql.ts";
import type { ConversationView, LabelView } from "./views.ts";

type NamedRow = LabelRow & { readonly name: string | null; readonly is_erased: boolean };

export function labelReads(query: Query) {
  const labelLoader = new DataLoader<ConversationView, readonly NamedRow[], string>(
    async (views) => {
      const rows = await query<NamedRow & { readonly place: number }>(
        "labels",
        `SELECT k.place, l.*, e.body->>'name' AS name, ${isErasedSql("e")} AS is_erased
        FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS k(conversation_id, horizon, place)
        CROSS JOIN LATERAL (
          SELECT * FROM label
          WHERE conversation_id = k.conversation_id AND seq <= k.horizon AND (removed_seq IS NULL OR removed_seq > k.horizon)
          OFFSET 0
        ) AS l
        JOIN event AS e ON e.conversation_id = l.conversation_id AND e.seq = l.seq ORDER BY k.place, l.seq`,
        [views.map(({ id }) => id), views.map(({ horizon }) => horizon)],
      );
      const found = Map.groupBy(rows, ({ place }) => place);
      return views.map((_, index) => found.get(index + 1) ?? []);
    },
    { cacheKeyFn: ({ id, horizon }) => `${id} ${horizon}` },
  );

  return {
    /** Labels that are there: as many as the limits allow. */
    labels: async (of: ConversationView): Promise<readonly LabelView[]> => {
      const rows = await labelLoader.load(of);
      const { folded } = of;
      return rows.flatMap((row) => {
        const label = folded?.labels.get(row.id) ?? labelOf(row);
        const isGone = folded ? isRemoved(folded, label) : row.is_erased;
        return isGone ? [] : [{ of, label, name: row.is_erased ? null : row.name }];
      });
    },
  };
}
