import { expect, test } from "vitest";
import { postgresDiscoveryStore } from "../../src/store/postgres-discovery-store.ts";
import { beginning, minuteMs, timeAfter } from "../conversation/given.ts";
import { listOf, Net, publicKey, wellKnown } from "../federation/given.ts";
import { createTestDatabase } from "../support/database.ts";
import { describeDiscoveryStore } from "./discovery-contract.ts";

describeDiscoveryStore("the store of discoveries on PostgreSQL", async (run) => {
  await using database = await createTestDatabase();
  await run(postgresDiscoveryStore(database.pool));
});

test("two processes that meet a platform at once know the same of it", async () => {
  await using database = await createTestDatabase();
  await using net = new Net(postgresDiscoveryStore(database.pool));
  const host = await net.host("a.test");
  host.says(wellKnown(listOf("a.test", ["one", null], ["two", "one", { nbf: timeAfter(beginning, minuteMs) }])));
  const processes = [net.discovery(), net.discovery()];
  const ask = (key: string) =>
    Promise.all(
      processes.flatMap((discovery) => [
        discovery.platformOf("a.test"),
        discovery.keyOf("a.test", publicKey(key), net.time),
      ]),
    );
  const served = { kind: "platform", platform: "a.test" };
  expect(await ask("one")).toEqual([served, "valid", served, "valid"]);
  const { asked } = host;
  expect(await ask("two")).toEqual([served, "notInWindow", served, "notInWindow"]);
  expect(host.asked).toBe(asked);
});
