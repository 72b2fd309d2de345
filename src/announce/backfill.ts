// What a stream missed: the account's events since a cursor, from the database, oldest first.
//
// The places are found at once, by way of the account's own conversations, so that coming back costs what the account
// has and missed, and not what the platform did meanwhile; then the events are read page by page, each checked again.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId, Place } from "../store/conversation-store.ts";
import { type ActedRow, actedColumns } from "../store/read/acted-event.ts";
import { type HeadRow, headColumns } from "../store/read/conversations.ts";
import { horizonSql } from "../store/read/horizon.ts";
import type { ShownParticipantRow } from "../store/read/participants.ts";
import { type RecordedEvent, recordedEventOf } from "../store/recorded-event.ts";
import { createTurns, type Turns } from "../store/turns.ts";

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
  /** Whether nobody waits for it any more. */
  isOver(): boolean;
}

export interface Missed {
  readonly event: RecordedEvent;
  /** Who did it. */
  readonly actor: ShownParticipantRow | null;
  /** The conversation. */
  readonly head: HeadRow;
  /** Up to which seq the account sees it. */
  readonly horizon: number;
  /** When all this was read: for a page of events at once. */
  readonly readAtMs: number;
  /** Whether it adds the account anew: what happened while they were gone lies before the cursor, perhaps. */
  readonly isAddingAnew: boolean;
}

type PlaceRow = Place & { readonly characters: number };

/** A page is held in memory for as long as its reader is slow: this many events, and as many characters and one event. */
const pageMax = 500;
const pageCharactersMax = 256 * 1024;

/** Gives what the account missed, by the time of recording; or, where it is more than `max`, nothing but `tooMany`. */
export async function* readBackfill(options: BackfillOptions): AsyncGenerator<Missed | "tooMany", undefined> {
  const { pool, accountId, max } = options;
  const places = await inTurn(pool, accountId, async () => (options.isOver() ? [] : findPlaces(options)));
  if (places.length > max) {
    yield "tooMany";
    return;
  }
  for (const page of pagesOf(places)) {
    const readAtMs = Date.now();
    const [seen, rows] = await Promise.all([readSeen(pool, accountId, page), readEvents(pool, accountId, page)]);
    for (const row of rows) {
      const of = seen.get(row.conversation_id);
      if (!of || row.seq > of.horizon) continue;
      yield { ...of, event: recordedEventOf(row), actor: row.actor_row, readAtMs, isAddingAnew: row.is_anew };
    }
  }
}

type Page = readonly Place[];

async function readEvents(pool: pg.Pool, accountId: AccountId, page: Page) {
  const { rows } = await pool.query<ActedRow & { readonly is_anew: boolean }>({
    name: "backfill_events",
    text: `SELECT ${actedColumns("e")}, e.model = 'participant' AND e.action = 'add' AND EXISTS (
        SELECT FROM participant AS p JOIN participant AS earlier USING (conversation_id, account_id)
        WHERE p.conversation_id = e.conversation_id AND p.id = e.id AND p.account_id = $1 AND earlier.seq < e.seq
      ) AS is_anew
      FROM unnest($2::text[], $3::int[]) WITH ORDINALITY AS k(conversation_id, seq, place)
      JOIN event AS e USING (conversation_id, seq) ORDER BY k.place`,
    values: [accountId, page.map(({ conversation }) => conversation), page.map(({ seq }) => seq)],
  });
  return rows;
}

/** The conversations of a page with how far the account sees them, in one statement: one moment for both. */
async function readSeen(pool: pg.Pool, accountId: AccountId, page: Page) {
  const { rows } = await pool.query<HeadRow & { readonly horizon: number | null }>({
    name: "backfill_seen",
    text: `SELECT ${headColumns("c")}, m.horizon FROM conversation AS c ${horizonSql("c.id", "$1")} WHERE c.id = ANY($2::text[])`,
    values: [accountId, [...new Set(page.map(({ conversation }) => conversation))]],
  });
  return new Map(rows.map(({ horizon, ...head }) => [head.id, { head, horizon: horizon ?? 0 }]));
}

function pagesOf(places: readonly PlaceRow[]): readonly Page[] {
  const pages: Place[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const place of places) {
    if (characters > pageCharactersMax || (pages.at(-1)?.length ?? 0) >= pageMax) {
      pages.push([]);
      characters = 0;
    }
    pages.at(-1)?.push(place);
    characters += place.characters;
  }
  return pages;
}

/** Where the events are, one more than asked for at most. */
async function findPlaces(options: BackfillOptions): Promise<readonly PlaceRow[]> {
  const { pool, accountId, conversation, afterUs, upToUs, max } = options;
  const { rows } = await pool.query<PlaceRow>({
    name: conversation === null ? "backfill_places" : "backfill_places_of_one",
    // An event is found from the end of its log, back to the first that is older than the cursor; no further than `max`.
    text: `WITH moved AS MATERIALIZED (
        SELECT c.id FROM participation AS p
        CROSS JOIN LATERAL (SELECT id, recorded_at FROM conversation WHERE id = p.conversation_id OFFSET 0) AS c
        WHERE p.account_id = $1 AND c.recorded_at > to_timestamp($2::float8 / 1e6)
          ${conversation === null ? "" : "AND p.conversation_id = $5"}
      )
      SELECT e.conversation_id AS conversation, e.seq, coalesce(length(e.text), 0) AS characters
      FROM moved CROSS JOIN LATERAL (
        SELECT conversation_id, seq, recorded_at, body->>'text' AS text FROM event
        WHERE conversation_id = moved.id AND seq > coalesce((
          SELECT seq FROM (
            SELECT seq, recorded_at FROM event WHERE conversation_id = moved.id ORDER BY seq DESC LIMIT $4
          ) AS newest WHERE recorded_at <= to_timestamp($2::float8 / 1e6) LIMIT 1), 0)
        ORDER BY seq DESC LIMIT $4
      ) AS e
      WHERE (extract(epoch FROM e.recorded_at) * 1e6)::bigint <= $3
      ORDER BY e.recorded_at, e.conversation_id, e.seq LIMIT $4`,
    values: [accountId, afterUs, upToUs, max + 1, ...(conversation === null ? [] : [conversation])],
  });
  return rows;
}

const turnsOf = new WeakMap<pg.Pool, Turns>();

/**
 * One after the other for each account, and then for all: when a process restarts all its streams come back at once, and
 * others need the database too; and one account's many streams hold up another's by one at most.
 */
function inTurn<Result>(pool: pg.Pool, accountId: AccountId, work: () => Promise<Result>): Promise<Result> {
  const turns = turnsOf.get(pool) ?? createTurns();
  turnsOf.set(pool, turns);
  return turns.take(accountId, () => turns.take("all", work));
}
