// Events with who did them, in one query: what clients show of an event as it comes.
import { type RecordedRow, recordedColumns } from "../recorded-event.ts";
import { type ShownParticipantRow, shownColumns } from "./participants.ts";

/** A `RecordedRow` with who did it, as they are now. */
export type ActedRow = RecordedRow & { readonly actor_row: ShownParticipantRow | null };

/** The columns of an `ActedRow`. @param alias of the event's row, in SQL */
export function actedColumns(alias: string): string {
  return `${recordedColumns(alias)}, (
      SELECT row_to_json(shown) FROM (
        SELECT ${shownColumns("t")} FROM participant AS t
        WHERE t.conversation_id = ${alias}.conversation_id AND t.id = coalesce(${alias}.actor, ${alias}.id)
      ) AS shown
    ) AS actor_row`;
}
