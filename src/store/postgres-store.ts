// The store on PostgreSQL: puts the parts of this folder together behind the contract.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";
import { type AppendOptions, createAppend } from "./append.ts";
import type { ConversationStore, Stretch } from "./conversation-store.ts";
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
    entriesOfEach: (asked) => entriesOfEach(pool, asked),
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

async function entriesOfEach(pool: pg.Pool, asked: readonly Stretch[]): Promise<readonly (readonly Entry[])[]> {
  if (asked.length === 0) return [];
  const { rows } = await pool.query<EventRow & { readonly place: number }>({
    name: "entries_of_each",
    text: `SELECT k.place, e.* FROM json_to_recordset($1::json) AS k(place int, conversation text, after int, most int)
      CROSS JOIN LATERAL (
        SELECT * FROM event WHERE conversation_id = k.conversation AND seq > k.after ORDER BY seq LIMIT k.most) AS e
      ORDER BY k.place, e.seq`,
    values: [
      JSON.stringify(
        asked.map(({ conversation, after, limit }, place) => ({ place, conversation, after, most: limit })),
      ),
    ],
  });
  const read = asked.map((): Entry[] => []);
  for (const { place, ...row } of rows) read[place]?.push(entryOf(row));
  return read;
}
