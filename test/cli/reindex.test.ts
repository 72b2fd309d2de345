// parley reindex, as operators run it.
import { expect, test, vi } from "vitest";
import { conversationOf, givenPlatform, said } from "../graphql/given.ts";
import { runParley } from "../support/parley-process.ts";
import { testSecret } from "../support/platform.ts";

vi.setConfig({ testTimeout: 120_000 });

const given = givenPlatform();

test("beside a running platform it makes everything searchable anew, and the doctor agrees", async () => {
  const { platform } = given;
  const { alice } = await given.people("alice");
  await said(alice, await conversationOf(alice), "the heron");
  await platform.searchable();
  await platform.core.database.pool.query("DELETE FROM searchable");
  const found = async () => (await alice.parley.search({ query: "heron" })).edges.length;
  expect(await found()).toBe(0);
  const settings = { DATABASE_URL: platform.databaseUrl, PARLEY_SECRET: testSecret };
  const doctor = await runParley(["doctor"], settings);
  expect(doctor.output).toContain("parley reindex");
  expect(doctor.code).toBe(1);
  const { output, code } = await runParley(["reindex"], settings);
  expect(output).toContain("3 texts indexed anew");
  expect(code).toBe(0);
  expect(await found()).toBe(1);
  expect(JSON.parse((await runParley(["reindex", "--json"], settings)).output)).toMatchObject({ texts: 3, surplus: 0 });
  expect((await runParley(["doctor"], settings)).output).toContain("Drift: 0.");
  expect((await runParley(["reindex", "all"], settings)).errors).toContain("Say: parley reindex");
});
