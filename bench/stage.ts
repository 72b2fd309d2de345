// What the rows play on: a PostgreSQL with a production's settings, a Redis, people, conversations, and Parley's processes.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emptyDraft, publishDraft } from "../src/conversation/draft.ts";
import { loadSigner } from "../src/federation/signer.ts";
import { silentLogger } from "../src/observe/logger.ts";
import type { PlatformName } from "../src/protocol/event.ts";
import { sha256 } from "../src/protocol/hash.ts";
import type { Signer } from "../src/protocol/seal.ts";
import type { ConversationStore } from "../src/store/conversation-store.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { startEmbeddedPostgres } from "../src/store/embedded-postgres.ts";
import { raiseInInbox, type Said } from "../src/store/inbox-order.ts";
import { migrate } from "../src/store/migrate.ts";
import { postgresStore } from "../src/store/postgres-store.ts";
import { freePort } from "../test/support/free-port.ts";

export const platform = "localhost";

/** Somebody with an account, and a token for it. */
export interface Somebody {
  readonly address: string;
  readonly name: string;
  readonly accountId: string;
  readonly recipientId: string;
  readonly token: string;
}

/** A conversation and who is in it; the first began it. */
export interface Talk {
  readonly conversation: string;
  readonly people: readonly Somebody[];
}

export interface Stage extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly postgresPid: number;
  readonly database: Database;
  readonly signer: Signer;
  /** Null: none are wanted. */
  readonly profileFolder: string | null;
  /** Makes accounts, numbered on from those that there are. */
  makePeople(count: number): Promise<readonly Somebody[]>;
  /** Publishes a conversation among each of these, with nothing said yet, and clears away what announcing is owed. */
  makeTalks(groups: readonly (readonly Somebody[])[]): Promise<readonly Talk[]>;
  /** Has people say `count` messages in each, in turn; what announcing would do is done or cleared away. */
  say(talks: readonly Talk[], count: number): Promise<void>;
  /** Starts `parley start`, `api` or `worker` as operators do, on a free port, with this stage's database and Redis. */
  startParley(command: "start" | "api" | "worker"): Promise<Parley>;
  /** Runs another command of Parley's to its end, on this stage's database and Redis. @throws where it fails */
  runParley(args: readonly string[]): Promise<void>;
}

export interface Parley extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; empty of a worker. */
  readonly url: string;
  readonly pid: number;
  /** Collects garbage in the process, then tells what it holds, in bytes. */
  memory(): Promise<Memory>;
}

export interface Memory {
  readonly heap: number;
  readonly rss: number;
}

/** As an operator of a small machine sets them. Durability is the default, said here so that nobody doubts it. */
export const postgresSettings = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  max_connections: "60",
};

export const secret = "the bench's own secret, for nothing but its database";

export const now = (): string => new Date().toISOString();
export const salt = (): string => randomBytes(32).toString("base64url");

export interface StageOptions {
  progress(text: string): void;
  /** Where API processes leave a CPU profile when they stop; null: none. */
  readonly profileFolder: string | null;
  /** Whether PostgreSQL counts what each statement takes, which costs it some percent. */
  readonly countsStatements: boolean;
}

