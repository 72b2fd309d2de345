// Receipts between platforms: those that others tell of their participants, and those that they are owed of ours.
import type pg from "pg";
import type { PlatformName } from "../protocol/event.ts";
import type { ReceiptMove } from "./conversation-store.ts";
import type { PeerStore } from "./peer-store.ts";

type ForeignReceipts = Pick<PeerStore, "moveForeignReceipts" | "oweReceipt" | "receiptsFor" | "receiptsTold">;

/** @param platform our own name */
export function foreignReceipts(pool: pg.Pool, platform: PlatformName): ForeignReceipts {
  const listed = (receipts: readonly ReceiptMove[]) => [
    receipts.map(({ conversation }) => conversation),
    receipts.map(({ participant }) => participant),
    receipts.map(({ seq }) => seq),
  ];
  return {
    moveForeignReceipts: async (by, receipts) => {
      if (receipts.length === 0) return [];
      const { rows } = await pool.query<ReceiptMove>({
        name: "move_foreign_receipts",
        text: `WITH k AS (
            SELECT conversation, participant, max(seq) AS seq FROM unnest($2::text[], $3::text[], $4::bigint[])
              AS k(conversation, participant, seq) GROUP BY conversation, participant),
          held AS MATERIALIZED (
            SELECT p.conversation_id, p.id, least(k.seq, c.seq)::int AS seq
            FROM k JOIN conversation AS c ON c.id = k.conversation
            JOIN participant AS p ON p.conversation_id = k.conversation AND p.id = k.participant
            WHERE p.via = $1 AND p.status = 'ACTIVE' AND p.account_id IS NULL AND p.read_up_to < least(k.seq, c.seq)
            ORDER BY p.conversation_id, p.id FOR UPDATE OF p)
          UPDATE participant AS p SET read_up_to = held.seq FROM held
          WHERE p.conversation_id = held.conversation_id AND p.id = held.id
          RETURNING p.conversation_id AS conversation, p.id AS participant, p.read_up_to AS seq`,
        values: [by, ...listed(receipts)],
      });
      return rows;
    },

    oweReceipt: async ({ conversation, participant, seq }) => {
      const { rows } = await pool.query<{ platform: PlatformName }>({
        name: "owe_receipt",
        text: `INSERT INTO owed_receipt AS o (platform, conversation_id, participant, seq)
          SELECT DISTINCT via, $1, $2, $3::int FROM participant
          WHERE conversation_id = $1 AND status = 'ACTIVE' AND via <> $4
            AND EXISTS (SELECT FROM participant AS own JOIN account AS a ON a.id = own.account_id
              WHERE own.conversation_id = $1 AND own.id = $2 AND a.tells_receipts)
          ON CONFLICT (platform, conversation_id, participant) DO UPDATE SET seq = greatest(o.seq, excluded.seq)
          RETURNING platform`,
        values: [conversation, participant, seq, platform],
      });
      return rows.map((row) => row.platform);
    },

    receiptsFor: async (to, limit) => {
      const { rows } = await pool.query<ReceiptMove>({
        name: "receipts_for",
        text: `SELECT conversation_id AS conversation, participant, seq FROM owed_receipt
          WHERE platform = $1 ORDER BY conversation_id, participant LIMIT $2`,
        values: [to, limit],
      });
      return rows;
    },

    receiptsTold: async (to, receipts) => {
      if (receipts.length === 0) return;
      await pool.query({
        name: "receipts_told",
        // One that has moved on meanwhile is still to be told.
        text: `DELETE FROM owed_receipt AS o USING unnest($2::text[], $3::text[], $4::int[]) AS k(conversation, participant, seq)
          WHERE o.platform = $1 AND o.conversation_id = k.conversation AND o.participant = k.participant AND o.seq <= k.seq`,
        values: [to, ...listed(receipts)],
      });
    },
  };
}
