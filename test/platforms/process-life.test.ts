import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureAccount } from "../../src/accounts/accounts.ts";
import { issueToken } from "../../src/accounts/tokens.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { startParley } from "../support/parley-process.ts";
import { testSecret } from "../support/platform.ts";
import { append, ask, converse, overSse, overWebSocket, say } from "./subscribers.ts";

const tokenOf = async ({ prisma }: TestDatabase, name: string): Promise<string> => {
  const { viewer } = await ensureAccount(prisma, `${name}@localhost`, {
    platform: "localhost",
    domains: ["localhost"],
  });
  return issueToken(prisma, viewer.accountId);
};

test("told to stop, it answers what was asked, finishes the job that it works on, and leaves nothing unannounced", async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const alice = await tokenOf(database, "alice");
  const bob = await tokenOf(database, "bob");
  await using started = await startParley({ DATABASE_URL: database.url, PARLEY_SECRET: testSecret });
  const { child, url, ended, output } = started;
  const [conversation, other] = [
    await converse(url, alice, "bob@localhost"),
    await converse(url, alice, "bob@localhost"),
  ];
  const { event: message } = await say(url, alice, other, "not for long");
  const outbox = () => pool.query("SELECT FROM outbox");
  await expect.poll(async () => (await outbox()).rowCount, { interval: 20, timeout: 20_000 }).toBe(0);
  await using _socket = await overWebSocket(url, bob);
  await using _stream = await overSse(url, bob);

  // The job has to wait for the event that it would erase, the request for the conversation that it would append to.
  const holder = await pool.connect();
  // Whatever fails below: with the connection kept, the pool would never end, and nobody be told what failed.
  await using _released = { [Symbol.asyncDispose]: async () => holder.release(true) };
  await holder.query("BEGIN");
  await holder.query("SELECT FROM event WHERE conversation_id = $1 AND seq = 3 FOR UPDATE", [other]);
  await holder.query("SELECT FROM conversation WHERE id = $1 FOR UPDATE", [conversation]);
  await append(url, alice, "messageRemove", { conversation: other, message });
  const answered = say(url, alice, conversation, "the last word");
  // These two by name: what makes texts searchable waits as well, for the job.
  const held = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND (query ~ '^\\s*UPDATE event AS e SET body = NULL' OR query ~ 'INSERT INTO conversation AS c')`;
  await expect.poll(async () => (await pool.query(held)).rowCount, { interval: 20, timeout: 20_000 }).toBe(2);

  child.kill("SIGTERM");
  const refused = () =>
    fetch(`${url}/healthz`).then(
      () => false,
      () => true,
    );
  await expect.poll(refused, { interval: 20, timeout: 20_000 }).toBe(true);
  expect(child.exitCode).toBeNull();
  await holder.query("COMMIT");

  expect((await answered).seq).toBe(3);
  expect(await ended, output()).toBe(0);
  expect((await outbox()).rowCount).toBe(0);
  const jobs = "SELECT FROM graphile_worker.jobs WHERE task_identifier = 'erase-bodies'";
  expect((await pool.query(jobs)).rowCount, output()).toBe(0);
  const { rows } = await pool.query("SELECT body FROM event WHERE conversation_id = $1 AND seq = 3", [other]);
  expect(rows).toEqual([{ body: null }]);
});

test("on a data folder of its own, it finds what it had: after it was stopped, and after it was killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-life-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Whatever happens, its PostgreSQL does not stay: this takes it over, and stops it.
  stack.defer(async () =>
    (await startEmbeddedPostgres({ folder: join(folder, "postgres"), log: silentLogger }))[Symbol.asyncDispose](),
  );
  const settings = { PARLEY_DATA: folder };
  const wordsOf = async (url: string, token: string, conversation: string) =>
    JSON.stringify(
      await ask(
        url,
        token,
        "query ($hash: Hash) { conversation(hash: $hash) { messages { edges { node { body } } } } }",
        { hash: conversation },
      ),
    ).match(/(?<="body":")[^"]+/g);

  const first = stack.use(await startParley(settings));
  // Printed after the address where it listens.
  const tokens = () => first.output().match(/(?<=token +)parley_\S+(?=\n)/g) ?? [];
  await expect.poll(() => tokens().length, { interval: 5, timeout: 20_000 }).toBe(2);
  const [alice = "", bob = ""] = tokens();
  const conversation = await converse(first.url, alice, "bob@localhost");
  await say(first.url, alice, conversation, "one");
  first.child.kill("SIGTERM");
  expect(await first.ended, first.output()).toBe(0);

  const second = stack.use(await startParley(settings));
  expect(second.output()).not.toContain(alice);
  expect(await wordsOf(second.url, bob, conversation)).toEqual(["one"]);
  await say(second.url, bob, conversation, "two");
  second.child.kill("SIGKILL");
  expect(await second.ended).toBe("SIGKILL");

  // Its PostgreSQL lives on, and is taken over.
  const third = stack.use(await startParley(settings));
  expect(await wordsOf(third.url, alice, conversation)).toEqual(["one", "two"]);
  const heard = stack.use(await overWebSocket(third.url, bob));
  const { seq } = await say(third.url, alice, conversation, "three");
  await heard.until(conversation, seq);
  third.child.kill("SIGTERM");
  expect(await third.ended, third.output()).toBe(0);
});
