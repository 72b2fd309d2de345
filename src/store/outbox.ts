// The outbox: which events still have to be announced. Written by append, emptied by announce, swept by the worker. What
// leaves it and has a text is noted in `unindexed`.
import type pg from "pg";
import type { Place } from "./conversation-store.ts";
import type { EventRow } from "./rows.ts";

/**
 * Events committed more than `olderThanMs` ago and not yet announced: the oldest, those of a conversation in order, which
 * the times of one append do not say.
 */
export async function unannounced(pool: pg.Pool, olderThanMs: number, limit: number): Promise<readonly EventRow[]> {
  const { rows } = await pool.query<EventRow>({
    name: "outbox_unannounced",
    text: `SELECT e.* FROM (
        SELECT conversation_id, seq FROM outbox
        WHERE recorded_at <= clock_timestamp() - make_interval(secs => $1::float8 / 1000)
        ORDER BY recorded_at, conversation_id, seq LIMIT $2
      ) AS o JOIN event AS e USING (conversation_id, seq) ORDER BY e.conversation_id, e.seq`,
    values: [olderThanMs, limit],
  });
  return rows;
}

/** The place of an event that has been announced. */
export interface AnnouncedPlace extends Place {
  /** Whether it is to be indexed. Left out: it may have a text. */
  readonly hasText?: boolean;
}

/** Forgets places that have been announced, and notes in the same statement which of them are to be indexed. */
export async function announced(pool: pg.Pool, places: readonly AnnouncedPlace[]): Promise<void> {
  if (places.length === 0) return;
  const sorted = places.toSorted((a, b) =>
    a.conversation < b.conversation ? -1 : a.conversation > b.conversation ? 1 : a.seq - b.seq,
  );
  await pool.query({
    name: "outbox_announced",
    text: `WITH gone AS (
        DELETE FROM outbox USING unnest($1::text[], $2::int[], $3::boolean[]) AS k(conversation_id, seq, has_text)
        WHERE outbox.conversation_id = k.conversation_id AND outbox.seq = k.seq
        RETURNING outbox.conversation_id, outbox.seq, recorded_at, has_text
      ) INSERT INTO unindexed (conversation_id, seq, recorded_at)
      SELECT conversation_id, seq, recorded_at FROM gone WHERE has_text ON CONFLICT DO NOTHING`,
    values: [
      sorted.map(({ conversation }) => conversation),
      sorted.map(({ seq }) => seq),
      sorted.map(({ hasText = true }) => hasText),
    ],
  });
}
