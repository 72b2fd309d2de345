// Which database a command works on: the one of DATABASE_URL, or one of our own in the data folder.
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setInterval } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import type { Logger } from "../observe/logger.ts";
import { findEmbeddedPostgres, startEmbeddedPostgres } from "../store/embedded-postgres.ts";
import { errorCode } from "../store/error-code.ts";
import { secretFile } from "../store/secret-file.ts";

export interface Located {
  readonly url: string;
  /** What seals private keys in this database. */
  readonly secret: string;
  /** Where it is one of our own. */
  readonly embedded: Embedded | null;
}

export interface Embedded {
  /** The data folder, as an absolute path. */
  readonly folder: string;
  /** Whether there was no database in it. */
  readonly isNew: boolean;
  /** Whether another process runs it, and it stops with that. */
  readonly isBorrowed: boolean;
}

/** The data folder cannot be made, or not be written to. The message says why, and what to do. */
class DataFolderError extends ExplainedError {
  override readonly name = "DataFolderError";
}

/** A command that only works on a platform that is there: one that it made would hide that it looks in the wrong folder. */
class NoPlatformError extends ExplainedError {
  override readonly name = "NoPlatformError";
}

/** The database of another process, that this one used, is gone. The message says what to do. */
class DatabaseGoneError extends ExplainedError {
  override readonly name = "DatabaseGoneError";
}

/**
 * Finds the database, and starts the embedded one where it does not run; that runs for as long as the stack lives.
 * @param use `own`: nobody else may be running the embedded one; `share`: use it beside whoever runs it; `find`: the same, but none is made
 * @throws NoPlatformError where one is to be found, and is not there
 */
export async function locateDatabase(
  stack: AsyncDisposableStack,
  config: Config,
  use: "own" | "share" | "find",
  log: Logger,
): Promise<Located> {
  if (config.databaseUrl !== undefined && config.secret !== undefined) {
    return { url: config.databaseUrl, secret: config.secret, embedded: null };
  }
  const folder = resolve(config.dataFolder);
  if (use === "find" && (await isMissing(postgresIn(folder)))) {
    throw new NoPlatformError(
      `There is no platform in the data folder ${folder}.\n` +
        "Set PARLEY_DATA to the folder of yours, or DATABASE_URL; to make one, say: parley start",
    );
  }
  const { isNew, secret } = await openDataFolder(folder, config.secret);
  const running = use !== "own" ? await findEmbeddedPostgres(postgresIn(folder)) : undefined;
  if (running !== undefined) return { url: running, secret, embedded: { folder, isNew, isBorrowed: true } };
  const started = stack.use(await startEmbeddedPostgres({ folder: postgresIn(folder), log }));
  return { url: started.url, secret, embedded: { folder, isNew, isBorrowed: false } };
}

const postgresIn = (folder: string): string => join(folder, "postgres");

async function openDataFolder(folder: string, secret: string | undefined) {
  try {
    await makeFolder(folder);
    const isNew = await makeFolder(postgresIn(folder), 0o700);
    return { isNew, secret: secret ?? (await secretFile(join(folder, "secret"))) };
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new DataFolderError(
      `The data folder ${folder} cannot be made: ${error.message}\nSet PARLEY_DATA to a folder that you may write to.`,
      { cause: error },
    );
  }
}

/**
 * Makes a folder and those above it; says whether it was missing. One by one: Node's `recursive` never ends where the system
 * says that the folder above is missing though it is there, as /proc does.
 */
export async function makeFolder(folder: string, mode?: number): Promise<boolean> {
  if (await isFolder(folder)) return false;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  try {
    await mkdir(folder, mode);
  } catch (error) {
    // Another process may have been quicker.
    if (!(await isFolder(folder))) throw error;
  }
  return true;
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() ?? false;

/** Whether it is not there; not where that cannot be said, as of a folder of somebody else's. */
const isMissing = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => false,
    (error) => ["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? ""),
  );

const lookEveryMs = 1_000;
const goneAfterMs = 10_000;

/**
 * Watches the PostgreSQL that another process runs in the data folder. Its next start is on another port, so who used this
 * one has to start anew, too.
 * @throws DatabaseGoneError once it has been gone for ten seconds; AbortError at `signal`
 */
export async function watchBorrowed(folder: string, url: string, signal: AbortSignal): Promise<never> {
  let seenAt = performance.now();
  for await (const _ of setInterval(lookEveryMs, undefined, { signal })) {
    if ((await findEmbeddedPostgres(postgresIn(folder))) === url) seenAt = performance.now();
    else if (performance.now() - seenAt > goneAfterMs) break;
  }
  throw new DatabaseGoneError(
    `The database in ${folder} is gone: the Parley that ran it was stopped, and this process used it, too.\n` +
      "Start that one again, and then this one; or give both a PostgreSQL that runs by itself (DATABASE_URL).",
  );
}
