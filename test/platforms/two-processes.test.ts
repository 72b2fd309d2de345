import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openCore, openWorker } from "../../src/cli/parts.ts";
import { readConfig } from "../../src/config/config.ts";
import { createLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { createDatabase } from "../support/database.ts";
import { type Person, startPlatform, type TestPlatform, testSecret } from "../support/platform.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { append, converse, everywhere, type Subscriber, say } from "./subscribers.ts";

const opened = new AsyncDisposableStack();
let redis: TestRedis;
let one: TestPlatform;
let other: TestPlatform;
let urls: readonly string[];

/** Two API processes and a worker, on one database and one Redis. */
beforeAll(async () => {
  redis = opened.use(await startRedis());
  const { url: databaseUrl } = opened.use(await createDatabase());
  const options = { databaseUrl, redisUrl: redis.url, worker: false };
  one = opened.use(await startPlatform(options));
  other = opened.use(await startPlatform(options));
  urls = [one.url, other.url];
  const config = readConfig({ DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret, REDIS_URL: redis.url });
  const located = { url: databaseUrl, secret: testSecret, embedded: null };
  await openWorker(opened, await openCore(opened, config, located, createLogger({ level: "silent" })));
});
afterAll(() => opened.disposeAsync());

let alice: Person;
let bob: Person;
let count = 0;
beforeEach(async () => {
  count++;
  alice = await one.person(`alice.${count}`);
  bob = await one.person(`bob.${count}`);
});

const upTo = (seq: number, from: number) => Array.from({ length: seq - from + 1 }, (_, index) => from + index);

async function disposeAll(subscribers: readonly Subscriber[]): Promise<void> {
  for (const subscriber of subscribers) await subscriber[Symbol.asyncDispose]();
}

test("a message sent through one process reaches the subscribers of both, over WebSocket and SSE", async () => {
  const conversation = await converse(one.url, alice.token, bob.address);
  const subscribers = [...(await everywhere(urls, alice.token)), ...(await everywhere(urls, bob.token))];
  const first = await say(one.url, alice.token, conversation, "through one");
  await Promise.all(subscribers.map((subscriber) => subscriber.until(conversation, first.seq)));
  const second = await say(other.url, bob.token, conversation, "through the other");
  await Promise.all(subscribers.map((subscriber) => subscriber.until(conversation, second.seq)));
  for (const { name, seqsOf } of subscribers) {
    expect(seqsOf(conversation), name).toEqual([first.seq, second.seq]);
  }
  await disposeAll(subscribers);
});

test("while Redis stops and starts again, every subscriber gets every event once, in order", async () => {
  const conversations: readonly Hash[] = await Promise.all(
    [1, 2, 3].map(() => converse(one.url, alice.token, bob.address)),
  );
  const subscribers = [...(await everywhere(urls, alice.token)), ...(await everywhere(urls, bob.token))];
  const last = new Map<Hash, number>();
  /** Talks through both processes at once, in all conversations. */
  const talk = async (rounds: number) => {
    const talking = async (url: string, { token }: Person) => {
      for (let round = 0; round < rounds; round++) {
        for (const conversation of conversations) {
          const { seq } = await say(url, token, conversation, `round ${round}`);
          last.set(conversation, Math.max(seq, last.get(conversation) ?? 0));
        }
      }
    };
    await Promise.all([talking(one.url, alice), talking(other.url, bob)]);
  };
  await talk(4);
  const stopping = redis.stop();
  await talk(6);
  await stopping;
  await talk(4);
  const starting = redis.start();
  await talk(6);
  await starting;
  await talk(4);
  await Promise.all(
    subscribers.flatMap((subscriber) => [...last].map(([conversation, seq]) => subscriber.until(conversation, seq))),
  );
  for (const { name, told, seqsOf } of subscribers) {
    for (const [conversation, seq] of last) expect(seqsOf(conversation), name).toEqual(upTo(seq, 3));
    expect(new Set(told.map(({ __typename }) => __typename)), name).toEqual(new Set(["EventAdded"]));
  }
  // Nothing is left to announce: what the bus did not take was swept up.
  const left = () => one.core.database.pool.query("SELECT FROM outbox");
  await expect.poll(async () => (await left()).rowCount, { interval: 50, timeout: 20_000 }).toBe(0);
  await disposeAll(subscribers);
});

test("a participant removed in the middle of a burst gets nothing past the removal", async () => {
  const conversation = await converse(one.url, alice.token, bob.address);
  const elsewhere = await converse(one.url, alice.token, bob.address);
  // Also what comes with an event must not be newer than what they may see.
  const selection =
    "seq lastEvent { seq } messages(last: 5) { edges { node { seq } } } participants { edges { node { address } } }";
  const bobs = [...(await everywhere(urls, bob.token)), ...(await everywhere(urls, bob.token, selection))];
  const alices = await everywhere(urls, alice.token);
  let last = 0;
  const talking = async (url: string) => {
    for (let round = 0; round < 25; round++) {
      last = Math.max(last, (await say(url, alice.token, conversation, `round ${round}`)).seq);
    }
  };
  const removing = async () => {
    for (const { until } of bobs) await until(conversation, 10);
    const participant = (
      await one.core.database.pool.query<{ id: string }>(
        "SELECT id FROM participant WHERE conversation_id = $1 AND account_id = $2",
        [conversation, bob.accountId],
      )
    ).rows[0]?.id;
    const { seq } = await append(other.url, alice.token, "participantRemove", { conversation, participant });
    return seq;
  };
  const [removedSeq] = await Promise.all([removing(), ...urls.map(talking), ...urls.map(talking)]);
  expect(last).toBeGreaterThan(removedSeq + 10);
  for (const { until } of alices) await until(conversation, last);
  // What comes later, through either process, comes after whatever would still have come.
  for (const url of urls) {
    const { seq } = await say(url, alice.token, elsewhere, "still here?");
    for (const { until } of bobs) await until(elsewhere, seq);
  }
  for (const { name, told, seqsOf } of bobs) {
    expect(seqsOf(conversation), name).toEqual(upTo(removedSeq, 3));
    const ofIt = told.filter(({ conversation: of }) => of?.hash === conversation);
    const seqs = [...JSON.stringify(ofIt).matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq));
    expect(Math.max(...seqs), name).toBe(removedSeq);
  }
  await disposeAll([...alices, ...bobs]);
});
