// The bus over Redis, for several processes.
import { randomUUID } from "node:crypto";
import { RedisPubSub } from "graphql-redis-subscriptions";
import { Redis } from "ioredis";
import { z } from "zod";
import { ExplainedError } from "../observe/explained-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { PlatformName } from "../protocol/event.ts";
import { type Bus, listenerSet, type Note, UntoldError } from "./bus.ts";

const publishTimeoutMs = 2_000;

const noteSchema: z.ZodType<Note> = z.union([
  z.object({ kind: z.literal("event"), conversation: z.string(), seq: z.int() }),
  z.object({ kind: z.literal("receipt"), conversation: z.string(), participant: z.string(), seq: z.int() }),
  z.object({ kind: z.literal("participation"), conversation: z.string(), accountId: z.string() }),
  z.object({ kind: z.literal("pending"), id: z.string(), conversation: z.string(), accountId: z.string() }),
]);
const messageSchema = z.object({ from: z.string(), notes: z.array(noteSchema) });

/** Redis did not answer at the start. The message says what to do; it has no password. */
export class RedisUnreachableError extends ExplainedError {
  override readonly name = "RedisUnreachableError";
}

/**
 * Connects to Redis and listens. When Redis goes away later, this process goes on: its own subscribers are told as ever,
 * `publish` rejects, and once Redis is back `onRestored` fires.
 * @param platform whose processes hear each other
 * @throws RedisUnreachableError where Redis does not answer within five seconds now
 */
export async function redisBus(url: string, platform: PlatformName, log: Logger): Promise<Bus> {
  // Several platforms may share one Redis, and have conversations in common.
  const channel = `parley:notes:${platform}`;
  // What cannot be handed over now fails now: the outbox keeps it, and a queue in memory would only repeat it late.
  const publisher = new Redis(url, {
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    // Where Redis is there and silent, or its host is gone without a word: publishing goes on with the next.
    commandTimeout: publishTimeoutMs,
    retryStrategy,
  });
  const subscriber = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy });
  // Until it is connected, what goes wrong is told by what this throws; later once, and once when it is over.
  let isDown = true;
  const away = (error: unknown) => {
    if (!isDown) log.warn({ err: error }, "Redis is out of reach; this process goes on and will catch up");
    isDown = true;
  };
  for (const connection of [publisher, subscriber]) connection.on("error", away);
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
  const self = randomUUID();
  await pubsub.subscribe(channel, (message: unknown) => {
    // What this process said itself, its listeners have been told: again and late, a receipt would seem to go back.
    if (typeof message === "object" && message !== null && "from" in message && message.from === self) return;
    const { data } = messageSchema.safeParse(message);
    if (data) listeners.tell(data.notes);
    else log.warn("a message on the bus is not ours");
  });
  const restored = new Set<() => void>();
  let isHeard = true;
  isDown = false;
  const back = () => {
    if (isDown && isHeard && publisher.status === "ready") {
      isDown = false;
      log.info("Redis is back");
    }
  };
  publisher.on("ready", back);
  subscriber.on("close", () => {
    isHeard = false;
  });
  subscriber.on("ready", () => {
    if (isHeard) return back();
    // ioredis has only sent the subscription anew by now. What is told before Redis has it is not heard.
    subscriber.subscribe(channel).then(
      () => {
        if (isHeard || subscriber.status !== "ready") return;
        isHeard = true;
        back();
        for (const tell of restored) tell();
      },
      (error: unknown) => log.debug({ err: error }, "Redis went away again"),
    );
  });

  return {
    publish: async (notes) => {
      // Own listeners first: they need no Redis.
      listeners.tell(notes);
      try {
        await pubsub.publish(channel, { from: self, notes });
        back();
      } catch (cause) {
        away(cause);
        throw new UntoldError("other processes could not be told", { cause });
      }
    },
    listen: listeners.add,
    onRestored: (tell) => {
      restored.add(tell);
      return { [Symbol.dispose]: () => void restored.delete(tell) };
    },
    isReady: () => isHeard,
    // Nothing is under way: who publishes waits for the answer. Quitting in order would wait for a Redis that is down.
    [Symbol.asyncDispose]: async () => {
      isHeard = false;
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
