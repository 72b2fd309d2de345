// Inbox order: new words bring a conversation up in the list of everybody here who takes part.
import type pg from "pg";
import type { Timestamp } from "../protocol/event.ts";
import type { Place } from "../store/conversation-store.ts";

/** Raises each conversation to its latest words' time, in all lists at once. Never lowers it, so doing it again is harmless. */
export async function raiseInInbox(
  pool: pg.Pool,
  words: readonly (Place & { readonly timestamp: Timestamp })[],
): Promise<void> {
  const latest = new Map<string, Timestamp>();
  for (const { conversation, timestamp } of words) {
    if (timestamp > (latest.get(conversation) ?? "")) latest.set(conversation, timestamp);
  }
  if (latest.size === 0) return;
  await pool.query({
    name: "raise_in_inbox",
    // Rows are locked in one order in every process, so that two announcers never deadlock.
    text: `WITH due AS (
        SELECT p.conversation_id, p.account_id, k.at
        -- JSON, not arrays: by arrays' lengths it would be planned anew each time.
        FROM json_to_recordset($1::json) AS k(conversation_id text, at timestamptz)
        JOIN participation AS p ON p.conversation_id = k.conversation_id AND p.sort_at < k.at
        WHERE EXISTS (SELECT FROM participant AS m
          WHERE m.conversation_id = p.conversation_id AND m.account_id = p.account_id AND m.status = 'ACTIVE')
        ORDER BY p.conversation_id, p.account_id FOR UPDATE OF p
      )
      UPDATE participation AS p SET sort_at = due.at FROM due
      WHERE p.conversation_id = due.conversation_id AND p.account_id = due.account_id`,
    values: [JSON.stringify([...latest].map(([conversation_id, at]) => ({ conversation_id, at })))],
  });
}
