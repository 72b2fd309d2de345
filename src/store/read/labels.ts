// Reads of a conversation's labels.
import { isRemoved } from "../../conversation/state.ts";
import { type LabelRow, labelOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { isErasedSql } from "./erased-sql.ts";
import type { ConversationView, LabelView } from "./views.ts";

export function labelReads(query: Query) {
  return {
    /** Labels that are there: as many as the limits allow. */
    labels: async (of: ConversationView): Promise<readonly LabelView[]> => {
      const rows = await query<LabelRow & { name: string | null; is_erased: boolean }>(
        "labels",
        `SELECT l.*, e.body->>'name' AS name, ${isErasedSql("e")} AS is_erased
        FROM label AS l JOIN event AS e USING (conversation_id, seq)
        WHERE l.conversation_id = $1 AND l.seq <= $2 AND (l.removed_seq IS NULL OR l.removed_seq > $2) ORDER BY l.seq`,
        [of.id, of.horizon],
      );
      const { folded } = of;
      return rows.flatMap((row) => {
        const label = folded?.labels.get(row.id) ?? labelOf(row);
        const isGone = folded ? isRemoved(folded, label) : row.is_erased;
        return isGone ? [] : [{ of, label, name: row.is_erased ? null : row.name }];
      });
    },
  };
}
