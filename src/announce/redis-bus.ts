// The bus over Redis, for several processes.
import { RedisPubSub } from "graphql-redis-subscriptions";
import { Redis } from "ioredis";
import { z } from "zod";
import type { Logger } from "../observe/logger.ts";
import { type Bus, listenerSet, type Note } from "./bus.ts";

const channel = "parley:notes";

const notesSchema: z.ZodType<readonly Note[]> = z.array(
  z.union([
    z.object({ kind: z.literal("event"), conversation: z.string(), seq: z.int() }),
    z.object({ kind: z.literal("receipt"), conversation: z.string(), participant: z.string(), seq: z.int() }),
  ]),
);

/** Redis did not answer at the start. The message says what to do; it has no password. */
export class RedisUnreachableError extends Error {
  override readonly name = "RedisUnreachableError";
}

/**
 * Connects to Redis and listens. When Redis goes away later, this process goes on: its own subscribers are told as ever,
 * `publish` rejects, and once Redis is back `onRestored` fires.
 * @throws RedisUnreachableError where Redis does not answer within five seconds now
 */
export async function redisBus(url: string, log: Logger): Promise<Bus> {
  // What cannot be handed over now fails now: the outbox keeps it, and a queue in memory would only repeat it late.
  const publisher = new Redis(url, { enableOfflineQueue: false, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy });
  const subscriber = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy });
  let isDown = false;
  for (const connection of [publisher, subscriber]) {
    connection.on("error", (error) => {
      if (!isDown) log.warn({ err: error }, "Redis is out of reach; this process goes on and will catch up");
      isDown = true;
    });
  }
  try {
    await Promise.all([connectWithin(publisher, 5_000), connectWithin(subscriber, 5_000)]);
  } catch (cause) {
    publisher.disconnect();
    subscriber.disconnect();
    const { host, port } = publisher.options;
    throw new RedisUnreachableError(
      `Redis at ${host}:${port} is out of reach: ${cause instanceof Error ? cause.message : String(cause)}\n` +
        "Start it, or correct REDIS_URL; without REDIS_URL one process serves alone.",
      { cause },
    );
  }

  const pubsub = new RedisPubSub({ publisher, subscriber });
  const listeners = listenerSet();
  await pubsub.subscribe(channel, (message: unknown) => {
    const notes = notesSchema.safeParse(message);
    if (notes.success) listeners.tell(notes.data);
    else log.warn("a message on the bus is not ours");
  });
  const restored = new Set<() => void>();
  let wasLost = false;
  subscriber.on("close", () => {
    wasLost = true;
  });
  // ioredis subscribes anew before it says that it is ready.
  subscriber.on("ready", () => {
    if (!wasLost) return;
    wasLost = false;
    isDown = false;
    log.info("Redis is back");
    for (const tell of restored) tell();
  });

  return {
    publish: async (notes) => {
      // Own subscribers first: they need no Redis, and drop what then comes back over it.
      listeners.tell(notes);
      await pubsub.publish(channel, notes);
    },
    listen: listeners.add,
    onRestored: (tell) => {
      restored.add(tell);
      return { [Symbol.dispose]: () => void restored.delete(tell) };
    },
    isReady: () => subscriber.status === "ready",
    [Symbol.asyncDispose]: async () => {
      await pubsub.close().catch(() => {});
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Milliseconds until the next try: soon at first, every second in the end. */
const retryStrategy = (tries: number): number => Math.min(tries * 50, 1_000);

async function connectWithin(connection: Redis, timeoutMs: number): Promise<void> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  // The first refusal is the answer: while the process starts, nobody waits for Redis to appear.
  const refused = new Promise<never>((_, fail) => connection.once("error", fail));
  refused.catch(() => {});
  try {
    await Promise.race([connection.connect(), refused, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
