import { expect, test } from "vitest";
import { createMetrics, type Readings } from "../../src/observe/metrics.ts";

const readings: Readings = {
  pool: () => ({ total: 4, idle: 1, waiting: 7 }),
  isBusReady: () => true,
  outbox: async () => ({ size: 3, ageSeconds: 1.5 }),
  unindexed: async () => ({ size: 5, ageSeconds: 2.5 }),
  jobs: async () => ({ waiting: 2, failed: 1 }),
};

test("what happened and what is looked at is told, in a registry of its own", async () => {
  const metrics = createMetrics(readings);
  const other = createMetrics(readings);
  metrics.operation("http", "messageAdd")("ok", 0.004);
  metrics.operation("http", "messageAdd")("failed", 20);
  metrics.stream("websocket", 1);
  metrics.sent(-0.5);
  metrics.socket(1);
  metrics.batch(3, 1);
  metrics.task("erase-bodies")("failed", 0.2);
  const text = await metrics.text();
  for (const line of [
    'parley_operation_seconds_bucket{le="0.005",operation="messageAdd",transport="http",outcome="ok"} 1',
    'parley_operation_seconds_count{operation="messageAdd",transport="http",outcome="failed"} 1',
    'parley_streams{transport="websocket"} 1',
    // The clocks of two machines may differ.
    "parley_stream_lag_seconds_sum 0",
    "parley_sockets 1",
    "parley_append_batch_requests_sum 3",
    "parley_append_retries_total 1",
    'parley_task_seconds_count{task="erase-bodies",outcome="failed"} 1',
    'parley_database_connections{state="busy"} 3',
    "parley_database_waiting 7",
    "parley_database_up 1",
    "parley_bus_up 1",
    "parley_outbox_events 3",
    "parley_outbox_age_seconds 1.5",
    "parley_unindexed_events 5",
    "parley_unindexed_age_seconds 2.5",
    'parley_jobs{state="failed"} 1',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  expect(text).toContain("process_resident_memory_bytes ");
  expect(await other.text()).not.toContain("messageAdd");
});

test("without its database it still answers, and does not tell what it does not know", async () => {
  let isGone = false;
  const outbox = () => (isGone ? Promise.reject(new Error("gone")) : readings.outbox());
  const metrics = createMetrics({ ...readings, outbox });
  expect(await metrics.text()).toContain("parley_outbox_events 3");
  isGone = true;
  const lines = (await metrics.text()).split("\n");
  expect(lines).toContain("parley_database_up 0");
  expect(lines).toContain("parley_database_waiting 7");
  expect(lines.filter((line) => /^parley_(outbox|unindexed|jobs)/.test(line))).toEqual([]);
});
