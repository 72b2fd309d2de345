// What is announced and not searchable yet. Announcing notes it, a worker makes it searchable, in batches beside the
// appends: language, folding and the indexes cost as much as an append itself.
import type pg from "pg";
import type { Logger } from "../observe/logger.ts";
import { indexTexts } from "./search-index.ts";
import { inTransaction } from "./transaction.ts";

/** Few enough that nobody waits long for what a batch holds: a connection, and who erases. */
const batchMax = 50;

/** What is taken in from elsewhere comes in parts, each announced before the next is there. */
const busyForSeconds = 1;

export interface IndexedBatch {
  /** How many events were looked at; 0 where nothing waits. */
  readonly events: number;
  /** How long ago the oldest of them was recorded, in seconds. */
  readonly behindSeconds: number;
  /** Whether events are being written at the moment: said here, or taken in from elsewhere. */
  readonly isBusy: boolean;
}

interface UnindexedRow {
  readonly conversation_id: string;
  readonly seq: number;
  readonly behind: number;
  readonly is_busy: boolean;
}

export interface IndexBatchOptions {
  /** What another process has in hand: waits until it is done, instead of leaving it to that one. Default: false. */
  readonly waits?: boolean;
  readonly log: Logger;
}

/**
 * Makes the oldest of what waits searchable. Of several at once each takes others. Safe to repeat; what fails, or is cut off by
 * a crash, waits on. A text that the database refuses by itself is logged and left out, or nothing would come after it.
 */
export function indexBatch(pool: pg.Pool, { waits = false, log }: IndexBatchOptions): Promise<IndexedBatch> {
  return inTransaction(pool, async (client) => {
    // Without a name: planned for the size that the table has at the moment, which is seldom the one it had.
    const { rows } = await client.query<UnindexedRow>(
      `SELECT conversation_id, seq, extract(epoch FROM clock_timestamp() - recorded_at)::float8 AS behind,
        EXISTS (SELECT FROM outbox)
          OR (SELECT max(recorded_at) FROM unindexed) > clock_timestamp() - interval '${busyForSeconds} seconds' AS is_busy
      FROM unindexed ORDER BY recorded_at LIMIT ${batchMax} FOR UPDATE ${waits ? "" : "SKIP LOCKED"}`,
    );
    const [oldest] = rows;
    if (!oldest) return { events: 0, behindSeconds: 0, isBusy: false };
    const places = rows.map(({ conversation_id: conversation, seq }) => ({ conversation, seq }));
    const refused = await indexTexts(client, places);
    for (const place of refused) log.error(place, "a text cannot be searched, for the database refuses it");
    await client.query({
      name: "unindexed_indexed",
      text: `DELETE FROM unindexed AS u USING unnest($1::text[], $2::int[]) AS k(conversation_id, seq)
        WHERE u.conversation_id = k.conversation_id AND u.seq = k.seq`,
      values: [places.map(({ conversation }) => conversation), places.map(({ seq }) => seq)],
    });
    return { events: rows.length, behindSeconds: Math.max(0, oldest.behind), isBusy: oldest.is_busy };
  });
}

/** Makes all that waits searchable, whatever other processes do. */
export async function indexAll(pool: pg.Pool, log: Logger): Promise<void> {
  while ((await indexBatch(pool, { waits: true, log })).events > 0);
}
