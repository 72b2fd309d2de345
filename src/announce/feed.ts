// The feed of one API process: hears of events on the bus, reads each once, checks who may see it, and hands it to the
// subscribers here. Within a conversation it hands events on in order and once, whatever the bus lost, doubled or mixed.
import type pg from "pg";
import { everything, horizonOf } from "../conversation/audience.ts";
import type { ParticipantStatus } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Logger } from "../observe/logger.ts";
import type { AccountId, ReceiptMove } from "../store/conversation-store.ts";
import { type RecordedEvent, recordedColumns, recordedEventOf, type RecordedRow } from "../store/recorded-event.ts";
import type { ConversationRow } from "../store/rows.ts";
import type { Bus, Note } from "./bus.ts";

/** What a subscriber is handed. One object for all subscribers, so that work on it can be shared. */
export type FeedItem =
  | {
      readonly kind: "event";
      readonly conversation: Hash;
      readonly event: RecordedEvent;
      /** The conversation when it was handed on, for whoever sees all of it; null where it was not at hand. */
      readonly head: ConversationRow | null;
    }
  | ({ readonly kind: "receipt" } & ReceiptMove);

export interface FeedSubscriber {
  readonly accountId: AccountId;
  /** Only of this conversation; null: of all that the account may see. */
  readonly conversation: Hash | null;
  /**
   * Called for each item that the account may see at this moment.
   * @param horizon up to which seq they see the conversation
   */
  deliver(item: FeedItem, horizon: number): void;
}

export interface Feed extends AsyncDisposable {
  /** From now on the subscriber is handed what happens, until disposed. */
  attach(subscriber: FeedSubscriber): Disposable;
  /** Finds events that the bus lost, and hands them on. Runs every few seconds by itself, and when the bus is back. */
  reconcile(): Promise<void>;
  /** Resolves when everything heard so far has been handed on. */
  idle(): Promise<void>;
}

/**
 * The longest that an append may take from writing its event to its commit: events recorded before then are all visible.
 * The pool's statement timeout is shorter. In microseconds, as cursors are.
 */
export const overlapUs = 15_000_000;

// Conversations whose place is remembered. Of one that was forgotten, only what was recorded later is handed on.
const positionsMax = 200_000;
const batchMax = 500;

export interface FeedOptions {
  readonly pool: pg.Pool;
  readonly bus: Bus;
  readonly log: Logger;
  /** @default 5_000 */
  readonly reconcileEveryMs?: number;
}

/** Opens the feed: it listens until disposed. */
export async function openFeed({ pool, bus, log, reconcileEveryMs = 5_000 }: FeedOptions): Promise<Feed> {
  const subscribers = new Map<AccountId, Set<FeedSubscriber>>();
  const positions = new Map<Hash, { seq: number; recordedUs: number }>();
  let waiting: Note[] = [];
  let running: Promise<void> | null = null;

  const listening = bus.listen((notes) => {
    if (subscribers.size === 0) {
      // Nobody to read it for; but whoever comes next is not to be handed what was before them.
      for (const note of notes) if (note.kind === "event") pass(note.conversation, note.seq);
      return;
    }
    waiting.push(...notes);
    running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(run);
  });
  // After listening, so that nothing falls between.
  let floorUs = (await databaseTimeUs(pool)) - overlapUs;

  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      try {
        await handOn(batch);
      } catch (error) {
        // The positions have not moved, so the reconciler finds what this batch left out.
        log.warn({ err: error, notes: batch.length }, "could not hand on events; will reconcile");
      }
    }
    running = null;
  };

  const handOn = async (notes: readonly Note[]) => {
    const upTo = new Map<Hash, number>();
    const receipts: ReceiptMove[] = [];
    for (const note of notes) {
      if (note.kind === "receipt") receipts.push(note);
      else if (note.seq > Math.max(positions.get(note.conversation)?.seq ?? 0, upTo.get(note.conversation) ?? 0)) {
        upTo.set(note.conversation, note.seq);
      }
    }
    const conversations = new Set([...upTo.keys(), ...receipts.map(({ conversation }) => conversation)]);
    if (conversations.size === 0) return;
    const ranges = [...upTo].map(([conversation, seq]) => ({
      conversation,
      after: positions.get(conversation)?.seq ?? 0,
      upTo: seq,
    }));
    // Who may see them is read after the events were committed, so a removal among them already counts. Side by side:
    // most events on a process have somebody there to see them, and each round trip would be felt.
    const [audiences, events, heads] = await Promise.all([
      readAudiences(pool, [...conversations], subscribers),
      readEvents(pool, ranges, floorUs),
      readHeads(pool, [...upTo.keys()]),
    ]);
    for (const event of events) {
      const { conversation } = event;
      const head = heads.get(conversation) ?? null;
      give(conversation, { kind: "event", conversation, event, head }, audiences, event.seq);
      remember(conversation, event.seq, event.recordedUs);
    }
    for (const [conversation, seq] of upTo) pass(conversation, seq);
    for (const receipt of receipts) give(receipt.conversation, { kind: "receipt", ...receipt }, audiences, everything);
  };

  const give = (conversation: Hash, item: FeedItem, audiences: Audiences, seq: number) => {
    for (const [accountId, horizon] of audiences.get(conversation) ?? []) {
      if (horizon < seq) continue;
      for (const subscriber of subscribers.get(accountId) ?? []) {
        if (subscriber.conversation === null || subscriber.conversation === conversation) subscriber.deliver(item, horizon);
      }
    }
  };

  /** Moves the place on without reading: nobody here was there to see it. */
  const pass = (conversation: Hash, seq: number) => {
    if (seq > (positions.get(conversation)?.seq ?? 0)) remember(conversation, seq, Date.now() * 1000);
  };

  const remember = (conversation: Hash, seq: number, recordedUs: number) => {
    positions.delete(conversation);
    positions.set(conversation, { seq, recordedUs });
    if (positions.size <= positionsMax) return;
    const oldest = positions.entries().next().value;
    if (!oldest) return;
    positions.delete(oldest[0]);
    floorUs = Math.max(floorUs, oldest[1].recordedUs);
  };

  const reconcile = async () => {
    if (subscribers.size === 0) return;
    const { rows } = await pool.query<{ conversation: Hash; seq: number }>({
      name: "feed_reconcile",
      // Twice the overlap: what became visible late, and one round that failed.
      text: `SELECT conversation_id AS conversation, max(seq) AS seq FROM event
        WHERE recorded_at > greatest(to_timestamp($1::float8 / 1e6), clock_timestamp() - make_interval(secs => $2))
        GROUP BY conversation_id`,
      values: [floorUs, (2 * overlapUs) / 1e6],
    });
    const lost = rows.filter(({ conversation, seq }) => seq > (positions.get(conversation)?.seq ?? 0));
    waiting.push(...lost.map((place) => ({ kind: "event" as const, ...place })));
    if (lost.length > 0) running ??= run();
    await idle();
  };

  const idle = async () => {
    while (running) await running;
  };

  const reconcileSafely = () => void reconcile().catch((error) => log.warn({ err: error }, "could not reconcile; will try again"));
  const restored = bus.onRestored(reconcileSafely);
  const timer = setInterval(reconcileSafely, reconcileEveryMs);
  timer.unref();

  return {
    attach: (subscriber) => {
      const own = subscribers.get(subscriber.accountId) ?? new Set();
      subscribers.set(subscriber.accountId, own.add(subscriber));
      return {
        [Symbol.dispose]: () => {
          own.delete(subscriber);
          if (own.size === 0) subscribers.delete(subscriber.accountId);
        },
      };
    },
    reconcile,
    idle,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      listening[Symbol.dispose]();
      restored[Symbol.dispose]();
      waiting = [];
      await idle();
    },
  };
}