/** Sets everything up in a temporary folder, which disposing takes away. */
export async function openStage({ progress, profileFolder, countsStatements }: StageOptions): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), "parley-bench-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    progress("starting PostgreSQL and Redis");
    const postgres = stack.use(
      await startEmbeddedPostgres({
        folder,
        settings: { ...postgresSettings, ...(countsStatements && { shared_preload_libraries: "pg_stat_statements" }) },
        log: silentLogger,
      }),
    );
    const postgresPid = Number.parseInt(await readFile(join(folder, "cluster", "postmaster.pid"), "utf8"), 10);
    await migrate(postgres.url);
    const redis = stack.use(await startRedis());
    const database = stack.use(
      await openDatabase({ url: postgres.url, poolSize: 4, log: silentLogger, applicationName: "bench" }),
    );
    if (countsStatements) await database.pool.query("CREATE EXTENSION pg_stat_statements");
    const signer = await loadSigner({ prisma: database.prisma, platform, secret }, now());
    const store = postgresStore({ pool: database.pool, signer, now, salt, onCommitted: () => {} });
    let people = 0;
    return {
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      postgresPid,
      database,
      signer,
      profileFolder,
      makePeople: async (count) => {
        const made = await makePeople(database, platform, people, count);
        people += count;
        return made;
      },
      makeTalks: (groups) => makeTalks(store, signer, database, groups),
      say: (talks, count) => say(store, database, talks, count),
      startParley: (command) =>
        startParley(command, { DATABASE_URL: postgres.url, REDIS_URL: redis.url }, profileFolder),
      runParley: (args) => runParley(args, { DATABASE_URL: postgres.url, REDIS_URL: redis.url }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Makes accounts of `at`, numbered on after `from`. */
export async function makePeople(
  { pool }: Database,
  at: PlatformName,
  from: number,
  count: number,
): Promise<readonly Somebody[]> {
  const tokens = Array.from({ length: count }, () => `parley_${randomBytes(32).toString("base64url")}`);
  const { rows } = await pool.query<{
    n: number;
    address: string;
    name: string;
    account_id: string;
    recipient_id: string;
  }>(
    `WITH r AS (
      INSERT INTO recipient (address, kind, platform, name)
      SELECT 'person' || i || '@' || $1, 'LOCAL', $1, 'Person ' || i FROM generate_series($2::int + 1, $2::int + $3::int) AS i
      RETURNING id, address, name),
    a AS (INSERT INTO account (recipient_id) SELECT id FROM r RETURNING id, recipient_id),
    numbered AS (
      SELECT row_number() OVER (ORDER BY a.id)::int AS n, r.address, r.name, a.id AS account_id, r.id AS recipient_id
      FROM r JOIN a ON a.recipient_id = r.id),
    t AS (INSERT INTO token (hash, account_id) SELECT ($4::text[])[n], account_id FROM numbered)
    SELECT * FROM numbered ORDER BY n`,
    [at, from, count, tokens.map(sha256)],
  );
  return rows.map(({ n, address, name, account_id: accountId, recipient_id: recipientId }) => {
    const token = tokens[n - 1];
    if (token === undefined) throw new Error("more people were made than asked for");
    return { address, name, accountId, recipientId, token };
  });
}

async function makeTalks(
  store: ConversationStore,
  signer: Signer,
  { pool }: Database,
  groups: readonly (readonly Somebody[])[],
): Promise<readonly Talk[]> {
  const talks = await Promise.all(
    groups.map(async (people, index): Promise<Talk> => {
      const [creator, ...others] = people;
      if (!creator) throw new Error("a conversation has to have somebody who begins it");
      const draft = {
        ...emptyDraft,
        subject: `Conversation ${index + 1}`,
        participants: others.map(({ address, name }) => ({ id: salt(), role: "WRITER" as const, address, name })),
      };
      const reach = () => ({ via: signer.platform, mail: false, imported: false });
      const { address, name } = creator;
      const proposals = publishDraft(draft, { address, name }, reach, { signer, sentAt: now(), salt });
      if ("code" in proposals) throw new Error(proposals.message);
      const byAddress = new Map(people.map((one) => [one.address, one]));
      const result = await store.append({ conversation: null, proposals, people: byAddress });
      if (!("entries" in result)) throw new Error(`a conversation could not be published: ${JSON.stringify(result)}`);
      return { conversation: result.conversation, people };
    }),
  );
  // Nobody was told of them, and nobody is to be: the sweeper would do it in the middle of a measurement.
  await pool.query("DELETE FROM outbox");
  await pool.query("VACUUM (ANALYZE)");
  return talks;
}

/** As people would, but for the waiting: signed, written, and raised in everybody's list. */
async function say(store: ConversationStore, { pool }: Database, talks: readonly Talk[], count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    const words = await Promise.all(
      talks.map(async ({ conversation, people }, index): Promise<Said> => {
        const by = people[(round + index) % people.length];
        const body = { format: "MARKDOWN" as const, text: messageText(round), mentions: [], mail: null };
        const command = { action: "add" as const, model: "message" as const, body };
        const result = await store.append({ conversation, accountId: by?.accountId ?? "", command });
        const event = "entries" in result ? result.entries[0]?.event : undefined;
        if (!event?.proposal.actor) throw new Error(`a message could not be said: ${JSON.stringify(result)}`);
        return { conversation, seq: event.seq, timestamp: event.timestamp, author: event.proposal.actor };
      }),
    );
    await raiseInInbox(pool, words);
  }
  await pool.query("DELETE FROM outbox");
  await pool.query("VACUUM (ANALYZE)");
}

/** What people say here: as long as what people say, about 100 characters. */
export const messageText = (number: number): string =>
  `Number ${number}: shall we meet on Thursday at ten, in the small room, and look at it together? I bring the plan.`;

export const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const own = { PARLEY_PLATFORM: platform, PARLEY_SECRET: secret, PARLEY_PORT: "0", PARLEY_LOG_LEVEL: "warn" };

async function runParley(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<void> {
  const child = spawnWithManyFiles([here("../src/cli/parley.ts"), ...args], { ...settings, ...own });
  child.stdout?.resume();
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`parley ${args[0]} ended with ${code}`);
}

/** @param settings over those of the stage's own platform */
export async function startParley(
  command: "start" | "api" | "worker",
  settings: Readonly<Record<string, string>>,
  profileFolder: string | null,
): Promise<Parley> {
  const profiling = profileFolder === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const options = ["--expose-gc", ...profiling, "--import", here("./memory-probe.ts")];
  const child = spawnWithManyFiles([...options, here("../src/cli/parley.ts"), command], { ...own, ...settings });
  const url = command === "worker" ? "" : await said(child, /at (http:\/\/[\d.:]+)\/graphql/);
  return {
    url,
    pid: child.pid ?? 0,
    memory: async () => {
      child.send("memory");
      const [memory]: Memory[] = await once(child, "message");
      if (!memory) throw new Error("the memory probe did not answer");
      return memory;
    },
    [Symbol.asyncDispose]: () => stopped(child, "SIGTERM"),
  };
}

/** Runs Node with a channel for messages and as many open files as the system allows: 5,000 sockets are that many. */
export function spawnWithManyFiles(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const line = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  return spawn("/bin/sh", ["-c", line, "sh", process.execPath, ...args], {
    env,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
}

/** Resolves with what `pattern` finds in what the process says; rejects where it ends before. Goes on reading. */
function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`a process ended with ${code} before it was ready:\n${text}`)));
  });
}

/** Ends a process that we started, and waits for it; after ten seconds it is killed. */
export async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exited;
  clearTimeout(timer);
}

async function startRedis(): Promise<{ readonly url: string } & AsyncDisposable> {
  const port = await freePort();
  const options = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    tmpdir(),
  ];
  const child = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child, "spawn").catch((cause: unknown) => {
    throw new Error("The bench needs a `redis-server` on PATH: apt-get update && apt-get install -y redis-server", {
      cause,
    });
  });
  await said(child, /(Ready to accept connections)/);
  return { url: `redis://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => stopped(child, "SIGTERM") };
}
