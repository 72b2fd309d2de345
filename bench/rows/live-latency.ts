// Row: from commit to a subscriber of another API process, through Redis, at fifty messages a second.
import { Redis } from "ioredis";
import { z } from "zod";
import { decodeCursor } from "../../src/graphql/stream-cursor.ts";
import { startChild } from "../ask-child.ts";
import type { Effort } from "../bench.ts";
import { loadedSchema } from "../http-load.ts";
import { median, nowMs, percentile, type Row } from "../measure.ts";
import type { Stage, Talk } from "../stage.ts";
import { subscribe } from "../subscribe.ts";
import { requestsOf } from "./message-add.ts";

const rate = 50;

const arrivalSchema = z.object({
  payload: z.object({ data: z.object({ events: z.object({ cursor: z.string(), event: z.object({ hash: z.string() }) }) }) }),
});

export const sharedDocument = `subscription {
  events { ... on EventAdded { cursor event { hash seq timestamp body actor { id } } } }
}`;

export async function liveLatency(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, count] = isQuick ? [2, 3 * rate] : [4, 5 * rate];
  const people = await stage.makePeople(5);
  const talks = await stage.makeTalks(Array.from({ length: 20 }, () => people));
  const [listener] = people;
  if (!listener) throw new Error("there is nobody to listen");
  await using worker = await stage.startParley("worker");
  await using speaking = await stage.startParley("api");
  await using listening = await stage.startParley("api");
  await using load = startChild("./http-load.ts");

  // Committed, as far as the database says: recorded within the statement that commits.
  const recordedToArrival: number[] = [];
  const answerToArrival: number[] = [];
  const requestToArrival: number[] = [];
  let arrived = new Map<string, { at: number; recordedMs: number }>();
  await using _subscription = await subscribe(listening.url, listener.token, sharedDocument, (text) => {
    const at = nowMs();
    const { cursor, event } = arrivalSchema.parse(JSON.parse(text)).payload.data.events;
    arrived.set(event.hash, { at, recordedMs: (decodeCursor(cursor) ?? Number.NaN) / 1000 });
  });
  const port = Number(new URL(speaking.url).port);
  const speak = async () => {
    arrived = new Map();
    const load_ = { port, inFlight: 16, rate, requests: requestsOf(talks, count), expects: '"MessageAddPayload"', isKept: true };
    const loaded = await load.ask(load_, loadedSchema);
    if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
    await untilAll(() => arrived.size >= count);
    for (const [index, answer] of loaded.answers.entries()) {
      const hash = /"hash":"([^"]+)"/.exec(answer)?.[1] ?? "";
      const arrival = arrived.get(hash);
      if (!arrival) throw new Error("an event did not arrive");
      recordedToArrival.push(arrival.at - arrival.recordedMs);
      answerToArrival.push(arrival.at - (loaded.answeredAt[index] ?? 0));
      requestToArrival.push(arrival.at - (loaded.sentAt[index] ?? 0));
    }
  };

  const floor: number[] = [];
  await using parts = await openFloor(stage, talks);
  await speak();
  for (const samples of [recordedToArrival, answerToArrival, requestToArrival]) samples.length = 0;
  for (let round = 0; round < rounds; round++) {
    floor.push(...(await parts.measure(count)));
    await speak();
    progress(`commit to arrival p50 ${median(recordedToArrival).toFixed(2)} ms, Redis and one read ${median(floor).toFixed(2)} ms`);
  }
  void worker;
  return [
    {
      row: "commit to subscriber, other process",
      unit: "ms",
      ours: median(recordedToArrival),
      limit: median(floor),
      toReach: { ratio: { most: 6 } },
      told: {
        "p99 ms": percentile(recordedToArrival, 0.99),
        "limit's p99 ms": percentile(floor, 0.99),
        "from the answer p50 ms": median(answerToArrival),
        "from the answer p99 ms": percentile(answerToArrival, 0.99),
        "from the request p50 ms": median(requestToArrival),
        "from the request p99 ms": percentile(requestToArrival, 0.99),
        events: recordedToArrival.length,
      },
    },
  ];
}

/** What nobody could do without: one message through Redis, and then one row by its key. In milliseconds, at the same rate. */
async function openFloor({ redisUrl, database: { pool } }: Stage, talks: readonly Talk[]) {
  const publisher = new Redis(redisUrl);
  const subscriber = new Redis(redisUrl);
  await subscriber.subscribe("bench");
  const conversation = talks[0]?.conversation;
  return {
    measure: async (count: number): Promise<readonly number[]> => {
      const samples: number[] = [];
      const begunAt = nowMs();
      for (let index = 0; index < count; index++) {
        const left = begunAt + (index * 1000) / rate - nowMs();
        if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
        const heard = new Promise((resolve) => subscriber.once("message", resolve));
        const startedAt = nowMs();
        void publisher.publish("bench", JSON.stringify([{ kind: "event", conversation, seq: 1 }]));
        await heard;
        await pool.query({
          name: "bench_read",
          text: "SELECT * FROM event WHERE conversation_id = $1 AND seq = $2",
          values: [conversation, 1],
        });
        samples.push(nowMs() - startedAt);
      }
      return samples;
    },
    [Symbol.asyncDispose]: async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Waits until `isSo`; rejects after ten seconds. */
export async function untilAll(isSo: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error("not all of it arrived within ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
