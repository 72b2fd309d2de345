// Erasing: deletes the bodies that events erased. State hides them at once; this takes them out of the database.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";

/**
 * Deletes body and salt of everything that is erased in the conversation: of removed messages with their edits and
 * attachments, of removed attachments and labels, and of those who left with ERASE: their own add, and all that they
 * said but adds of others. Safe to repeat. Returns how many there were.
 */
export async function eraseBodies(pool: pg.Pool, conversation: Hash): Promise<number> {
  const { rowCount } = await pool.query(
    `WITH erased AS (
      SELECT id FROM participant WHERE conversation_id = $1 AND is_erased
    ), gone_message AS (
      SELECT id FROM message WHERE conversation_id = $1 AND (removed_seq IS NOT NULL OR author IN (SELECT id FROM erased))
    ), gone AS (
      SELECT id FROM gone_message
      UNION ALL SELECT id FROM label WHERE conversation_id = $1 AND (removed_seq IS NOT NULL OR added_by IN (SELECT id FROM erased))
      UNION ALL SELECT id FROM attachment WHERE conversation_id = $1
        AND (removed_seq IS NOT NULL OR added_by IN (SELECT id FROM erased) OR message IN (SELECT id FROM gone_message))
      UNION ALL SELECT id FROM erased
    )
    UPDATE event SET body = NULL, salt = NULL
    WHERE conversation_id = $1 AND body IS NOT NULL AND (
      id IN (SELECT id FROM gone)
      -- An answer names the message too, and is no part of it.
      OR (action = 'modify' AND model = 'message' AND item IN (SELECT id FROM gone_message))
      OR (actor IN (SELECT id FROM erased) AND NOT (action = 'add' AND model = 'participant')))`,
    [conversation],
  );
  return rowCount ?? 0;
}
