// What a stream missed: the account's events since a cursor, from the database, oldest first.
//
// The places are found at once, by way of the account's own conversations, so that coming back costs what the account
// missed and not what the platform did meanwhile; then the events are read page by page, each checked again.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId, Place } from "../store/conversation-store.ts";
import { horizonOfTaken, type TakenRow, takenSql } from "../store/read/horizon.ts";
import { type RecordedEvent, type RecordedRow, recordedColumns, recordedEventOf } from "../store/recorded-event.ts";

export interface BackfillOptions {
  readonly pool: pg.Pool;
  readonly accountId: AccountId;
  /** Only this conversation; null: all of the account's. */
  readonly conversation: Hash | null;
  /** What was recorded after this, and up to `upToUs`, in the database's microseconds. */
  readonly afterUs: number;
  readonly upToUs: number;
  /** Events at most. */
  readonly max: number;
}

/** `horizon`: up to which seq the account sees the conversation, as it was when the event was read. */
export interface Missed {
  readonly event: RecordedEvent;
  readonly horizon: number;
}

const pageSize = 500;

/** Gives what the account missed, by the time of recording; or, where it is more than `max`, nothing but `tooMany`. */
export async function* readBackfill(options: BackfillOptions): AsyncGenerator<Missed | "tooMany", undefined> {
  const { pool, accountId, max } = options;
  const places = await oneAtATime(pool, () => findPlaces(options));
  if (places.length > max) {
    yield "tooMany";
    return;
  }
  for (let from = 0; from < places.length; from += pageSize) {
    const page = places.slice(from, from + pageSize);
    const { rows } = await pool.query<RecordedRow & { readonly taken: readonly TakenRow[] | null }>({
      name: "backfill_events",
      text: `SELECT ${recordedColumns("e")}, m.taken
        FROM unnest($2::text[], $3::int[]) WITH ORDINALITY AS k(conversation_id, seq, place)
        JOIN event AS e USING (conversation_id, seq)
        ${takenSql("e.conversation_id", "$1")} ORDER BY k.place`,
      values: [accountId, page.map(({ conversation }) => conversation), page.map(({ seq }) => seq)],
    });
    for (const row of rows) {
      const horizon = horizonOfTaken(row.taken);
      if (row.seq <= horizon) yield { event: recordedEventOf(row), horizon };
    }
  }
}

/** Where the events are, one more than asked for at most. */
async function findPlaces(options: BackfillOptions): Promise<readonly Place[]> {
  const { pool, accountId, conversation, afterUs, upToUs, max } = options;
  const { rows } = await pool.query<Place>({
    name: "backfill_places",
    // An event is found from the end of its log: back to the first that is older than the cursor.
    text: `WITH moved AS MATERIALIZED (
        SELECT c.id FROM participation AS p JOIN conversation AS c ON c.id = p.conversation_id
        WHERE p.account_id = $1 AND c.recorded_at > to_timestamp($2::float8 / 1e6) AND ($3::text IS NULL OR c.id = $3)
      )
      SELECT e.conversation_id AS conversation, e.seq FROM moved CROSS JOIN LATERAL (
        SELECT conversation_id, seq, recorded_at FROM event
        WHERE conversation_id = moved.id AND seq > coalesce((
          SELECT seq FROM event WHERE conversation_id = moved.id AND recorded_at <= to_timestamp($2::float8 / 1e6)
          ORDER BY seq DESC LIMIT 1), 0)
        ORDER BY seq DESC LIMIT $5
      ) AS e
      WHERE (extract(epoch FROM e.recorded_at) * 1e6)::bigint <= $4
      ORDER BY e.recorded_at, e.conversation_id, e.seq LIMIT $5`,
    values: [accountId, afterUs, conversation, upToUs, max + 1],
  });
  return rows;
}

const lanes = new WeakMap<pg.Pool, Promise<unknown>>();

/** One after the other: when a process restarts, all its streams come back at once, and others need the database too. */
function oneAtATime<Result>(pool: pg.Pool, work: () => Promise<Result>): Promise<Result> {
  const result = (lanes.get(pool) ?? Promise.resolve()).then(work);
  lanes.set(
    pool,
    result.catch(() => {}),
  );
  return result;
}
