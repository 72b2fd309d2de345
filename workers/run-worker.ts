// A worker process: runs jobs, and sweeps up what a crash left unannounced.
import { Logger as GraphileLogger, run } from "graphile-worker";
import type pg from "pg";
import type { Announcer } from "../src/announce/announce.ts";
import type { Logger } from "../src/observe/logger.ts";
import type { DefinedTask } from "./task.ts";

export interface WorkerOptions {
  readonly pool: pg.Pool;
  readonly announcer: Announcer;
  readonly tasks: readonly DefinedTask[];
  readonly log: Logger;
  /** @default 1_000 */
  readonly sweepEveryMs?: number;
}

/** What the process that committed has had time for: younger rows are still its own to announce. */
const unannouncedMs = 2_000;

/** Works until disposed; then finishes the jobs that it has begun. */
export async function runWorker({
  pool,
  announcer,
  tasks,
  log,
  sweepEveryMs = 1_000,
}: WorkerOptions): Promise<AsyncDisposable> {
  const runner = await run({
    pgPool: pool,
    taskList: Object.fromEntries(tasks.map((task) => [task.identifier, task.run])),
    parsedCronItems: [],
    concurrency: 4,
    noHandleSignals: true,
    logger: new GraphileLogger(
      () => (level, message, meta) => log[level === "warning" ? "warn" : level]({ meta }, message),
    ),
  });
  let sweeping: Promise<void> | null = null;
  const sweep = async () => {
    try {
      const count = await announcer.sweep(unannouncedMs);
      if (count > 0) log.info({ events: count }, "announced what had been left");
    } catch (error) {
      log.warn({ err: error }, "could not sweep; will try again");
    }
    sweeping = null;
  };
  const timer = setInterval(() => {
    sweeping ??= sweep();
  }, sweepEveryMs);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await sweeping;
      await runner.stop();
    },
  };
}
