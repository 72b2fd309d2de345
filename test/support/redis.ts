// A Redis of a test's own: the `redis-server` from PATH, keeping nothing, which the test may stop and start again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";

const answersWithinMs = 10_000;

const howToInstall =
  "These tests need a `redis-server` on PATH. On Debian or Ubuntu: apt-get update && apt-get install -y redis-server";

export type TestRedis = AsyncDisposable & {
  url: string;
  port: number;
  /** Kills it, as a crash would: what it held is gone, and connections break. */
  stop(): Promise<void>;
  /** Starts it again on the same port, empty; answers when Redis does. */
  start(): Promise<void>;
};

async function answers(port: number): Promise<boolean> {
  const client = new Redis({ port, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  // What goes wrong is told by the rejection; unheard, the event would be printed.
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function launch(port: number): Promise<ChildProcess> {
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"];
  const child = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  await once(child, "spawn").catch((error: unknown) => {
    throw new Error(howToInstall, { cause: error });
  });
  const giveUpAt = performance.now() + answersWithinMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      child.kill("SIGKILL");
      throw new Error(`redis-server did not start on port ${port}:\n${log}`);
    }
    await delay(20);
  }
  return child;
}

/** Starts a Redis on a free port; disposing stops it. Fails with the line that installs it where it is missing. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    const stopping = child;
    child = undefined;
    if (stopping === undefined || stopping.exitCode !== null || stopping.signalCode !== null) return;
    const exited = once(stopping, "exit");
    stopping.kill("SIGKILL");
    await exited;
  };
  const start = async (): Promise<void> => {
    child ??= await launch(port);
  };
  await start();
  return { url: `redis://127.0.0.1:${port}`, port, stop, start, [Symbol.asyncDispose]: stop };
}
