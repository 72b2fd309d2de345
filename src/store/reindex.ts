// Makes every text searchable anew, beside a running platform: after a change of how texts are indexed, or where the doctor
// finds rows that are other than they should be.
import type pg from "pg";
import type { Place } from "./conversation-store.ts";
import { indexTexts, isTextGoneSql } from "./search-index.ts";
import { makesTextSql } from "./searchable-sources.ts";
import { readSnapshot } from "./snapshot.ts";
import { inTransaction } from "./transaction.ts";

export interface ReindexOptions {
  readonly pool: pg.Pool;
  /** Ends after what is in hand. */
  readonly signal?: AbortSignal;
  /** @param done texts so far, of about `total` */
  onProgress?(done: number, total: number): void;
}

export interface Reindexed {
  readonly texts: number;
  /** Rows of what is not there any more. */
  readonly surplus: number;
  /** What the database refuses to index. */
  readonly refused: readonly Place[];
  /** Whether `signal` ended it before all was done. */
  readonly isStopped: boolean;
}

const batchMax = 100;

/** Safe to break off at any point, and to repeat: it begins anew. What is said meanwhile is none of its business. */
export async function reindex({ pool, signal, onProgress }: ReindexOptions): Promise<Reindexed> {
  const total = await countTexts(pool);
  const refused: Place[] = [];
  let texts = 0;
  let surplus = 0;
  let after: Place = { conversation: "", seq: 0 };
  for (;;) {
    if (signal?.aborted) return { texts, surplus, refused, isStopped: true };
    const places = await placesAfter(pool, after);
    const last = places.at(-1);
    refused.push(...(await inTransaction(pool, (client) => indexTexts(client, places))));
    surplus += await deleteSurplus(pool, after, last ?? null);
    texts += places.length;
    onProgress?.(texts, total);
    if (!last) return { texts, surplus, refused, isStopped: false };
    after = last;
  }
}

/** Events that make something that has a text, and latest subjects; in the order of the log's key. */
async function placesAfter(pool: pg.Pool, { conversation, seq }: Place): Promise<readonly Place[]> {
  const { rows } = await pool.query<Place>({
    name: "reindex_places",
    text: `SELECT conversation_id AS conversation, seq FROM event AS e
      WHERE (conversation_id, seq) > ($1, $2) AND (${makesTextSql("e")} OR model = 'subject')
      ORDER BY conversation_id, seq LIMIT ${batchMax}`,
    values: [conversation, seq],
  });
  return rows;
}

async function countTexts(pool: pg.Pool): Promise<number> {
  const { rows } = await readSnapshot(pool, (client) =>
    client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM event AS e WHERE ${makesTextSql("e")} OR model = 'subject'`,
    ),
  );
  return rows[0]?.count ?? 0;
}

/** Deletes rows from behind `after` up to `last`, or the end, that no event stands behind. Returns how many there were. */
async function deleteSurplus(pool: pg.Pool, after: Place, last: Place | null): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM searchable AS s WHERE (s.conversation_id, s.seq) > ($1, $2)
      ${last === null ? "" : "AND (s.conversation_id, s.seq) <= ($3, $4)"}
      AND (${isTextGoneSql("s")} OR s.seq > 0 AND NOT EXISTS (SELECT FROM event AS e
        WHERE e.conversation_id = s.conversation_id AND e.seq = s.seq AND ${makesTextSql("e")} OFFSET 0))`,
    [after.conversation, after.seq, ...(last === null ? [] : [last.conversation, last.seq])],
  );
  return rowCount ?? 0;
}
