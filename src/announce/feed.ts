// The feed of one API process: hears of events on the bus, reads each once, checks who may see it, and hands it to the
// subscribers here. Within a conversation it hands events on in order and once, whatever the bus lost, doubled or mixed.
import type pg from "pg";
import { everything } from "../conversation/audience.ts";
import type { Logger } from "../observe/logger.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId, ReceiptMove } from "../store/conversation-store.ts";
import type { ParticipationChange } from "../store/participation.ts";
import type { PendingProposal } from "../store/peer-store.ts";
import { readPendingById } from "../store/pending-proposals.ts";
import { type ActedRow, actedColumns } from "../store/read/acted-event.ts";
import type { HeadRow } from "../store/read/conversations.ts";
import type { ShownParticipantRow } from "../store/read/participants.ts";
import { type RecordedEvent, recordedEventOf } from "../store/recorded-event.ts";
import { createReadHorizon, type Gathering, type ReadHorizon, readGatherings } from "./audience.ts";
import type { Bus, Note } from "./bus.ts";

/** What a subscriber is handed. One object for all subscribers, so that work on it can be shared. */
export type FeedItem =
  | {
      readonly kind: "event";
      readonly conversation: Hash;
      readonly event: RecordedEvent;
      /** When it was read: for a slow subscriber, words may have been erased since (`freshForMs`). */
      readonly readAtMs: number;
      /** The conversation as it was then, for whoever sees all of it. */
      readonly head: HeadRow;
      /** Who did it, as they were then. */
      readonly actor: ShownParticipantRow | null;
      /** The account that it adds anew: what happened while they were gone, which they may see now, was not handed to them. */
      readonly addsAnew: AccountId | null;
    }
  | ({ readonly kind: "receipt" } & ReceiptMove)
  /** For this account alone. */
  | ({ readonly kind: "participation" } & ParticipationChange)
  /** For whoever said it alone. */
  | { readonly kind: "pending"; readonly conversation: Hash; readonly pending: PendingProposal };

/** How long after an event was read, its words and its conversation's may be sent as they were. */
export const freshForMs = 1_000;

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
  /** The database's clock at the last look, in microseconds: a few seconds ago at most, while it is within reach. */
  clockUs(): number;
  /** For what is read when an item is already on its way: whoever was removed meanwhile must not see it. */
  readonly horizon: ReadHorizon;
  /** Finds events that the bus lost, and hands them on. Runs every few seconds by itself, and when the bus is back. */
  reconcile(): Promise<void>;
  /** Resolves when everything heard so far has been handed on. */
  idle(): Promise<void>;
}

/**
 * Longer than an append takes from recording its event, which it does once it holds all locks, to its commit: what was
 * recorded before then is visible. In microseconds, as cursors are.
 */
export const overlapUs = 20_000_000;

const batchMax = 500;

export interface FeedOptions {
  readonly pool: pg.Pool;
  readonly bus: Bus;
  readonly log: Logger;
  /** @default 5_000 */
  readonly reconcileEveryMs?: number;
  /** Conversations whose place is remembered. Of one that was forgotten, only what was recorded later is handed on. @default 200_000 */
  readonly positionsMax?: number;
}

