// The live stream of one subscriber, in three phases:
//
// 1. Backfill: what was recorded from their cursor until now, from the database, in pages.
// 2. Cut-over: what the feed hands on meanwhile waits in a buffer; what the backfill gave already is dropped from it.
// 3. Live: the buffer, as it fills.
//
// It gives each event once, in order within its conversation, or says that there is a gap; never a silent hole.
import type pg from "pg";
import { horizonOf } from "../conversation/audience.ts";
import type { ParticipantStatus } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId } from "../store/conversation-store.ts";
import { type RecordedRow, recordedColumns, recordedEventOf } from "../store/recorded-event.ts";
import { databaseTimeUs, type Feed, type FeedItem, overlapUs } from "./feed.ts";

/** `horizon`: up to which seq the subscriber sees the conversation, as it was when the item was handed on. */
export type LiveItem =
  | { readonly item: FeedItem; readonly horizon: number }
  /** Events after this cursor may be missing: read what you show anew, and go on. */
  | { readonly item: { readonly kind: "gap"; readonly afterUs: number }; readonly horizon: number };

export interface LiveOptions {
  readonly feed: Feed;
  readonly pool: pg.Pool;
  readonly accountId: AccountId;
  /** Only this conversation; null: all. */
  readonly conversation: Hash | null;
  /** A cursor, in the database's microseconds; null: from now on. What was recorded shortly before comes again. */
  readonly afterUs: number | null;
  /** Events that the backfill gives at most; behind more than that, reading anew is quicker. @default 10_000 */
  readonly backfillMax?: number;
  /** Items that wait for a slow subscriber. One more, and they are told of a gap instead. @default 1_000 */
  readonly bufferMax?: number;
}

const pageSize = 500;
/** How old a cursor may be. */
const backfillAgeUs = 24 * 3600 * 1_000_000;

/** Subscribes: from here on nothing is missed. Ends when returned (`return()`), which lets go of the feed. */
export function liveStream(options: LiveOptions): AsyncIterableIterator<LiveItem, undefined> {
  const { feed, pool, accountId, conversation, afterUs, backfillMax = 10_000, bufferMax = 1_000 } = options;
  let buffer: LiveItem[] = [];
  let wake: (() => void) | null = null;
  let isOver = false;
  let lastUs = afterUs ?? feed.clockUs();
  /** Up to where the backfill gave each conversation. */
  const given = new Map<Hash, number>();
  let backfill = afterUs === null ? null : readBackfill({ pool, accountId, conversation, afterUs, backfillMax });

  const attached = feed.attach({
    accountId,
    conversation,
    deliver: (item, horizon) => {
      // Of an event recorded long ago that was found only now, the backfill or an earlier read has told.
      if (item.kind === "event" && item.event.seq <= (given.get(item.conversation) ?? 0)) return;
      if (buffer.length >= bufferMax) buffer = [{ item: { kind: "gap", afterUs: lastUs }, horizon: 0 }];
      else buffer.push({ item, horizon });
      wake?.();
    },
  });

  const next = async (): Promise<IteratorResult<LiveItem, undefined>> => {
    while (!isOver) {
      if (backfill) {
        const step = await backfill.next();
        if (isOver) break;
        if (!step.done) {
          const { item } = step.value;
          if (item.kind === "event") given.set(item.conversation, item.event.seq);
          return told(step.value);
        }
        backfill = null;
        buffer = buffer.filter(
          ({ item }) => item.kind !== "event" || item.event.seq > (given.get(item.conversation) ?? 0),
        );
      }
      const first = buffer.shift();
      if (first) return told(first);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = null;
    }
    return { done: true, value: undefined };
  };

  const told = (value: LiveItem): IteratorResult<LiveItem, undefined> => {
    if (value.item.kind === "event") lastUs = Math.max(lastUs, value.item.event.recordedUs);
    return { done: false, value };
  };

  return {
    next,
    return: async () => {
      isOver = true;
      attached[Symbol.dispose]();
      buffer = [];
      wake?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

type BackfillRow = RecordedRow & {
  readonly taken: readonly { status: ParticipantStatus; removed_seq: number | null }[];
};

interface BackfillOptions extends Omit<LiveOptions, "feed" | "bufferMax"> {
  readonly afterUs: number;
  readonly backfillMax: number;
}

async function* readBackfill(options: BackfillOptions): AsyncGenerator<LiveItem, undefined> {
  const { pool, accountId, conversation, afterUs, backfillMax } = options;
  // Only up to here: what is recorded later is committed later, and so comes from the feed. Reading on, a page could pass
  // over an event that is not visible yet and the next one give those after it: a hole, for what is below is dropped.
  const nowUs = await databaseTimeUs(pool);
  const gap: LiveItem = { item: { kind: "gap", afterUs }, horizon: 0 };
  if (afterUs < nowUs - backfillAgeUs || afterUs > nowUs + overlapUs) {
    yield gap;
    return;
  }
  let from = { recordedUs: Math.max(0, afterUs - overlapUs), conversation: "", seq: 0 };
  let count = 0;
  for (;;) {
    const { rows } = await pool.query<BackfillRow>({
      name: conversation === null ? "live_backfill" : "live_backfill_one",
      // Times first: since a cursor there are few events on the platform, and of those few are the account's.
      text: `SELECT ${recordedColumns("e")}, m.taken FROM event AS e
        CROSS JOIN LATERAL (
          SELECT json_agg(json_build_object('status', status, 'removed_seq', removed_seq)) AS taken
          FROM participant WHERE conversation_id = e.conversation_id AND account_id = $1
        ) AS m
        -- Ten microseconds early, for a double is that exact; the row comparison decides.
        WHERE e.recorded_at >= to_timestamp(($2::float8 - 10) / 1e6) AND m.taken IS NOT NULL
          AND ((extract(epoch FROM e.recorded_at) * 1e6)::bigint, e.conversation_id, e.seq) > ($2::bigint, $3::text, $4::int)
          AND (extract(epoch FROM e.recorded_at) * 1e6)::bigint <= $6
          ${conversation === null ? "" : "AND e.conversation_id = $7"}
        ORDER BY recorded_us, e.conversation_id, e.seq LIMIT $5`,
      values: [
        ...[accountId, from.recordedUs, from.conversation, from.seq, pageSize, nowUs],
        ...(conversation === null ? [] : [conversation]),
      ],
    });
    for (const row of rows) {
      const horizon = horizonOf(row.taken.map(({ status, removed_seq }) => ({ status, removedSeq: removed_seq })));
      if (row.seq > horizon) continue;
      if (++count > backfillMax) {
        yield gap;
        return;
      }
      const event = recordedEventOf(row);
      yield {
        item: { kind: "event", conversation: event.conversation, event, readAtMs: Date.now(), head: null },
        horizon,
      };
    }
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    from = { recordedUs: last.recorded_us, conversation: last.conversation_id, seq: last.seq };
  }
}
