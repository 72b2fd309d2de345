// Redis goes away while people talk, and comes back.
import { expect, test } from "vitest";
import { startPlatform } from "../support/platform.ts";
import { startRedis } from "../support/redis.ts";
import { converse, say } from "./subscribers.ts";

test("that Redis is away is said once, however much is said meanwhile, and once that it is back", async () => {
  await using redis = await startRedis();
  const lines: { level: number; msg: string }[] = [];
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  await using platform = await startPlatform({ redisUrl: redis.url, log });
  const { announcer } = platform.core;
  const { token } = await platform.person("alice");
  const bob = await platform.person("bob");
  const conversation = await converse(platform.url, token, bob.address);
  await announcer.idle();

  await redis.stop();
  for (const words of ["one", "two", "three"]) {
    await say(platform.url, token, conversation, words);
    await announcer.idle();
  }
  await expect(announcer.sweep(0)).rejects.toThrow();
  const said = () => lines.filter(({ msg, level }) => level >= 40 || msg.includes("Redis")).map(({ msg }) => msg);
  expect(said()).toEqual(["Redis is out of reach; this process goes on and will catch up"]);

  await redis.start();
  await expect.poll(said, { interval: 5, timeout: 20_000 }).toHaveLength(2);
  expect(said()[1]).toBe("Redis is back");
  await say(platform.url, token, conversation, "four");
  await announcer.idle();
  expect(said()).toHaveLength(2);
});
