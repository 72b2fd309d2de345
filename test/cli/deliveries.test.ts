// parley deliveries, said beside a running platform whose peer is down.
import { expect, test, vi } from "vitest";
import { postgresPeerStore } from "../../src/store/postgres-peer-store.ts";
import { done } from "../graphql/given.ts";
import { untilLogsEqual } from "../support/equal-logs.ts";
import { runParley } from "../support/parley-process.ts";
import { startPlatform, testSecret } from "../support/platform.ts";
import { startPlatforms } from "../support/platforms.ts";

// Each starts a process many times over.
vi.setConfig({ testTimeout: 180_000 });

const [a, b] = ["a.localhost", "b.localhost"];

/** A conversation of alice's, on a, with bob on b, who has it. */
async function beginTalk(platforms: Awaited<ReturnType<typeof startPlatforms>>) {
  const alice = await platforms.someone("alice", a);
  const bob = await platforms.someone("bob", b);
  const { conversation: begun } = await done(
    alice.parley.conversationCreate({ participants: [{ address: bob.address }], publish: true }),
  );
  const conversation = begun.hash ?? expect.fail("it was not published");
  await untilLogsEqual(conversation, platforms.on(a).core.database.pool, platforms.on(b).core.database.pool);
  return { alice, bob, conversation };
}

test("what is owed to a platform that does not answer is listed, and sent anew after the last try when that is said", async () => {
  await using platforms = await startPlatforms(a, b);
  const { alice, conversation } = await beginTalk(platforms);
  const poolOf = (name: string) => platforms.on(name).core.database.pool;

  await platforms.stop(b);
  await platforms.stop(a);
  const { databaseUrl } = await platforms.start(a, { retry: (failures) => (failures === 0 ? 0 : null) });
  await done(alice.parley.messageAdd({ conversation, body: "Is anybody there?" }));
  const peers = postgresPeerStore(poolOf(a), a);
  await vi.waitFor(async () => expect(await peers.failures(b)).toBe(1), { timeout: 20_000 });

  const settings = { DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret, PARLEY_PLATFORM: a };
  const list = () => runParley(["deliveries", "list"], settings);
  const before = await list();
  expect(before).toMatchObject({ code: 0, errors: "" });
  expect(before.output).toMatch(
    /^b\.localhost: 1 event of 1 conversation waits\n {2}last tried \d{4}-\S+Z: \w+.*\n {2}did not answer 1 time in a row\n$/,
  );
  const { output } = await runParley(["deliveries", "list", "--json"], settings);
  expect(JSON.parse(output)).toMatchObject([
    { platform: b, waiting: { events: 1, conversations: 1 }, refused: [], failures: 1 },
  ]);

  await peers.attempted(b, { at: new Date().toISOString(), code: "forbidden", answer: "" }, false);
  expect((await list()).output).toContain("name it in PARLEY_PEERS");

  // Without a worker it greets nobody: nothing but what is said here has it sent anew.
  await platforms.start(b, { worker: false });
  const retried = await runParley(["deliveries", "retry", b], settings);
  expect(retried).toEqual({ code: 0, errors: "", output: "Sent anew as soon as a worker runs: b.localhost.\n" });
  await untilLogsEqual(conversation, poolOf(a), poolOf(b));
  const delivered = async () => expect((await list()).output).toMatch(/^b\.localhost: no event waits\n/);
  await vi.waitFor(delivered, { timeout: 30_000 });
  expect((await runParley(["deliveries", "retry", b], settings)).output).toBe(`Nothing is owed to ${b}.\n`);
});

test("what waits for another platform as leader is listed, and asked anew when that is said", async () => {
  await using platforms = await startPlatforms(a, b);
  const { bob, conversation } = await beginTalk(platforms);
  await platforms.stop(a);
  await platforms.stop(b);
  // It asks once by itself: after that only because somebody says so.
  const { databaseUrl } = await platforms.start(b, { retry: (failures) => (failures === 0 ? 0 : null) });
  const settings = { DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret, PARLEY_PLATFORM: b };
  const list = async () => (await runParley(["deliveries", "list"], settings)).output;
  expect((await done(bob.parley.messageAdd({ conversation, body: "Are you there?" }))).pending).toBe(true);
  expect(await list()).toMatch(
    /^a\.localhost: no event waits\n {2}as leader: 1 proposal of 1 conversation waits for its answer\n/m,
  );
  // Without a worker it greets nobody.
  await platforms.start(a, { worker: false });
  const retried = await runParley(["deliveries", "retry", a], settings);
  expect(retried).toEqual({ code: 0, errors: "", output: "Sent anew as soon as a worker runs: a.localhost.\n" });
  await vi.waitFor(async () => expect(await list()).not.toContain("as leader"), { timeout: 30_000 });
});

test("what another platform refuses is listed with the reason, and offered again when that is said", async () => {
  await using platforms = await startPlatforms(a, b);
  const alice = await platforms.someone("alice", a);
  const { conversation: begun } = await done(
    alice.parley.conversationCreate({ participants: [{ address: `nobody@${b}` }], publish: true }),
  );
  const conversation = begun.hash ?? expect.fail("it was not published");
  const { databaseUrl, core } = platforms.on(a);
  const settings = { DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret, PARLEY_PLATFORM: a };
  const list = async () => (await runParley(["deliveries", "list"], settings)).output;
  await vi.waitFor(async () => expect(await list()).toContain(`  refuses ${conversation} at 1: RECIPIENT_UNKNOWN\n`), {
    timeout: 30_000,
  });
  await platforms.someone("nobody", b);
  expect((await runParley(["deliveries", "retry"], settings)).code).toBe(0);
  await untilLogsEqual(conversation, core.database.pool, platforms.on(b).core.database.pool);
});

test("where nothing is owed, that is said; and what cannot be done is, without a stack", async () => {
  await using platform = await startPlatform();
  const settings = { DATABASE_URL: platform.databaseUrl, PARLEY_SECRET: testSecret };
  const say = (...args: readonly string[]) => runParley(["deliveries", ...args], settings);
  expect(await say("list")).toEqual({ code: 0, errors: "", output: "Nothing was ever owed to another platform.\n" });
  expect(await say("retry")).toEqual({ code: 0, errors: "", output: "Nothing is owed to anybody.\n" });
  const refused = [await say(), await say("list", b), await say("retry", b), await say("list", "--now")];
  for (const { code, output } of refused) expect({ code, output }).toEqual({ code: 1, output: "" });
  const [without, listed, unknown, option] = refused.map(({ errors }) => errors);
  for (const errors of [without, listed]) expect(errors).toContain("Say: parley deliveries list [--json]");
  expect(unknown).toContain("Nothing was ever owed to b.localhost.");
  expect(option).toContain("--now");
  for (const { errors } of refused) expect(errors).not.toMatch(/\n +at /);
});
