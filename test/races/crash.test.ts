import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { append, ask, converse, overSse, overWebSocket, say } from "../platforms/subscribers.ts";
import { type CrashPoint, crashPoints } from "../support/crash-points.ts";
import { createDatabase } from "../support/database.ts";
import { startPlatform, type TestPlatform, testSecret } from "../support/platform.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";

const opened = new AsyncDisposableStack();
let redis: TestRedis;
/** The process that lives on: another API, and the worker. */
let survivor: TestPlatform;

let compiled: string;

beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), "parley-compiled-"));
  opened.defer(() => rm(compiled, { recursive: true, force: true }));
  // Compiled code is kept when a process ends by itself, so one does that first.
  const compiling = spawn(process.execPath, ["--eval", 'import("./src/cli/parts.ts")'], {
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compiled },
    stdio: "ignore",
  });
  redis = opened.use(await startRedis());
  const { url: databaseUrl } = opened.use(await createDatabase());
  survivor = opened.use(await startPlatform({ databaseUrl, redisUrl: redis.url }));
  if (compiling.exitCode === null) await once(compiling, "exit");
});
afterAll(() => opened.disposeAsync());

/** An API process that will be killed at that point. */
async function startCrashing(point: CrashPoint): Promise<{ readonly url: string; readonly killed: Promise<unknown> }> {
  const child: ChildProcess = spawn(process.execPath, ["test/support/crashing-api.ts", point], {
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: survivor.databaseUrl,
      REDIS_URL: redis.url,
      PARLEY_SECRET: testSecret,
      PARLEY_PORT: "0",
      NODE_COMPILE_CACHE: compiled,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  opened.defer(() => void child.kill("SIGKILL"));
  const killed = once(child, "exit").then(([, signal]: readonly unknown[]) => signal);
  if (!child.stdout) throw new Error("the child has no output");
  const [port] = await once(createInterface(child.stdout), "line");
  return { url: `http://127.0.0.1:${port}`, killed };
}

const rows = async <Row extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
  (await survivor.core.database.pool.query(sql, [...values])).rows;

/** Waits for what the worker does by itself. */
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { interval: 50, timeout: 30_000 });

const outboxOf = async (conversation: string) =>
  (await rows("SELECT FROM outbox WHERE conversation_id = $1", conversation)).length;

describe.concurrent("a process that is killed", { timeout: 120_000 }, () => {
  // Where nothing is erased there is no job.
  test.each(crashPoints.filter((point) => point !== "before the job is enqueued"))(
    "%s: the message arrives once, and is retried into the same event",
    async (point) => {
      const crashing = await startCrashing(point);
      const alice = await survivor.person(`alice.${crashPoints.indexOf(point)}`);
      const bob = await survivor.person(`bob.${crashPoints.indexOf(point)}`);
      const conversation = await converse(survivor.url, alice.token, bob.address);
      await eventually(async () => expect(await outboxOf(conversation)).toBe(0));
      const subscribers = [
        await overWebSocket(survivor.url, bob.token),
        await overSse(survivor.url, bob.token),
        await overWebSocket(survivor.url, alice.token),
      ];

      const answered = await say(crashing.url, alice.token, conversation, "did it arrive?", "retried").then(
        ({ seq }) => seq,
        () => null,
      );
      expect(await crashing.killed).toBe("SIGKILL");
      // Killed as soon as it was committed, nobody was answered.
      if (point === "after the commit") expect(answered).toBeNull();
      const retried = await say(survivor.url, alice.token, conversation, "did it arrive?", "retried");
      expect(retried.seq).toBe(3);
      expect(answered ?? 3).toBe(3);

      for (const { until } of subscribers) await until(conversation, 3);
      await eventually(async () => expect(await outboxOf(conversation)).toBe(0));
      const [event] = await rows<{ timestamp: Date }>(
        "SELECT timestamp FROM event WHERE conversation_id = $1 AND seq = 3",
        conversation,
      );
      const sorted = await rows<{ sort_at: Date }>(
        "SELECT sort_at FROM participation WHERE conversation_id = $1",
        conversation,
      );
      expect(sorted.map(({ sort_at }) => sort_at)).toEqual([event?.timestamp, event?.timestamp]);
      const list = await ask(
        survivor.url,
        bob.token,
        "{ conversations(first: 1) { edges { node { hash unread seq } } } }",
      );
      expect(list).toEqual({ conversations: { edges: [{ node: { hash: conversation, unread: 1, seq: 3 } }] } });

      // Whatever would come twice has come before this.
      const last = await say(survivor.url, bob.token, conversation, "yes");
      expect(last.seq).toBe(4);
      for (const { name, seqsOf, until } of subscribers) {
        await until(conversation, 4);
        expect(seqsOf(conversation), name).toEqual([3, 4]);
      }
      for (const subscriber of subscribers) await subscriber[Symbol.asyncDispose]();
    },
  );

  test.each(["after the commit", "before the job is enqueued"] satisfies CrashPoint[])(
    "%s of what erases: the removal arrives, and the erased body is deleted",
    async (point) => {
      const crashing = await startCrashing(point);
      const alice = await survivor.person(`alice.erases.${crashPoints.indexOf(point)}`);
      const bob = await survivor.person(`bob.erases.${crashPoints.indexOf(point)}`);
      const conversation = await converse(survivor.url, alice.token, bob.address);
      const { event: message } = await say(survivor.url, alice.token, conversation, "not for long");
      await eventually(async () => expect(await outboxOf(conversation)).toBe(0));
      const subscriber = await overWebSocket(survivor.url, bob.token);

      await append(crashing.url, alice.token, "messageRemove", { conversation, message }).catch(() => null);
      expect(await crashing.killed).toBe("SIGKILL");
      await subscriber.until(conversation, 4);
      await eventually(async () =>
        expect(await rows("SELECT body, salt FROM event WHERE conversation_id = $1 AND seq = 3", conversation)).toEqual(
          [{ body: null, salt: null }],
        ),
      );
      await eventually(async () => expect(await outboxOf(conversation)).toBe(0));
      expect(subscriber.seqsOf(conversation)).toEqual([4]);
      await subscriber[Symbol.asyncDispose]();
    },
  );
});