/** By conversation: the accounts that are subscribed here, with the seq up to which each may see. */
type Audiences = ReadonlyMap<Hash, ReadonlyMap<AccountId, number>>;

async function readAudiences(
  pool: pg.Pool,
  conversations: readonly Hash[],
  subscribers: ReadonlyMap<AccountId, unknown>,
): Promise<Audiences> {
  const { rows } = await pool.query<{
    conversation_id: Hash;
    account_id: AccountId;
    status: ParticipantStatus;
    removed_seq: number | null;
  }>({
    name: "feed_audiences",
    text: `SELECT conversation_id, account_id, status, removed_seq FROM participant
      WHERE conversation_id = ANY($1::text[]) AND account_id IS NOT NULL`,
    values: [conversations],
  });
  const audiences = new Map<Hash, Map<AccountId, number>>();
  for (const row of rows) {
    if (!subscribers.has(row.account_id)) continue;
    const audience = audiences.get(row.conversation_id) ?? new Map<AccountId, number>();
    audiences.set(row.conversation_id, audience);
    const horizon = horizonOf([{ status: row.status, removedSeq: row.removed_seq }]);
    audience.set(row.account_id, Math.max(horizon, audience.get(row.account_id) ?? 0));
  }
  return audiences;
}

async function readEvents(
  pool: pg.Pool,
  ranges: readonly { readonly conversation: Hash; readonly after: number; readonly upTo: number }[],
  floorUs: number,
): Promise<readonly RecordedEvent[]> {
  if (ranges.length === 0) return [];
  const { rows } = await pool.query<RecordedRow>({
    name: "feed_events",
    text: `SELECT ${recordedColumns("e")} FROM unnest($1::text[], $2::int[], $3::int[]) AS k(conversation_id, after, up_to)
      CROSS JOIN LATERAL (
        SELECT * FROM event WHERE conversation_id = k.conversation_id AND seq > k.after AND seq <= k.up_to
          AND recorded_at > to_timestamp($4::float8 / 1e6)
        ORDER BY seq OFFSET 0
      ) AS e ORDER BY e.conversation_id, e.seq`,
    values: [
      ranges.map(({ conversation }) => conversation),
      ranges.map(({ after }) => after),
      ranges.map(({ upTo }) => upTo),
      floorUs,
    ],
  });
  return rows.map(recordedEventOf);
}

async function readHeads(pool: pg.Pool, conversations: readonly Hash[]): Promise<ReadonlyMap<Hash, ConversationRow>> {
  if (conversations.length === 0) return new Map();
  const { rows } = await pool.query<ConversationRow>({
    name: "feed_heads",
    text: "SELECT * FROM conversation WHERE id = ANY($1::text[])",
    values: [conversations],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** The database's clock, in microseconds since 1970. */
export async function databaseTimeUs(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ now: number }>("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint AS now");
  return rows[0]?.now ?? 0;
}
