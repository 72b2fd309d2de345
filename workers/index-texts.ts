// The loop that makes texts searchable some time after they are announced: at once where there is nothing else to do, in a
// small share of the time while events are being appended.
import { setImmediate, setTimeout } from "node:timers/promises";
import type pg from "pg";
import type { Logger } from "../src/observe/logger.ts";
import { type IndexedBatch, indexBatch } from "../src/store/unindexed.ts";

/** How soon new texts are found, where nothing else goes on. */
const lookEveryMs = 300;

/** While events are appended it rests so many times as long as the last batch took. */
const restFactor = 6;

/** Being further behind, it does not rest. */
const behindMaxSeconds = 30;

/** How long to rest, in milliseconds, after a batch that took so long. */
export function restAfter({ events, behindSeconds, isBusy }: IndexedBatch, tookMs: number): number {
  if (events === 0) return lookEveryMs;
  return isBusy && behindSeconds < behindMaxSeconds ? restFactor * tookMs : 0;
}

/** After a fault. */
const againAfterMs = 1_000;

export interface IndexingOptions {
  readonly pool: pg.Pool;
  readonly log: Logger;
}

/** Indexes until disposed; then finishes the batch that it has begun. */
export function indexTextsBeside({ pool, log }: IndexingOptions): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = (ms: number): Promise<unknown> =>
    // Aborted, the loop ends by itself.
    ms > 0 ? setTimeout(ms, undefined, { signal }).catch(() => {}) : setImmediate();
  const indexing = (async () => {
    while (!signal.aborted) {
      const begunAt = performance.now();
      try {
        const batch = await indexBatch(pool, { log });
        await rest(restAfter(batch, performance.now() - begunAt));
      } catch (error) {
        log.warn({ err: error }, "could not make texts searchable; will try again");
        await rest(againAfterMs);
      }
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await indexing;
    },
  };
}
