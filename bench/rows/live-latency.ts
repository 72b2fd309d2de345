// Row: from an event's being recorded to its arrival at a subscriber of another API process, through Redis.
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { decodeCursor, encodeCursor } from "../../src/graphql/stream-cursor.ts";
import { startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, nowMs, percentile, type Row } from "../measure.ts";
import { messageText, type Stage, type Talk } from "../stage.ts";
import { type Asked, arrivedSchema, doneSchema } from "../subscribers.ts";
import { messageAddDocument } from "./message-add.ts";

const perSecond = 50;
const peopleCount = 20;
const talksCount = 10;

const eventsDocument =
  "subscription ($after: String) { events(after: $after) { ... on EventAdded { cursor event { seq action actor { displayName } body } conversation { id subject } } } }";

export async function liveLatency(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const count = perSecond * (isQuick ? 2 : 6);
  const people = await stage.makePeople(peopleCount);
  const [listener, ...speakers] = people;
  if (!listener) throw new Error("there are no people");
  const talks = await stage.makeTalks(
    Array.from({ length: talksCount }, (_, index) => [listener, ...speakers.slice(index, index + 4)]),
  );
  await using said = await stage.startParley("api");
  await using heard = await stage.startParley("api");
  await using load = startChild("./http-load.ts");
  await using subscribers = startChild("./subscribers.ts");
  const open: Asked = { ask: "open", url: socketUrl(heard.url), tokens: [listener.token], query: eventsDocument };
  await subscribers.ask(open, doneSchema);

  /** Milliseconds until the arrival of each message: from its being recorded, and from the answer to who said it. */
  const run = async (mark: string, messages: number) => {
    const expect: Asked = { ask: "expect", needle: mark, count: messages };
    await subscribers.ask(expect, doneSchema);
    const requests = requestsIn(talks, mark, messages);
    const toSend: Load = {
      port: Number(new URL(said.url).port),
      inFlight: 4,
      rate: perSecond,
      requests,
      expects: '"MessageAddPayload"',
    };
    const loaded = await load.ask(toSend, loadedSchema);
    if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
    const arrived: Asked = { ask: "arrived" };
    const { at, texts } = await subscribers.ask(arrived, arrivedSchema);
    if (at.length < messages) throw new Error(`${at.length} of ${messages} messages arrived`);
    const sinceRecorded = texts.map((text, index) => (at[index] ?? Number.NaN) - recordedMs(text));
    const sinceAnswered = texts.map(
      (text, index) => (at[index] ?? Number.NaN) - (loaded.answeredAt[numberIn(text)] ?? Number.NaN),
    );
    return { sinceRecorded, sinceAnswered };
  };

  await run("warming up", perSecond);
  await using floor = await openFloor(stage, talks);
  await floor.run(perSecond);
  // Before and after, so that both are of the same minutes: others may use the machine too.
  const cursor = encodeCursor(Math.floor(nowMs() * 1000));
  const before = await floor.run(count / 2);
  const { sinceRecorded: ours, sinceAnswered } = await run("measured", count);
  const after = await floor.run(count / 2);
  const [limits, redis, read] = (["both", "redis", "read"] as const).map((name) =>
    [...before, ...after].map((sample) => sample[name]),
  );
  progress(`${count} messages, p50 ${median(ours).toFixed(2)} ms, limit ${median(limits ?? []).toFixed(2)} ms`);
  return [
    {
      row: "recorded → subscriber of another process",
      unit: "ms",
      ours: median(ours),
      limit: median(limits ?? []),
      toReach: { ratio: { most: 6 } },
      told: {
        "p99 ms": percentile(ours, 0.99),
        // Below 0 where it was there before the answer was.
        "since the answer p50 ms": median(sinceAnswered),
        "limit p99 ms": percentile(limits ?? [], 0.99),
        "limit's Redis p50 ms": median(redis ?? []),
        "limit's read p50 ms": median(read ?? []),
        "resumed /s": await resume(said.url, listener.token, cursor, count),
        messages: count,
        "messages /s": perSecond,
      },
    },
  ];
}

/** Events a second that somebody gets who comes back after a cursor, until they have as many as there were. */
async function resume(url: string, token: string, after: string, count: number): Promise<number> {
  const startedAt = performance.now();
  const { body } = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: eventsDocument, variables: { after } }),
  });
  if (!body) throw new Error("there is no stream");
  let events = 0;
  for await (const line of createInterface({ input: Readable.fromWeb(body) })) {
    if (line === "event: next") events++;
    if (events === count) break;
  }
  return (events * 1000) / (performance.now() - startedAt);
}

export const socketUrl = (url: string): string => `${url.replace("http:", "ws:")}/graphql`;

/** When the event of a message was recorded, by the database's clock, in milliseconds since 1970. */
export function recordedMs(text: string): number {
  const recordedUs = decodeCursor(/"cursor":"([\w-]+)"/.exec(text)?.[1] ?? "");
  if (recordedUs === null) throw new Error(`a message has no cursor: ${text}`);
  return recordedUs / 1000;
}

/** Which of the messages of a run this is. */
export const numberIn = (text: string): number => Number(/Number (\d+):/.exec(text)?.[1]);

/** Requests of everybody in turn but the first of each, in each in turn. */
export function requestsIn(talks: readonly Talk[], mark: string, count: number): Load["requests"] {
  return Array.from({ length: count }, (_, index) => {
    const talk = talks[index % talks.length];
    const speaker = talk?.people[1 + (index % (talk.people.length - 1))];
    if (!talk || !speaker) throw new Error("there is nobody to speak");
    const variables = { input: { conversation: talk.conversation, body: `${mark}: ${messageText(index)}` } };
    return { token: speaker.token, body: JSON.stringify({ query: messageAddDocument, variables }) };
  });
}

interface Floor extends AsyncDisposable {
  /** Publishes `count` times at the pace of the messages, each time heard on the other connection and followed by a read. */
  run(count: number): Promise<readonly Sample[]>;
}

/** Milliseconds. */
interface Sample {
  readonly both: number;
  readonly redis: number;
  readonly read: number;
}

/** What nobody can go below who hears of an event from Redis and reads it from PostgreSQL. */
async function openFloor(stage: Stage, talks: readonly Talk[]): Promise<Floor> {
  const publisher = new Redis(stage.redisUrl);
  const subscriber = new Redis(stage.redisUrl);
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  const channel = "bench:floor";
  let hear = () => {};
  subscriber.on("message", () => hear());
  await subscriber.subscribe(channel);
  const one = async (conversation: string): Promise<Sample> => {
    const startedAt = performance.now();
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    void publisher.publish(channel, JSON.stringify({ conversation, seq: 2 }));
    await heard;
    const heardAt = performance.now();
    const text = "SELECT * FROM event WHERE conversation_id = $1 AND seq = $2";
    const { rowCount } = await client.query({ name: "floor", text, values: [conversation, 2] });
    if (rowCount !== 1) throw new Error("the event of the limit is not there");
    const readAt = performance.now();
    return { both: readAt - startedAt, redis: heardAt - startedAt, read: readAt - heardAt };
  };
  return {
    run: async (count) => {
      const samples: Sample[] = [];
      for (let index = 0; index < count; index++) {
        samples.push(await one(talks[index % talks.length]?.conversation ?? ""));
        await pause(1000 / perSecond);
      }
      return samples;
    },
    [Symbol.asyncDispose]: async () => {
      publisher.disconnect();
      subscriber.disconnect();
      await client.end();
    },
  };
}
