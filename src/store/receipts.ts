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
    text: `UPDATE participant AS p SET read_up_to = least($3, c.seq)
      FROM conversation AS c
      WHERE c.id = $1 AND p.conversation_id = $1 AND p.account_id = $2 AND p.status = 'ACTIVE' AND NOT p.imported
        AND p.read_up_to < least($3, c.seq)
      RETURNING p.conversation_id AS conversation, p.id AS participant, p.read_up_to AS seq`,
    values: [conversation, accountId, seq],
  });
  return rows[0] ?? null;
}
