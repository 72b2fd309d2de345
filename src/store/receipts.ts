// Receipts: how far participants have read. Beside the log; the highest wins, and none goes past the head.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId, ReceiptMove } from "./conversation-store.ts";

/** Moves the receipt of the account's participation up to `seq`; null where it stood there or beyond, or there is none. */
export async function moveReceipt(
  pool: pg.Pool,
  conversation: Hash,
  accountId: AccountId,
  seq: number,
): Promise<ReceiptMove | null> {
  const { rows } = await pool.query<ReceiptMove>({
    name: "receipt_move",
    // What was said before they were added was not announced to them, and may be unread as well.
    text: `WITH moved AS (
        UPDATE participant AS p SET read_up_to = least($3, c.seq)
        FROM conversation AS c
        WHERE c.id = $1 AND p.conversation_id = $1 AND p.account_id = $2 AND p.status = 'ACTIVE' AND NOT p.imported
          AND p.read_up_to < least($3, c.seq)
        RETURNING p.conversation_id AS conversation, p.id AS participant, p.read_up_to AS seq, p.seq AS added_seq),
      noted AS (
        UPDATE participation AS own
        SET may_be_unread = greatest(own.words_seq, moved.added_seq) > moved.seq, changed_at = clock_timestamp()
        FROM moved WHERE own.conversation_id = $1 AND own.account_id = $2)
      SELECT conversation, participant, seq FROM moved`,
    values: [conversation, accountId, seq],
  });
  return rows[0] ?? null;
}

/**
 * Moves the account's receipts past what came with its archive: what it had before is no news. Each as far as nobody said
 * anything here above it. Safe to repeat.
 */
export async function readArchived(pool: pg.Pool, conversations: readonly Hash[], accountId: AccountId): Promise<void> {
  await pool.query({
    name: "receipts_of_archive",
    text: `WITH moved AS (
        UPDATE participant AS p SET read_up_to = reached.seq
        FROM (
          SELECT k.id AS conversation_id, own.id, least(c.seq, unread.seq - 1) AS seq
          FROM unnest($1::text[]) AS k(id)
          CROSS JOIN LATERAL (SELECT seq FROM conversation WHERE id = k.id OFFSET 0) AS c
          CROSS JOIN LATERAL (
            SELECT id, read_up_to FROM participant
            WHERE conversation_id = k.id AND account_id = $2 AND status = 'ACTIVE' AND NOT imported
              AND read_up_to < c.seq OFFSET 0) AS own
          LEFT JOIN LATERAL (
            SELECT seq FROM message AS m
            WHERE m.conversation_id = k.id AND m.seq > own.read_up_to AND NOT EXISTS (
              SELECT FROM participant
              WHERE conversation_id = k.id AND id = m.author AND (imported OR account_id = $2))
            ORDER BY seq LIMIT 1) AS unread ON true
          ORDER BY k.id
        ) AS reached
        WHERE p.conversation_id = reached.conversation_id AND p.id = reached.id AND p.read_up_to < reached.seq
        RETURNING p.conversation_id, p.read_up_to, p.seq),
      -- In the order in which announcers lock them, so that nobody waits for each other.
      held AS MATERIALIZED (
        SELECT own.conversation_id FROM moved JOIN participation AS own USING (conversation_id)
        WHERE own.account_id = $2 ORDER BY own.conversation_id FOR UPDATE OF own)
      UPDATE participation AS own
      SET may_be_unread = greatest(own.words_seq, moved.seq) > moved.read_up_to, changed_at = clock_timestamp()
      FROM held JOIN moved USING (conversation_id)
      WHERE own.conversation_id = held.conversation_id AND own.account_id = $2`,
    values: [conversations, accountId],
  });
}
