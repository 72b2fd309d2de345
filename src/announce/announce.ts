// Announcing: what follows a commit and grows with the participants. In the process that committed, batched; what a
// crash leaves behind, the worker's sweeper announces. Announcing twice is harmless.
import type pg from "pg";
import type { Logger } from "../observe/logger.ts";
import type { Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Place } from "../store/conversation-store.ts";
import { announced, unannounced } from "../store/outbox.ts";
import type { EventRow } from "../store/rows.ts";
import type { Bus } from "./bus.ts";
import { raiseInInbox } from "./inbox-order.ts";

/** What announcing needs to know of a committed event. */
export interface Announcement extends Place {
  readonly timestamp: Timestamp;
  /** New words: the conversation comes up in everybody's list. */
  readonly isMessage: boolean;
  /** Something was removed whose body is to be deleted. */
  readonly isErasing: boolean;
}

/** Whether an event is new words, and whether it leaves bodies to delete. */
export function announcementOf(
  conversation: Hash,
  event: Pick<EventRow, "seq" | "action" | "model" | "value"> & { readonly timestamp: Timestamp },
): Announcement {
  const { seq, timestamp, action, model, value } = event;
  const isMessage = action === "add" && model === "message";
  const isErasing = action === "remove" && (model !== "participant" || value === "ERASE");
  return { conversation, seq, timestamp, isMessage, isErasing };
}

export interface AnnouncerOptions {
  readonly pool: pg.Pool;
  readonly bus: Bus;
  readonly log: Logger;
  /** Asks for a job that deletes the erased bodies of these conversations. Asking twice makes one job. */
  requestErasure(conversations: readonly Hash[]): Promise<void>;
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

// One statement's worth of rows: larger ones lock participations for too long.
const batchMax = 500;

// Under load the lists are raised this often, many conversations at a time. Batch upon batch without a pause, each was of
// five to nine events and cost PostgreSQL as much again as the appends.
const settleEveryMs = 50;

/**
 * Two loops, so that telling never waits for SQL: one publishes, the other orders inboxes, asks for jobs and empties the
 * outbox of what has been published. Where the bus is down, lists and jobs do not wait for it.
 */
export function createAnnouncer({ pool, bus, log, requestErasure }: AnnouncerOptions): Announcer {
  const publish = (batch: readonly Announcement[]) =>
    bus.publish(batch.map(({ conversation, seq }) => ({ kind: "event", conversation, seq })));
  const settle = async (batch: readonly Announcement[]) => {
    const erasing = new Set(batch.filter(({ isErasing }) => isErasing).map(({ conversation }) => conversation));
    if (erasing.size > 0) await requestErasure([...erasing]);
    await raiseInInbox(
      pool,
      batch.filter(({ isMessage }) => isMessage),
    );
  };

  const settling = loop<Announcement & { readonly isPublished: boolean }>(settleEveryMs, log, async (batch) => {
    await settle(batch);
    await announced(
      pool,
      batch.filter(({ isPublished }) => isPublished),
    );
  });
  const publishing = loop<Announcement>(0, log, async (batch) => {
    let isPublished = false;
    try {
      await publish(batch);
      isPublished = true;
    } finally {
      settling.add(batch.map((announcement) => ({ ...announcement, isPublished })));
    }
  });
  const idle = async () => {
    await publishing.idle();
    await settling.idle();
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
      await settle(left);
      await announced(pool, left);
      return left.length;
    },
    idle,
    [Symbol.asyncDispose]: idle,
  };
}

/**
 * Runs `work` over what is added, batch after batch, one at a time and none sooner than `everyMs` after the last began. A
 * batch that fails is logged and let go.
 */
function loop<T>(everyMs: number, log: Logger, work: (batch: readonly T[]) => Promise<void>) {
  let waiting: T[] = [];
  let running: Promise<void> | null = null;
  let begunAt = Number.NEGATIVE_INFINITY;
  // What is committed in one turn of the event loop is announced together.
  const turn = () =>
    new Promise<void>((resolve) => {
      const leftMs = begunAt + everyMs - performance.now();
      if (leftMs > 0) setTimeout(resolve, leftMs);
      else setImmediate(resolve);
    });
  const run = async () => {
    while (waiting.length > 0) {
      await turn();
      begunAt = performance.now();
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      try {
        await work(batch);
      } catch (error) {
        log.warn({ err: error, events: batch.length }, "could not announce; the sweeper will");
      }
    }
    running = null;
  };
  return {
    add: (items: readonly T[]): void => {
      if (items.length === 0) return;
      waiting.push(...items);
      running ??= run();
    },
    idle: async (): Promise<void> => {
      while (running !== null) await running;
    },
  };
}
