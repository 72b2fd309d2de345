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
    // An upsert, for it goes by the primary key whatever the planner thinks, and visits each row once: as an update with a
    // join it took three times as long. Everybody who takes part has a row, so nothing is inserted. Rows are locked in one
    // order in every process, so that two announcers never deadlock.
    text: `INSERT INTO participation AS p (conversation_id, account_id, sort_at)
      SELECT DISTINCT k.conversation_id, m.account_id, k.at
      FROM json_to_recordset($1::json) AS k(conversation_id text, at timestamptz)
      CROSS JOIN LATERAL (
        SELECT account_id FROM participant
        WHERE conversation_id = k.conversation_id AND account_id IS NOT NULL AND status = 'ACTIVE' OFFSET 0
      ) AS m
      ORDER BY k.conversation_id, m.account_id
      ON CONFLICT (conversation_id, account_id) DO UPDATE SET sort_at = excluded.sort_at
      WHERE p.sort_at < excluded.sort_at`,
    values: [JSON.stringify([...latest].map(([conversation_id, at]) => ({ conversation_id, at })))],
  });
}
