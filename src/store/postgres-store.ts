// The store on PostgreSQL: puts the parts of this folder together behind the contract.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";
import { type AppendOptions, createAppend } from "./append.ts";
import type { ConversationStore } from "./conversation-store.ts";
import { eraseBodies } from "./erase.ts";
import { announced, unannounced } from "./outbox.ts";
import { moveReceipt } from "./receipts.ts";
import { type EventRow, entryOf } from "./rows.ts";

/** Opens the store. It holds no resource of its own: the pool is the caller's. */
export function postgresStore(options: AppendOptions): ConversationStore {
  const { pool } = options;
  return {
    ...createAppend(options),
    entriesAfter: (conversation, after, limit) => entriesAfter(pool, conversation, after, limit),
    unannounced: async (olderThanMs, limit) =>
      (await unannounced(pool, olderThanMs, limit)).map(({ conversation_id, seq }) => ({
        conversation: conversation_id,
        seq,
      })),
    announced: (places) => announced(pool, places),
    moveReceipt: (conversation, accountId, seq) => moveReceipt(pool, conversation, accountId, seq),
    eraseBodies: (conversation) => eraseBodies(pool, conversation),
  };
}

async function entriesAfter(
  pool: pg.Pool,
  conversation: Hash,
  after: number,
  limit: number,
): Promise<readonly Entry[]> {
  const { rows } = await pool.query<EventRow>({
    name: "entries_after",
    text: "SELECT * FROM event WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    values: [conversation, after, limit],
  });
  return rows.map(entryOf);
}