/** Opens the feed: it listens until disposed. */
export async function openFeed(options: FeedOptions): Promise<Feed> {
  const { pool, bus, log, reconcileEveryMs = 5_000, positionsMax = 200_000 } = options;
  const subscribers = new Map<AccountId, Set<FeedSubscriber>>();
  const positions = new Map<Hash, { seq: number; recordedUs: number }>();
  let waiting: Note[] = [];
  let running: Promise<void> | null = null;
  let isOpen = true;
  let failures = 0;
  /** All that was recorded up to then, less the overlap, has been handed on. */
  let reconciledUs = 0;
  /** What was recorded up to then is not handed on any more. */
  let floorUs = 0;

  const listening = bus.listen((notes) => {
    if (subscribers.size === 0) {
      for (const note of notes) if (note.kind === "event") pass(note.conversation, note.seq);
      return;
    }
    waiting.push(...notes);
    running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(run);
  });

  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      try {
        await handOn(batch);
      } catch (error) {
        // The positions have not moved, so the reconciler finds what this batch left out.
        failures++;
        log.warn({ err: error, notes: batch.length }, "could not hand on events; will reconcile");
      }
    }
    running = null;
  };

  const handOn = async (notes: readonly Note[]) => {
    const upTo = new Map<Hash, number>();
    const receipts: ReceiptMove[] = [];
    const participations: ParticipationChange[] = [];
    const pendings: Hash[] = [];
    for (const note of notes) {
      if (note.kind === "receipt") receipts.push(note);
      else if (note.kind === "participation") {
        if (subscribers.has(note.accountId)) participations.push(note);
      } else if (note.kind === "pending") {
        if (subscribers.has(note.accountId)) pendings.push(note.id);
      } else if (note.seq > Math.max(placeOf(note.conversation), upTo.get(note.conversation) ?? 0)) {
        upTo.set(note.conversation, note.seq);
      }
    }
    // Of those that are in the log by now, the events tell.
    const waitings = await readPendingById(pool, pendings);
    const besides = [...receipts, ...participations, ...waitings].map(({ conversation }) => conversation);
    const conversations = new Set([...upTo.keys(), ...besides]);
    if (conversations.size === 0) return;
    const ranges = [...upTo].map(([conversation, seq]) => ({ conversation, after: placeOf(conversation), upTo: seq }));
    // Who may see them is read after the events were committed, so a removal among them already counts. Side by side:
    // most events on a process have somebody there to see them, and each round trip would be felt.
    const [gatherings, events] = await Promise.all([
      readGatherings(pool, [...conversations]),
      readEvents(pool, ranges, floorUs),
    ]);
    for (const { event, actor } of events) {
      const { conversation } = event;
      const gathering = gatherings.get(conversation);
      if (gathering) {
        const addsAnew = gathering.addedAnew.get(event.id) ?? null;
        const { head } = gathering;
        give(gathering, { kind: "event", conversation, event, readAtMs: Date.now(), head, actor, addsAnew }, event.seq);
      }
      remember(conversation, event.seq, event.recordedUs);
    }
    for (const receipt of receipts) {
      const gathering = gatherings.get(receipt.conversation);
      if (gathering) give(gathering, { kind: "receipt", ...receipt }, everything);
    }
    for (const change of participations) {
      const horizon = gatherings.get(change.conversation)?.audience.get(change.accountId) ?? 0;
      // Also to whoever was removed: what they have of it is still theirs.
      if (horizon > 0) giveTo(change.accountId, { kind: "participation", ...change }, horizon);
    }
    for (const pending of waitings) tellWaiting(pending, gatherings.get(pending.conversation));
  };

  const tellWaiting = (pending: PendingProposal, gathering: Gathering | undefined) => {
    const { conversation, accountId } = pending;
    const horizon = gathering?.audience.get(accountId) ?? 0;
    if (horizon > 0) giveTo(accountId, { kind: "pending", conversation, pending }, horizon);
  };

  const give = ({ audience }: Gathering, item: FeedItem, seq: number) => {
    for (const [accountId, horizon] of audience) {
      if (horizon >= seq) giveTo(accountId, item, horizon);
    }
  };

  const giveTo = (accountId: AccountId, item: FeedItem, horizon: number) => {
    for (const subscriber of subscribers.get(accountId) ?? []) {
      if (subscriber.conversation === null || subscriber.conversation === item.conversation) {
        subscriber.deliver(item, horizon);
      }
    }
  };

  /** Up to where the conversation was handed on. */
  const placeOf = (conversation: Hash): number => positions.get(conversation)?.seq ?? 0;

  /** Moves the place on without reading: nobody here was there to see it, and whoever comes is not to be handed it. */
  const pass = (conversation: Hash, seq: number) => {
    // When it was recorded is not known here: not long before the last look at the database's clock, or after it.
    if (seq > placeOf(conversation)) remember(conversation, seq, reconciledUs);
  };

  const remember = (conversation: Hash, seq: number, recordedUs: number) => {
    const place = Math.max(seq, placeOf(conversation));
    positions.delete(conversation);
    positions.set(conversation, { seq: place, recordedUs });
    if (positions.size <= positionsMax) return;
    const oldest = positions.entries().next().value;
    if (!oldest) return;
    positions.delete(oldest[0]);
    // Never above what the reconciler still looks for: better twice than not at all.
    floorUs = Math.max(floorUs, Math.min(oldest[1].recordedUs, reconciledUs - overlapUs));
  };

  const reconcileOnce = async () => {
    const startedUs = await databaseTimeUs(pool);
    const failuresBefore = failures;
    const { rows } = await pool.query<{ conversation: Hash; seq: number }>({
      name: "feed_reconcile",
      // Since the last time that it went well, however long ago: the database may have been out of reach.
      text: `SELECT conversation_id AS conversation, max(seq) AS seq FROM event
        WHERE recorded_at > to_timestamp($1::float8 / 1e6) GROUP BY conversation_id`,
      values: [Math.max(floorUs, reconciledUs - overlapUs)],
    });
    if (!isOpen) return;
    if (subscribers.size === 0) for (const { conversation, seq } of rows) pass(conversation, seq);
    const lost = rows.filter(({ conversation, seq }) => seq > placeOf(conversation));
    waiting.push(...lost.map((place) => ({ kind: "event" as const, ...place })));
    if (lost.length > 0) running ??= run();
    await idle();
    if (failures === failuresBefore) reconciledUs = startedUs;
  };

  const idle = async () => {
    while (running !== null) await running;
  };

  // After listening, so that nothing falls between. Passes what is there: nobody has subscribed yet.
  reconciledUs = await databaseTimeUs(pool);
  floorUs = reconciledUs - overlapUs;
  await reconcileOnce();

  let reconciling: Promise<void> = Promise.resolve();
  // One after the other: one that was asked for when the bus came back has to begin after that.
  const reconcile = (): Promise<void> => {
    reconciling = reconciling.catch(() => {}).then(reconcileOnce);
    return reconciling;
  };
  const reconcileSafely = () =>
    reconcile().catch((error: unknown) => log.warn({ err: error }, "could not reconcile; will try again"));
  const restored = bus.onRestored(() => void reconcileSafely());
  let timer: NodeJS.Timeout;
  const reconcileLater = () => {
    timer = setTimeout(() => void reconcileSafely().then(() => isOpen && reconcileLater()), reconcileEveryMs);
    timer.unref();
  };
  reconcileLater();

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
    clockUs: () => reconciledUs,
    horizon: createReadHorizon(pool),
    reconcile,
    idle,
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
      clearTimeout(timer);
      listening[Symbol.dispose]();
      restored[Symbol.dispose]();
      waiting = [];
      await reconciling.catch(() => {});
      await idle();
    },
  };
}

