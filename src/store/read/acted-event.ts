// Events with who did them, in one query: what clients show of an event as it comes.
import { type RecordedRow, recordedColumns } from "../recorded-event.ts";
import type { EventRow } from "../rows.ts";
import { type ReadParticipantRow, readColumns, type ShownParticipantRow, shownColumns } from "./participants.ts";

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

/** What lists show of a conversation's last event, with who did it; its seq and time are the conversation's. */
export type LastEventRow = Pick<EventRow, "id" | "action" | "model"> & { readonly actor: ReadParticipantRow | null };

/** The last event of the conversation `c` as JSON: a `LastEventRow`. */
export const lastEventSql = `(SELECT row_to_json(shown) FROM (
    SELECT e.id, e.action, e.model, (SELECT row_to_json(who) FROM (
      SELECT ${readColumns("t")} FROM participant AS t
      WHERE t.conversation_id = c.id AND t.id = coalesce(e.actor, e.id)
    ) AS who) AS actor
    FROM event AS e WHERE e.conversation_id = c.id AND e.seq = c.seq
  ) AS shown)`;
