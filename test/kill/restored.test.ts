// Leaders whose database is replaced by an older copy, each a process of its own: they take in what others have of theirs
// before they sequence, so that there is no second history, and nothing that somebody had is lost.
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createParley, type Parley } from "../../sdk/src/index.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { openDatabase } from "../../src/store/database.ts";
import { findEmbeddedPostgres, startEmbeddedPostgres } from "../../src/store/embedded-postgres.ts";
import { done } from "../graphql/given.ts";
import { backUp, restore } from "../support/backup.ts";
import { untilLogsEqual } from "../support/equal-logs.ts";
import { freePort } from "../support/free-port.ts";
import { runParley, startParley } from "../support/parley-process.ts";
import { type PlatformProcesses, startBeside } from "../support/platform-processes.ts";
import type { Someone } from "../support/platforms.ts";

const patience = { timeout: 180_000 };

/** Nobody is asked before two minutes are over, for so long what was sent may be on its way; and what waits is looked at every minute. */
const twoMinutesLater = async (pool: pg.Pool): Promise<void> => {
  await pool.query("UPDATE loss SET ask_at = now()");
  await pool.query(
    "UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now() AND locked_at IS NULL",
  );
  await pool.query("SELECT graphile_worker.add_job('resume', job_key => 'resume')");
};

const [a, b, c, d] = ["a.localhost", "b.localhost", "c.localhost", "d.localhost"];

const opened = new AsyncDisposableStack();
let platforms: PlatformProcesses;
let bob: Someone;
let portOfD: number;

beforeAll(async () => {
  portOfD = await freePort();
  platforms = opened.use(await startBeside(new Map([[d, portOfD]]), a, b, c));
  bob = await platforms.someone("bob", b);
});
afterAll(() => opened.disposeAsync());

const poolOf = (name: string) => platforms.on(name).database.pool;

/** Begins a conversation with bob, in which the two have said something. */
async function begun(leader: Parley, subject: string): Promise<string> {
  const participants = [{ address: bob.address }];
  const { conversation } = await done(leader.conversationCreate({ subject, participants, publish: true }));
  const hash = conversation.hash ?? expect.fail("it was not published");
  await done(leader.messageAdd({ conversation: hash, body: "Before the backup" }));
  const had = async () => expect((await bob.parley.conversation({ hash }))?.lastEvent?.seq).toBe(4);
  await vi.waitFor(had, { timeout: 30_000 });
  return hash;
}

/** What is said after the backup was made, by both; and another conversation. */
async function goneOn(leader: Parley, conversation: string): Promise<string> {
  for (const number of [1, 2, 3]) await done(leader.messageAdd({ conversation, body: `Lost ${number}` }));
  expect(await done(bob.parley.messageAdd({ conversation, body: "Lost, by bob" }))).toMatchObject({ pending: false });
  return begun(leader, "Begun after the backup");
}

/** Both go on at once, and the logs come out as one, with all that was ever said. */
async function recovers(leader: Parley, pool: () => pg.Pool, conversation: string, other: string): Promise<void> {
  const after = await done(leader.messageAdd({ conversation, body: "After the restore" }));
  expect(after).toMatchObject({ pending: true });
  expect(await leader.subjectModify({ conversation, subject: "Now" })).toMatchObject({ code: "LEADER_UNREACHABLE" });
  expect(await done(bob.parley.messageAdd({ conversation, body: "After it, by bob" }))).toMatchObject({
    pending: true,
  });

  const words = async () =>
    (await bob.parley.messages({ conversation, last: 20 }))?.messages.edges.map(({ node }) => node.body);
  const lost = ["Before the backup", "Lost 1", "Lost 2", "Lost 3", "Lost, by bob"];
  const recovered = async () => {
    await twoMinutesLater(pool());
    expect(await words()).toHaveLength(lost.length + 2);
  };
  await vi.waitFor(recovered, { ...patience, interval: 1_000 });
  expect((await words())?.slice(0, lost.length)).toEqual(lost);
  expect((await words())?.toSorted()).toEqual([...lost, "After the restore", "After it, by bob"].toSorted());
  for (const hash of [conversation, other]) await untilLogsEqual(hash, pool(), poolOf(b));
  for (const one of [pool(), poolOf(b)]) {
    const { rows } = await one.query(
      "SELECT id FROM conversation WHERE id = ANY ($1) AND (frozen_at IS NOT NULL OR in_doubt)",
      [[conversation, other]],
    );
    expect(rows).toEqual([]);
  }
  await done(leader.subjectModify({ conversation, subject: "Now" }));
  await untilLogsEqual(conversation, pool(), poolOf(b));
}

test.concurrent("a database that was restored from an older copy while the platform was down", patience, async () => {
  const { database, url } = { ...platforms.on(a), url: platforms.on(a).settings["DATABASE_URL"] ?? "" };
  const { parley } = await platforms.someone("alice", a);
  const conversation = await begun(parley, "On a");
  await platforms.end(a, "SIGTERM");
  await using backup = await backUp(url);
  await platforms.start(a);
  const other = await goneOn(parley, conversation);

  await platforms.end(a, "SIGKILL");
  await restore(url, backup.url);
  await platforms.start(a);
  await recovers(parley, () => database.pool, conversation, other);
});

test.concurrent("a database that was replaced by an older copy under the platform while it ran", patience, async () => {
  const url = platforms.on(c).settings["DATABASE_URL"] ?? "";
  const { parley } = await platforms.someone("carol", c);
  const conversation = await begun(parley, "On c");
  await using backup = await backUp(url);
  const other = await goneOn(parley, conversation);

  await restore(url, backup.url);
  await recovers(parley, () => poolOf(c), conversation, other);
});

test.concurrent("a data folder that was copied back", patience, async () => {
  const place = await mkdtemp(join(tmpdir(), "parley-restored-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(place, { recursive: true, force: true }));
  const [folder, backup] = [join(place, "data"), join(place, "backup")];
  // Whatever happens, its PostgreSQL does not stay.
  stack.defer(async () =>
    (await startEmbeddedPostgres({ folder: join(folder, "postgres"), log: silentLogger }))[Symbol.asyncDispose](),
  );
  const { DATABASE_URL: _, ...shared } = platforms.on(b).settings;
  const settings = { ...shared, PARLEY_PLATFORM: d, PARLEY_PORT: String(portOfD), PARLEY_DATA: folder };
  const start = async () => stack.use(await startParley(settings));
  const made = await runParley(["account", "create", `dora@${d}`, "--token", "--json"], settings);
  const parley = createParley({ url: `http://127.0.0.1:${portOfD}/graphql`, token: JSON.parse(made.output).token });

  const first = await start();
  const conversation = await begun(parley, "On d");
  first.child.kill("SIGTERM");
  await first.ended;
  await cp(folder, backup, { recursive: true, preserveTimestamps: true });
  const second = await start();
  const other = await goneOn(parley, conversation);
  second.child.kill("SIGTERM");
  await second.ended;

  await rm(folder, { recursive: true });
  await cp(backup, folder, { recursive: true, preserveTimestamps: true });
  const third = await start();
  expect(third.output()).toContain("its folder is another one");
  const url = (await findEmbeddedPostgres(join(folder, "postgres"))) ?? expect.fail("no database runs");
  const database = await openDatabase({ url, poolSize: 1, log: silentLogger });
  await recovers(parley, () => database.pool, conversation, other);
  await database[Symbol.asyncDispose]();
  third.child.kill("SIGTERM");
  expect(await third.ended, third.output()).toBe(0);
});