async function readEvents(
  pool: pg.Pool,
  ranges: readonly { readonly conversation: Hash; readonly after: number; readonly upTo: number }[],
  floorUs: number,
): Promise<readonly { readonly event: RecordedEvent; readonly actor: ShownParticipantRow | null }[]> {
  if (ranges.length === 0) return [];
  const { rows } = await pool.query<ActedRow>({
    name: "feed_events",
    text: `SELECT ${actedColumns("e")} FROM unnest($1::text[], $2::int[], $3::int[]) AS k(conversation_id, after, up_to)
      CROSS JOIN LATERAL (
        -- Where the place is not known, back to the last event before the floor: found from the end, not by reading the log.
        SELECT * FROM event WHERE conversation_id = k.conversation_id AND seq <= k.up_to AND seq > greatest(k.after, coalesce((
          SELECT seq FROM event WHERE conversation_id = k.conversation_id AND seq > k.after AND seq <= k.up_to
            AND recorded_at <= to_timestamp($4::float8 / 1e6)
          ORDER BY seq DESC LIMIT 1), 0))
        ORDER BY seq OFFSET 0
      ) AS e ORDER BY e.conversation_id, e.seq`,
    values: [
      ranges.map(({ conversation }) => conversation),
      ranges.map(({ after }) => after),
      ranges.map(({ upTo }) => upTo),
      floorUs,
    ],
  });
  return rows.map((row) => ({ event: recordedEventOf(row), actor: row.actor_row }));
}

/** The database's clock, in microseconds since 1970. */
export async function databaseTimeUs(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ now: number }>({
    name: "database_time",
    text: "SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint AS now",
  });
  return rows[0]?.now ?? 0;
}
