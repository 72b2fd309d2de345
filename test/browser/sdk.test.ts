// The SDK as it is packed, in a real browser, with two processes behind one address, of which now the one goes and now the other.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { expect, test, vi } from "vitest";
import { converse } from "../platforms/subscribers.ts";
import { createDatabase } from "../support/database.ts";
import { installSdk } from "../support/installed-sdk.ts";
import { type ParleyProcess, startParley } from "../support/parley-process.ts";
import { startPlatform, testSecret } from "../support/platform.ts";
import { startRedis } from "../support/redis.ts";
import { chromium as executablePath } from "../support/require-chromium.ts";
import { startBalancer } from "./balancer.ts";

vi.setConfig({ testTimeout: 300_000 });

interface Result {
  readonly listeners: readonly {
    readonly transport: string;
    readonly items: readonly (readonly [kind: string, conversation: string, seq: number, text?: string])[];
  }[];
  readonly faults: readonly string[];
  readonly said: readonly string[];
}

test("while one of two processes is stopped or killed, and started again, people in a browser miss nothing and get nothing twice", async () => {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const { url: databaseUrl } = stack.use(await createDatabase());
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, PARLEY_SECRET: testSecret };
  // Its worker sweeps up what a killed process left; the browser knows nothing of it.
  const platform = stack.use(await startPlatform({ databaseUrl, redisUrl: redis.url }));
  const start = async (port = "0"): Promise<ParleyProcess> =>
    stack.use(await startParley({ ...environment, PARLEY_PORT: port }, "api"));
  const processes = [await start(), await start()];
  const urls = processes.map(({ url }) => url);

  const sdk = stack.use(await installSdk());
  const balancer = stack.use(
    await startBalancer(urls, await readFile(new URL("talking.html", import.meta.url), "utf8"), {
      sdk: join(sdk.folder, "node_modules/@parley/sdk"),
      "graphql-ws": join(sdk.folder, "node_modules/graphql-ws"),
    }),
  );
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  stack.defer(() => browser.close());
  const tab = await browser.newPage();
  const complaints: string[] = [];
  tab.on("pageerror", (error) => complaints.push(String(error)));
  await tab.goto(balancer.url);
  await tab.waitForFunction("globalThis.page");
  const until = (condition: string) => tab.waitForFunction(condition, undefined, { timeout: 120_000 });

  const [alice, bob] = [await platform.person("alice"), await platform.person("bob")];
  const conversations = [
    await converse(platform.url, alice.token, bob.address),
    await converse(platform.url, alice.token, bob.address),
  ];
  // In turns, so that each process has one of each.
  for (const transport of ["webSocket", "webSocket", "eventStream", "eventStream"]) {
    await tab.evaluate(`page.listen(${JSON.stringify(bob.token)}, "${transport}")`);
    await until("page.areConnected()");
  }
  await tab.evaluate(`page.talk("${alice.token}", "${conversations[0]}")`);
  await tab.evaluate(`page.talk("${bob.token}", "${conversations[1]}")`);
  const talkOn = async () => {
    const told = Number(await tab.evaluate("page.told()"));
    await until(`page.told() > ${told + 50}`);
  };

  await talkOn();
  for (const [index, signal] of (["SIGTERM", "SIGKILL"] as const).entries()) {
    const process = processes[index];
    process?.child.kill(signal);
    expect(await process?.ended).toBe(signal === "SIGTERM" ? 0 : signal);
    await talkOn();
    await start(new URL(urls[index] ?? "").port);
    await talkOn();
  }
  await tab.evaluate("page.quiet()");

  const { rows } = await platform.core.database.pool.query<{ id: string; seq: number }>(
    "SELECT id, seq FROM conversation WHERE id = ANY($1)",
    [conversations],
  );
  const heads = rows.map(({ id, seq }) => [id, seq] as const);
  expect(heads).toHaveLength(2);
  await until(`page.haveSeen(${JSON.stringify(heads)})`);

  const { listeners, faults, said } = (await tab.evaluate("page.result()")) as Result;
  expect(faults).toEqual([]);
  expect(complaints).toEqual([]);
  expect(listeners).toHaveLength(4);
  for (const { transport, items } of listeners) {
    expect(new Set(items.map(([kind]) => kind)), transport).toEqual(new Set(["EventAdded"]));
    for (const [conversation, head] of heads) {
      const seqs = items.flatMap(([, of, seq]) => (of === conversation ? [seq] : []));
      // The conversation and bob are there before anybody listens, so the first message is the third event.
      const live = seqs.filter((seq) => seq > 2);
      expect(live, transport).toEqual(Array.from({ length: head - 2 }, (_, index) => index + 3));
      expect(new Set(seqs).size, transport).toBe(seqs.length);
    }
  }
  // What was said, and sent again where the process that took it went, is there once.
  const texts = listeners[0]?.items.flatMap(([, , , text]) => text ?? []) ?? [];
  expect(texts.toSorted()).toEqual(said.toSorted());
  // And the connections did break.
  expect(await tab.evaluate("page.broken()")).toBe(4);
  expect(balancer.broken()).toBeGreaterThanOrEqual(4);
});
