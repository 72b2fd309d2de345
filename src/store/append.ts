// Append: load, decide, write, announce. The only way into a log, for what is said here and for what another platform
// sequenced.
//
// Requests that wait are taken together: one load (of what is not remembered), one write, one commit for all of them, each
// conversation folded in memory. Alone, a request is a batch of one. While a batch is out, its conversations are kept from the next ones, so
// that this process never competes with itself; other processes are met by the head that a write expects.
import pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { ConversationStore, WriteRequest, WriteResult } from "./conversation-store.ts";
import { type DecideOptions, decideBatch } from "./decide-batch.ts";
import { createHeadMemory, type HeadMemory } from "./head-memory.ts";
import { loadHad, loadHeadHashes, loadSlices } from "./load.ts";
import { rememberIdle, settleRepeats } from "./repeats.ts";
import { triesMax, type Waiting, waitingFor } from "./waiting.ts";
import { type Appended, write } from "./write.ts";

/** @property isShared whether people of other platforms, or by mail, take or took part */
export type Committed = Appended & { readonly isShared: boolean };

export interface AppendOptions extends DecideOptions {
  readonly pool: pg.Pool;
  /** Called after each commit, before `append` answers; must not throw. What it does with them, it does on its own time. */
  onCommitted(appended: readonly Committed[]): void;
  /** Called for each batch that came back; must not throw. @param again how many of it have to be tried again */
  onBatch?(requests: number, again: number): void;
  /** Batches out at a time. One is decided and signed while the other is written. @default 2 */
  readonly lanes?: number;
  /** Requests in a batch at most. @default 64 */
  readonly batchMax?: number;
}

/** Makes `append` and `follow`, as `ConversationStore` promises them, on PostgreSQL. */
export function createAppend(options: AppendOptions): Pick<ConversationStore, "append" | "follow"> {
  const { lanes = 2, batchMax = 64 } = options;
  const memory = createHeadMemory();
  let queue: Waiting[] = [];
  const out = new Set<string>();
  let lanesOut = 0;
  let isPumpDue = false;

  const nextBatch = (): Waiting[] => {
    const batch: Waiting[] = [];
    let left: Waiting[] = [];
    const held = new Set<string>();
    for (const [index, waiting] of queue.entries()) {
      if (batch.length >= batchMax || batch[0]?.isAlone) {
        left = left.concat(queue.slice(index));
        break;
      }
      const { conversation, keys } = waiting;
      const isFree = [conversation, ...keys].every((key) => !out.has(key) && !held.has(key));
      const goes = isFree && (batch.length === 0 || !waiting.isAlone);
      (goes ? batch : left).push(waiting);
      for (const key of keys) held.add(key);
      // Nobody overtakes who was left behind: order within a conversation is the order of asking.
      if (!goes) held.add(conversation);
    }
    queue = left;
    return batch;
  };

  const pump = () => {
    isPumpDue = false;
    while (lanesOut < lanes && queue.length > 0) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const keys = batch.flatMap((waiting) => [waiting.conversation, ...waiting.keys]);
      for (const key of keys) out.add(key);
      lanesOut++;
      void appendBatch(options, memory, batch).then((again) => {
        for (const key of keys) out.delete(key);
        lanesOut--;
        options.onBatch?.(batch.length, again.length);
        queue.unshift(...again);
        pump();
      });
    }
  };

  const enqueue = (request: WriteRequest, resolve: Waiting["resolve"], reject: Waiting["reject"]) => {
    queue.push(waitingFor(request, resolve, reject));
    // Not at once: what arrives in one turn of the event loop goes together.
    if (!isPumpDue) setImmediate(pump);
    isPumpDue = true;
  };
  return {
    append: (request) =>
      new Promise((resolve, reject) => {
        const answer = (result: WriteResult) =>
          "stopped" in result ? reject(new Error("what was to be appended was followed")) : resolve(result);
        enqueue(request, answer, reject);
      }),
    follow: (request) =>
      new Promise((resolve, reject) => {
        const answer = (result: WriteResult) =>
          "stopped" in result ? resolve(result) : reject(new Error("what was to be followed was appended"));
        enqueue(request, answer, reject);
      }),
  };
}

/** Appends a batch and settles what it can; returns what has to be tried again. Never throws. */
async function appendBatch(
  options: AppendOptions,
  memory: HeadMemory,
  batch: readonly Waiting[],
): Promise<readonly Waiting[]> {
  try {
    const { committed, settle } = await withClient(options.pool, async (client) => {
      const { fresh, places, waiting } = await settleRepeats(client, batch);
      const recalled = memory.recall(fresh);
      const toLoad = fresh.filter(({ conversation }) => !recalled.has(conversation));
      const loaded = await loadSlices(
        client,
        toLoad.map(({ request }) => request),
      );
      const slices = new Map([...recalled, ...loaded]);
      const had = await loadHad(client, fresh, slices);
      const grounds = { places, waiting, had, slices, recalled };
      const { appended, idle, unproven, settle } = decideBatch(options, fresh, grounds);
      if (idle.length > 0) await rememberIdle(client, idle);
      const written = appended.length > 0 ? await write(client, appended) : new Map<Hash, boolean>();
      const committed = appended.flatMap((one): Committed[] => {
        const isShared = written.get(one.conversation);
        return isShared === undefined ? [] : [{ ...one, isShared }];
      });
      memory.remember(slices, committed);
      const heads = await loadHeadHashes(client, [...unproven.keys()]);
      const unmoved = [...unproven].filter(([id, head]) => (heads.get(id) ?? null) === head).map(([id]) => id);
      return { committed, settle: () => settle(new Set([...written.keys(), ...unmoved])) };
    });
    if (committed.length > 0) options.onCommitted(committed);
    return settle();
  } catch (error) {
    return afterFailure(batch, error);
  }
}

/** One connection for `use`, given up where it broke. */
async function withClient<Result>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  // The query that is out, or the next one, tells that the connection broke. pg says it by an event too, which would end
  // the process if nobody listened.
  const ignore = () => {};
  client.on("error", ignore);
  let isBroken = false;
  try {
    return await use(client);
  } catch (error) {
    isBroken = !isRefusal(error);
    throw error;
  } finally {
    client.release(isBroken);
    client.off("error", ignore);
  }
}

/**
 * What was refused was rolled back, so each is tried by itself. Anything else (the connection broke, the pool was ended)
 * is no one request's fault and may have come after the commit: trying again would append twice, so all hear of it.
 */
function afterFailure(batch: readonly Waiting[], error: unknown): readonly Waiting[] {
  const mayTryAgain = isRefusal(error) && (batch.length > 1 || isWorthRetrying(error));
  const again: Waiting[] = [];
  for (const waiting of batch) {
    waiting.isAlone = true;
    if (mayTryAgain && ++waiting.tries <= triesMax) again.push(waiting);
    else waiting.reject(error);
  }
  return again;
}

/** Whether the database refused a statement, and lives on: https://www.postgresql.org/docs/18/errcodes-appendix.html */
function isRefusal(error: unknown): error is pg.DatabaseError {
  // Classes 08 and 57P: the connection is lost, or the server is going down.
  return error instanceof pg.DatabaseError && !/^(?:08|57P)/.test(error.code ?? "08");
}

/**
 * Whether the database refused for a reason that loading again resolves: a unique violation (somebody appended the same
 * client request meanwhile), a deadlock, a serialization failure. Everything else has to be heard of.
 */
function isWorthRetrying({ code }: pg.DatabaseError): boolean {
  return code === "23505" || code === "40P01" || code === "40001";
}
