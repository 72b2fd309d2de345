// What is measured of this process, for Prometheus. Every label has few values and is ours: nothing that a client says.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type Transport = "http" | "sse" | "websocket";

/** `refused`: the client's doing, as a document that is not valid. `failed`: ours. A rejection is `ok`: it is data. */
export type Outcome = "ok" | "refused" | "failed";

/** What the parts are handed: they say what happened, and know nothing of who counts. */
export interface Metrics {
  /** @param operation the root field, or one of a few words; never what the client calls it. Keep what it gives. */
  operation(transport: Transport, operation: string): (outcome: Outcome, seconds: number) => void;
  /** A stream began (1) or ended (-1). */
  stream(transport: Transport, change: 1 | -1): void;
  /** An event has been sent to a subscriber. @param seconds since it was recorded */
  sent(seconds: number): void;
  socket(change: 1 | -1): void;
  /** A batch of appends came back. @param again how many of it have to be tried again */
  batch(requests: number, again: number): void;
  task(task: string): (outcome: "ok" | "failed", seconds: number) => void;
}

/** Counts nothing: for a process whose metrics nobody asks for, and for tests. */
export const noMetrics: Metrics = {
  operation: () => () => {},
  stream: () => {},
  sent: () => {},
  socket: () => {},
  batch: () => {},
  task: () => () => {},
};

/** What is looked at when it is asked for. */
export interface Readings {
  pool(): { readonly total: number; readonly idle: number; readonly waiting: number };
  isBusReady(): boolean;
  /** Events that are not announced yet; of more than a few thousand, that number. The age is of the oldest, in seconds. */
  outbox(): Promise<{ readonly size: number; readonly ageSeconds: number }>;
  /** Announced events whose texts are not searchable yet, counted likewise; the age is since the oldest was recorded. */
  unindexed(): Promise<{ readonly size: number; readonly ageSeconds: number }>;
  /** Jobs by their state, counted likewise. */
  jobs(): Promise<{ readonly waiting: number; readonly failed: number }>;
}

export interface CollectedMetrics extends Metrics {
  /** As Prometheus reads it. Never rejects for a database that is out of reach, and waits for it two seconds at most. */
  text(): Promise<string>;
  readonly contentType: string;
}

const readWithinMs = 2_000;
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Counts in a registry of its own. */
export function createMetrics(readings: Readings): CollectedMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });

  const operations = new Histogram({
    name: "parley_operation_seconds",
    help: "GraphQL operations by root field; of a subscription, its beginning.",
    labelNames: ["operation", "transport", "outcome"] as const,
    buckets: secondsBuckets,
    registers,
  });
  const streams = new Gauge({
    name: "parley_streams",
    help: "Subscriptions that are open.",
    labelNames: ["transport"] as const,
    registers,
  });
  const sockets = gauge("parley_sockets", "WebSockets that are open.");
  const lag = new Histogram({
    name: "parley_stream_lag_seconds",
    help: "From recording an event, by the database's clock, to having sent it to a subscriber, by this process's.",
    buckets: secondsBuckets,
    registers,
  });
  const batches = new Histogram({
    name: "parley_append_batch_requests",
    help: "Appends that were written together.",
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers,
  });
  const retries = new Counter({
    name: "parley_append_retries_total",
    help: "Appends that were tried again, for another process was quicker or the database refused.",
    registers,
  });
  const tasks = new Histogram({
    name: "parley_task_seconds",
    help: "Jobs by their task.",
    labelNames: ["task", "outcome"] as const,
    buckets: secondsBuckets,
    registers,
  });
  const connections = new Gauge({
    name: "parley_database_connections",
    help: "Connections of this process's pool.",
    labelNames: ["state"] as const,
    registers,
  });
  const poolWaiting = gauge("parley_database_waiting", "What waits for one of these connections.");
  const isDatabaseUp = gauge("parley_database_up", "1 where the database answered within two seconds.");
  const isBusUp = gauge("parley_bus_up", "1 where the other processes are heard; without Redis there are none.");
  const outboxSize = gauge("parley_outbox_events", "Events that are not announced yet; 10000 for that many and more.");
  const outboxAge = gauge("parley_outbox_age_seconds", "How long the oldest of them has waited.");
  const unindexedSize = gauge(
    "parley_unindexed_events",
    "Events whose texts are not searchable yet; 10000 for that many and more.",
  );
  const unindexedAge = gauge("parley_unindexed_age_seconds", "How long ago the oldest of them was recorded.");
  const jobs = new Gauge({
    name: "parley_jobs",
    help: "Jobs that wait, and that failed for good; 10000 for that many and more.",
    labelNames: ["state"] as const,
    registers,
  });

  const read = async () => {
    const { total, idle, waiting } = readings.pool();
    connections.set({ state: "busy" }, total - idle);
    connections.set({ state: "idle" }, idle);
    poolWaiting.set(waiting);
    isBusUp.set(readings.isBusReady() ? 1 : 0);
    const readingAll = Promise.all([readings.outbox(), readings.unindexed(), readings.jobs()]);
    const found = await within(readWithinMs, readingAll);
    isDatabaseUp.set(found ? 1 : 0);
    if (!found) {
      // What is not known is not told: it is not zero.
      for (const unknown of [outboxSize, outboxAge, unindexedSize, unindexedAge]) unknown.remove();
      jobs.reset();
      return;
    }
    const [outbox, unindexed, { waiting: jobsWaiting, failed }] = found;
    outboxSize.set(outbox.size);
    outboxAge.set(outbox.ageSeconds);
    unindexedSize.set(unindexed.size);
    unindexedAge.set(unindexed.ageSeconds);
    jobs.set({ state: "waiting" }, jobsWaiting);
    jobs.set({ state: "failed" }, failed);
  };

  return {
    operation: (transport, operation) => (outcome, seconds) =>
      operations.observe({ operation, transport, outcome }, seconds),
    stream: (transport, change) => streams.inc({ transport }, change),
    sent: (seconds) => lag.observe(Math.max(0, seconds)),
    socket: (change) => sockets.inc(change),
    batch: (requests, again) => {
      batches.observe(requests);
      if (again > 0) retries.inc(again);
    },
    task: (task) => (outcome, seconds) => tasks.observe({ task, outcome }, seconds),
    text: async () => {
      await read();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Null where it took longer, or failed. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
