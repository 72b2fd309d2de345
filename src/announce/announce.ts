// Announcing: what follows a commit and grows with the participants. In the process that committed, batched; what a
// crash leaves behind, the worker's sweeper announces. Announcing twice is harmless.
import { setImmediate, setTimeout } from "node:timers/promises";
import type pg from "pg";
import { saidAt } from "../conversation/said-at.ts";
import type { Logger } from "../observe/logger.ts";
import type { Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Place } from "../store/conversation-store.ts";
import { raiseInInbox } from "../store/inbox-order.ts";
import { announced, unannounced } from "../store/outbox.ts";
import type { EventRow } from "../store/rows.ts";
import { hasText } from "../store/searchable-sources.ts";
import { type Bus, UntoldError } from "./bus.ts";

/** What announcing needs to know of a committed event. */
export interface Announcement extends Place {
  /** Of words, when they were said: what lists go by. */
  readonly timestamp: Timestamp;
  /** The participant who did it; null of the first event. */
  readonly actor: Hash | null;
  /** New words: the conversation comes up in everybody's list. */
  readonly isMessage: boolean;
  /** Something was removed whose body is to be deleted. */
  readonly isErasing: boolean;
  /** It said something that people may search for. */
  readonly hasText: boolean;
  /** Whether people of other platforms, or by mail, take or took part; left out where it is not known. */
  readonly isShared?: boolean | undefined;
  /** Whether other platforms get it from us: we sequenced it, or may lead since then. Left out where that is not known. */
  readonly isOursToTell?: boolean | undefined;
  /** What the request that it came of is called in logs; left out where it is not known, as after a crash. */
  readonly requestId?: string | undefined;
}

/** Whether an event is new words, whether it leaves bodies to delete, and texts to index. */
export function announcementOf(
  conversation: Hash,
  event: Pick<EventRow, "seq" | "action" | "model" | "value" | "actor" | "body"> & { readonly timestamp: Timestamp },
): Announcement {
  const { seq, action, model, value, actor, body } = event;
  const timestamp = saidAt(body, event.timestamp);
  const isMessage = action === "add" && model === "message";
  const isErasing = action === "remove" && (model !== "participant" || value === "ERASE");
  return { conversation, seq, timestamp, actor, isMessage, isErasing, hasText: hasText(action, model) };
}

export interface AnnouncerOptions {
  readonly pool: pg.Pool;
  readonly bus: Bus;
  readonly log: Logger;
  /** Owes events to other platforms and to who takes part by mail, those of them that are to get them. Safe to repeat. */
  owe(announced: readonly Pick<Announcement, "conversation" | "seq" | "isErasing" | "isOursToTell">[]): Promise<void>;
  /**
   * Asks for a job that deletes the erased bodies of these conversations. Asking twice makes one job.
   * @param requestIds of the requests that it comes of, by conversation, as far as they are known
   */
  requestErasure(conversations: readonly Hash[], requestIds: ReadonlyMap<Hash, string>): Promise<void>;
}

export interface Announcer extends AsyncDisposable {
  /** Announces soon; returns at once and never throws. What fails stays in the outbox, for the sweeper. */
  announce(announcements: readonly Announcement[]): void;
  /**
   * Announces what has been waiting in the outbox for longer than `olderThanMs`, at most 500 events, oldest first. Returns
   * how many there were. Rejects where the bus or the database fails; safe to repeat.
   */
  sweep(olderThanMs: number): Promise<number>;
  /** Resolves when everything handed in so far has been announced, or has failed. */
  idle(): Promise<void>;
}

const batchMax = 500;
// One statement's worth: with more, participations are locked for too long.
const raisedMax = 1_000;

/** An announcement on its way, and whether all that came before went well: else the sweeper goes through all of it again. */
type Step = Announcement & { readonly isDone: boolean };

// What is said within this time is published together: with every commit of a busy process, Redis took a tenth of its time.
const publishEveryMs = 10;

// Lists are raised when there is a pause, under load every half second: the more that goes together, the fewer of the
// participants' rows are written several times, and these cost PostgreSQL more than the appends.
const pauseMs = 50;
const raiseEveryMs = 500;

/**
 * Three loops, one handing to the next, so that telling never waits for SQL, nor other platforms for lists: one publishes,
 * one owes events to other platforms and asks for jobs, one orders inboxes, empties the outbox of what went through all of
 * it, and notes what of that is to be indexed. Where one fails, the next goes on.
 */
