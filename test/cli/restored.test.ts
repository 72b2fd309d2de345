// parley restored, said beside a running platform.
import { expect, test, vi } from "vitest";
import { done } from "../graphql/given.ts";
import { untilLogsEqual } from "../support/equal-logs.ts";
import { runParley } from "../support/parley-process.ts";
import { startPlatform, testSecret } from "../support/platform.ts";
import { startPlatforms } from "../support/platforms.ts";

const [a, b] = ["a.localhost", "b.localhost"];

test("told that its database is an older copy, a platform sequences nothing before others were asked", async () => {
  await using platforms = await startPlatforms(a, b);
  const alice = await platforms.someone("alice", a);
  const bob = await platforms.someone("bob", b);
  const { pool } = platforms.on(a).core.database;
  const settings = {
    DATABASE_URL: platforms.on(a).databaseUrl,
    ...{ PARLEY_SECRET: testSecret, PARLEY_PLATFORM: a },
  };
  const { conversation } = await done(
    alice.parley.conversationCreate({ participants: [{ address: bob.address }], publish: true }),
  );
  const hash = conversation.hash ?? expect.fail("it was not published");
  await untilLogsEqual(hash, pool, platforms.on(b).core.database.pool);
  const { conversation: alone } = await done(alice.parley.conversationCreate({ subject: "Notes", publish: true }));

  const told = await runParley(["restored"], settings);
  expect(told).toMatchObject({ code: 0, errors: "" });
  expect(told.output).toMatch(/ asked: b\.localhost\.\n$/);
  const say = async (where: string | null, body: string) =>
    (await done(alice.parley.messageAdd({ conversation: where ?? "", body }))).pending;
  expect(await say(hash, "Is it?")).toBe(true);
  expect(await say(alone.hash, "Does nobody else have this?")).toBe(true);
  const jobs = await pool.query("SELECT FROM graphile_worker.jobs WHERE key = $1 AND run_at > now()", [`deliver:${b}`]);
  expect(jobs.rowCount).toBe(1);

  const settled = await runParley(["restored", "--nothing-lost", "--json"], settings);
  expect(settled).toMatchObject({ code: 0, errors: "", output: '{"asked":[]}\n' });
  for (const where of [hash, alone.hash]) expect(await say(where, "No, nothing was lost.")).toBe(false);
  // What waited is asked for again every minute, and by whatever else is heard of it.
  await platforms.on(a).core.federation.resume();
  await vi.waitFor(
    async () => {
      const log = await untilLogsEqual(hash, pool, platforms.on(b).core.database.pool);
      expect(log.map(({ body }) => (body && "text" in body ? body.text : null))).toContain("Is it?");
    },
    { timeout: 30_000 },
  );
});

test("a platform that knows no other has nobody to ask", async () => {
  await using platform = await startPlatform();
  const settings = { DATABASE_URL: platform.databaseUrl, PARLEY_SECRET: testSecret };
  const told = await runParley(["restored"], settings);
  expect(told).toEqual({ code: 0, errors: "", output: "No other platform is known here: there is nobody to ask.\n" });
  const refused = await runParley(["restored", "yesterday"], settings);
  expect(refused).toMatchObject({ code: 1, output: "" });
  expect(refused.errors).toContain("Say: parley restored [--nothing-lost] [--json]");
});
