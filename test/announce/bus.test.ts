import { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import { type Bus, inProcessBus, type Note } from "../../src/announce/bus.ts";
import { RedisUnreachableError, redisBus } from "../../src/announce/redis-bus.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";

const noteOf = (seq: number, conversation = "c"): Note => ({ kind: "event", conversation, seq });

const seqOf = (note: Note): number => ("seq" in note ? note.seq : 0);

/** What a bus tells, and how to wait for the note of a seq. */
function listenTo(bus: Bus) {
  const heard: Note[] = [];
  const awaited = new Map<number, () => void>();
  const listening = bus.listen((notes) => {
    heard.push(...notes);
    for (const note of notes) awaited.get(seqOf(note))?.();
  });
  const until = (seq: number) =>
    new Promise<void>((resolve) => {
      awaited.set(seq, resolve);
      if (heard.some((note) => seqOf(note) === seq)) resolve();
    });
  return { heard, until, [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

interface Made extends AsyncDisposable {
  readonly bus: Bus;
}

const openRedisBus = (redis: TestRedis, platform = "localhost") => redisBus(redis.url, platform, silentLogger);

describe.each<[string, () => Promise<Made>]>([
  ["in one process", async () => ({ bus: inProcessBus(), [Symbol.asyncDispose]: async () => {} })],
  [
    "over Redis",
    async () => {
      const stack = new AsyncDisposableStack();
      const bus = stack.use(await openRedisBus(stack.use(await startRedis())));
      return { bus, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    },
  ],
])("a bus %s", (_, make) => {
  test("tells all its listeners what is published, once and in order, before publishing is done", async () => {
    await using made = await make();
    using one = listenTo(made.bus);
    using other = listenTo(made.bus);
    const notes: readonly Note[] = [
      noteOf(1),
      noteOf(2),
      { kind: "receipt", conversation: "c", participant: "p", seq: 3 },
      { kind: "participation", conversation: "c", accountId: "a" },
    ];
    await made.bus.publish(notes);
    expect(one.heard).toEqual(notes);
    expect(other.heard).toEqual(notes);
    await made.bus.publish([noteOf(4)]);
    expect(one.heard.map(seqOf)).toEqual([1, 2, 3, 0, 4]);
  });

  test("tells nobody of what was before them, or after they let go", async () => {
    await using made = await make();
    const early = listenTo(made.bus);
    await made.bus.publish([noteOf(1)]);
    early[Symbol.dispose]();
    using late = listenTo(made.bus);
    await made.bus.publish([noteOf(2)]);
    expect(early.heard).toEqual([noteOf(1)]);
    expect(late.heard).toEqual([noteOf(2)]);
  });

  test("is ready, and has nothing to restore", async () => {
    await using made = await make();
    let isRestored = false;
    using _restored = made.bus.onRestored(() => {
      isRestored = true;
    });
    await made.bus.publish([noteOf(1)]);
    expect(made.bus.isReady()).toBe(true);
    expect(isRestored).toBe(false);
  });
});

describe("the bus over Redis", () => {
  test("tells other processes, and each its own listeners once", async () => {
    await using redis = await startRedis();
    await using here = await openRedisBus(redis);
    await using there = await openRedisBus(redis);
    using hereHeard = listenTo(here);
    using thereHeard = listenTo(there);
    await here.publish([noteOf(1), noteOf(2)]);
    await thereHeard.until(2);
    await there.publish([noteOf(3)]);
    await hereHeard.until(3);
    expect(hereHeard.heard).toEqual([noteOf(1), noteOf(2), noteOf(3)]);
    expect(thereHeard.heard).toEqual([noteOf(1), noteOf(2), noteOf(3)]);
  });

  test("tells nobody of another platform on the same Redis, and takes nothing that is no note", async () => {
    await using redis = await startRedis();
    await using here = await openRedisBus(redis, "a.example");
    await using elsewhere = await openRedisBus(redis, "b.example");
    await using there = await openRedisBus(redis, "a.example");
    using heard = listenTo(there);
    await elsewhere.publish([noteOf(1)]);
    const anybody = new Redis(redis.url);
    for (const message of ["hello", "{}", '{"from":"x","notes":[{"kind":"event","conversation":1}]}']) {
      await anybody.publish("parley:notes:a.example", message);
    }
    anybody.disconnect();
    await here.publish([noteOf(2)]);
    await heard.until(2);
    expect(heard.heard).toEqual([noteOf(2)]);
  });

  test("goes on for its own process while Redis is away, says that others were not told, and says when it is back", async () => {
    await using redis = await startRedis();
    await using here = await openRedisBus(redis);
    await using there = await openRedisBus(redis);
    using hereHeard = listenTo(here);
    using thereHeard = listenTo(there);
    const restored = [here, there].map((bus) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      bus.onRestored(resolve);
      return promise;
    });
    await redis.stop();
    await expect(here.publish([noteOf(1)])).rejects.toThrow();
    expect(hereHeard.heard).toEqual([noteOf(1)]);
    await expect.poll(() => here.isReady() || there.isReady(), { interval: 5 }).toBe(false);

    await redis.start();
    await Promise.all(restored);
    expect([here.isReady(), there.isReady()]).toEqual([true, true]);
    // Told once it is restored, it is heard: there is no time in which a note is lost and nobody looks for it.
    await expect
      .poll(
        () =>
          here.publish([noteOf(2)]).then(
            () => true,
            () => false,
          ),
        { interval: 5 },
      )
      .toBe(true);
    await thereHeard.until(2);
    expect(thereHeard.heard.map(seqOf)).toEqual([2]);
  });

  test("does not wait for a Redis that is silent", async () => {
    await using redis = await startRedis();
    await using here = await openRedisBus(redis);
    using heard = listenTo(here);
    const operator = new Redis(redis.url);
    await operator.call("CLIENT", "PAUSE", "60000", "ALL");
    operator.disconnect();
    await expect(here.publish([noteOf(1)])).rejects.toThrow();
    expect(heard.heard).toEqual([noteOf(1)]);
  });

  test("closes while Redis is away", async () => {
    await using redis = await startRedis();
    const bus = await openRedisBus(redis);
    await redis.stop();
    await bus[Symbol.asyncDispose]();
    expect(bus.isReady()).toBe(false);
  });

  test("says what to do where there is no Redis, without the password", async () => {
    const redis = await startRedis();
    await redis.stop();
    const opening = redisBus(`redis://:secret@127.0.0.1:${redis.port}`, "localhost", silentLogger);
    await expect(opening).rejects.toThrow(RedisUnreachableError);
    await expect(opening).rejects.toThrow(/127\.0\.0\.1:\d+ is out of reach: .*ECONNREFUSED.*\n.*REDIS_URL/);
    await expect(opening).rejects.not.toThrow(/secret/);
  });
});
