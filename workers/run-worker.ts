// A worker process: runs jobs, and sweeps up what a crash left: events that are not announced, jobs that are held.
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { Logger as GraphileLogger, run, type Task, type WorkerEvents } from "graphile-worker";
import type pg from "pg";
import { z } from "zod";
import type { Announcer } from "../src/announce/announce.ts";
import { UntoldError } from "../src/announce/bus.ts";
import type { Logger } from "../src/observe/logger.ts";
import type { Metrics } from "../src/observe/metrics.ts";
import type { Tracing } from "../src/observe/tracing.ts";
import { giveBackLostJobs, sayWorkerIsThere } from "./lost-workers.ts";
import type { DefinedTask } from "./task.ts";

export interface WorkerOptions {
  readonly pool: pg.Pool;
  readonly announcer: Announcer;
  readonly tasks: readonly DefinedTask[];
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** @default 1_000 */
  readonly sweepEveryMs?: number;
}

const ofRequest = z.object({ requestId: z.string().optional() });

/** What the process that committed has had time for: younger rows are still its own to announce. */
const unannouncedMs = 2_000;

/** Works until disposed; then finishes the jobs that it has begun. */
export async function runWorker({
  pool,
  announcer,
  tasks,
  log,
  metrics,
  tracing,
  sweepEveryMs = 1_000,
}: WorkerOptions): Promise<AsyncDisposable> {
  const events: WorkerEvents = new EventEmitter();
  events.on("pool:listen:success", ({ workerPool, client }) => {
    const failed = (error: unknown) => log.warn({ err: error }, "could not say that this worker is there");
    // Once it has begun to listen: a client does one thing at a time.
    client.once("drain", () => void sayWorkerIsThere(client, workerPool.id).catch(failed));
  });
  const runner = await run({
    pgPool: pool,
    events,
    taskList: Object.fromEntries(tasks.map((task) => [task.identifier, observed(task, log, metrics, tracing)])),
    crontabFile: fileURLToPath(new URL("./crontab", import.meta.url)),
    // Most jobs wait for other platforms: those that do not answer must not keep the others waiting.
    concurrency: 24,
    noHandleSignals: true,
    logger: new GraphileLogger(() => (level, message, meta) => {
      // How a job went is said below, with the request that it came of; here it would come with its payload.
      if (meta?.["success"] === true || meta?.["failure"] === true) return;
      // Few of them are at the database at a time.
      if (message.includes("smaller than concurrency")) return;
      const { job: _job, error: err, ...rest } = meta ?? {};
      log[level === "warning" ? "warn" : level]({ ...(err !== undefined && { err }), meta: rest }, message);
    }),
  });
  let sweeping: Promise<void> | null = null;
  const sweep = async () => {
    try {
      await giveBackLostJobs(pool);
      const count = await announcer.sweep(unannouncedMs);
      if (count > 0) log.info({ events: count }, "announced what had been left");
    } catch (error) {
      log[error instanceof UntoldError ? "debug" : "warn"]({ err: error }, "could not sweep; will try again");
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

/** Runs the task, says how it went, and logs it under the request that the job came of. */
function observed({ identifier, run: work }: DefinedTask, log: Logger, metrics: Metrics, tracing: Tracing): Task {
  const done = metrics.task(identifier);
  return async (payload, helpers) => {
    const { id: job, attempts, max_attempts: attemptsMax } = helpers.job;
    const startedAt = performance.now();
    const { data } = ofRequest.safeParse(payload);
    const fields = { task: identifier, job, attempts, attemptsMax, ...data };
    const attributes = {
      ...{ "parley.job": job, "parley.attempts": attempts },
      ...(data?.requestId !== undefined && { "parley.request_id": data.requestId }),
    };
    try {
      await tracing.trace({ kind: "job", name: `job ${identifier}`, attributes }, async () => work(payload, helpers));
      done("ok", (performance.now() - startedAt) / 1_000);
      log.info(fields, "a job is done");
    } catch (error) {
      done("failed", (performance.now() - startedAt) / 1_000);
      // The attempt is counted before the run: this may have been the last.
      if (attempts < attemptsMax) log.warn({ err: error, ...fields }, "a job failed; will try again");
      else log.error({ err: error, ...fields }, "a job failed for good");
      throw error;
    }
  };
}