export function createAnnouncer({ pool, bus, log, owe, requestErasure }: AnnouncerOptions): Announcer {
  const publish = (batch: readonly Announcement[]) =>
    bus.publish(batch.map(({ conversation, seq }) => ({ kind: "event", conversation, seq })));
  const oweAndAsk = async (batch: readonly Announcement[]) => {
    const owed = batch.filter(({ isShared = true }) => isShared);
    if (owed.length > 0) await owe(owed);
    const erasing = batch.filter(({ isErasing }) => isErasing);
    if (erasing.length === 0) return;
    const known = erasing.flatMap(({ conversation, requestId }): [Hash, string][] =>
      requestId === undefined ? [] : [[conversation, requestId]],
    );
    await requestErasure([...new Set(erasing.map(({ conversation }) => conversation))], new Map(known));
  };
  const raise = async (batch: readonly Announcement[]) => {
    const brought = await raiseInInbox(
      pool,
      batch.flatMap(({ isMessage, actor, ...said }) =>
        isMessage && actor !== null ? [{ ...said, author: actor }] : [],
      ),
    );
    // Lost where the bus is down: lists are read anew then.
    if (brought.length > 0) {
      const notes = brought.map((change) => ({ kind: "participation" as const, ...change }));
      await bus.publish(notes).catch((error: unknown) => log.debug({ err: error }, "could not tell of lists"));
    }
  };

  const raising = loop<Step>({ pauseMs, everyMs: raiseEveryMs, batchMax: raisedMax }, log, async (batch) => {
    await raise(batch);
    await announced(
      pool,
      batch.filter(({ isDone }) => isDone),
    );
  });
  const owing = loop<Step>({ pauseMs: 0, everyMs: 0, batchMax }, log, async (batch) => {
    let isDone = false;
    try {
      await oweAndAsk(batch);
      isDone = true;
    } finally {
      raising.add(batch.map((step) => ({ ...step, isDone: isDone && step.isDone })));
    }
  });
  const publishing = loop<Announcement>(
    { pauseMs: publishEveryMs, everyMs: publishEveryMs, batchMax },
    log,
    async (batch) => {
      let isDone = false;
      try {
        await publish(batch);
        isDone = true;
      } finally {
        owing.add(batch.map((announcement) => ({ ...announcement, isDone })));
      }
    },
  );
  const idle = async () => {
    for (const one of [publishing, owing, raising]) await one.idle();
  };
  return {
    announce: publishing.add,
    sweep: async (olderThanMs) => {
      const rows = await unannounced(pool, olderThanMs, batchMax);
      if (rows.length === 0) return 0;
      const left = rows.map((row) =>
        announcementOf(row.conversation_id, { ...row, timestamp: row.timestamp.toISOString() }),
      );
      // By itself, not through the loops: under load these never come to rest.
      await publish(left);
      await oweAndAsk(left);
      await raise(left);
      await announced(pool, left);
      return left.length;
    },
    idle,
    [Symbol.asyncDispose]: idle,
  };
}

interface Pace {
  /** Waits until nothing was added for so long, */
  readonly pauseMs: number;
  /** but not past this time after the last batch began. */
  readonly everyMs: number;
  readonly batchMax: number;
}

/**
 * Runs `work` over what is added, batch after batch, one at a time: at once where the last is long ago, else at this pace. A
 * batch that fails is logged and let go.
 */
function loop<T>({ pauseMs, everyMs, batchMax }: Pace, log: Logger, work: (batch: readonly T[]) => Promise<void>) {
  let waiting: T[] = [];
  let running: Promise<void> | null = null;
  let begunAt = Number.NEGATIVE_INFINITY;
  let addedAt = Number.NEGATIVE_INFINITY;
  const turn = async () => {
    // What is committed in one turn of the event loop goes together.
    await setImmediate();
    while (waiting.length < batchMax) {
      const leftMs = Math.min(addedAt + pauseMs, begunAt + everyMs) - performance.now();
      if (leftMs <= 0) return;
      await setTimeout(leftMs);
    }
  };
  const run = async () => {
    while (waiting.length > 0) {
      await turn();
      begunAt = performance.now();
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      try {
        await work(batch);
      } catch (error) {
        const level = error instanceof UntoldError ? "debug" : "warn";
        log[level]({ err: error, events: batch.length }, "could not announce; the sweeper will");
      }
    }
    running = null;
  };
  return {
    add: (items: readonly T[]): void => {
      if (items.length === 0) return;
      waiting.push(...items);
      addedAt = performance.now();
      running ??= run();
    },
    idle: async (): Promise<void> => {
      while (running !== null) await running;
    },
  };
}
