// The connections to PostgreSQL: one pool, which serves the store's own SQL and Prisma's client.

import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { ExplainedError } from "../observe/explained-error.ts";
import type { Logger } from "../observe/logger.ts";
import { noTracing, type Tracing } from "../observe/tracing.ts";
import { errorCode } from "./error-code.ts";
import { PrismaClient } from "./prisma/client.ts";
import { traceQueries } from "./trace-queries.ts";

export const connectTimeoutMs = 10_000;
/** Bounds an append too, and with it how late an event may become visible: the streams' overlap is longer. */
const statementTimeoutMs = 10_000;

export type DatabaseOptions = {
  url: string;
  /** Connections at most. On 2 cores 4 beat 16. */
  poolSize: number;
  log: Logger;
  /** What PostgreSQL's list of sessions calls ours. Default: `parley`. */
  applicationName?: string;
  /** Default: nothing is traced. */
  tracing?: Tracing;
  /** Runs on each new connection before anybody gets it; where it throws, nobody does, and who asked gets the error. */
  onConnect?(client: pg.ClientBase): Promise<void>;
};

export type Database = {
  /**
   * For append and for hot reads, with named statements. `bigint` and `count(*)` come as numbers, and a value above 2^53
   * throws; `timestamptz` comes as Date, which has milliseconds: read microseconds as text.
   */
  pool: pg.Pool;
  /** For cold paths. On the same connections. */
  prisma: PrismaClient;
};

/** The database did not let us in, or is not there. The message says what, why and what to do; it has no password. */
export class DatabaseUnreachableError extends ExplainedError {
  override name = "DatabaseUnreachableError";
}

/** A URL as people may see it: without its password, and without its parameters, which may hold one. */
function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return "(not a URL)";
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
}

// https://www.postgresql.org/docs/18/errcodes-appendix.html, and those of the system.
const adviceByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Nothing listens there. Start PostgreSQL, or correct host and port in DATABASE_URL.",
  ENOTFOUND: "There is no host of this name. Correct the host in DATABASE_URL.",
  EAI_AGAIN: "The name could not be looked up. Check the network, and the host in DATABASE_URL.",
  ETIMEDOUT: "The host did not answer. Check the network, a firewall, and the host in DATABASE_URL.",
  "28P01": "The password is wrong. Correct it in DATABASE_URL.",
  "28000": "This user may not connect from here. Check the user in DATABASE_URL, and pg_hba.conf.",
  "3D000": "There is no such database. Create it (createdb), or correct the name in DATABASE_URL.",
  "53300": "All of its connections are taken. Lower PARLEY_DATABASE_POOL, or raise max_connections.",
  "57P03": "It is starting up or shutting down. Try again in a moment.",
};

const otherAdvice = "Check DATABASE_URL and that PostgreSQL runs; without DATABASE_URL, Parley starts one of its own.";

/** Why there is no connection to `url`, and what to do. */
export function explainUnreachable(url: string, error: unknown): DatabaseUnreachableError {
  // An AggregateError of all addresses that were tried has an empty message.
  const reason = error instanceof Error && error.message !== "" ? error.message : (errorCode(error) ?? String(error));
  const advice = adviceByCode[errorCode(error) ?? ""] ?? otherAdvice;
  return new DatabaseUnreachableError(`The database ${withoutPassword(url)} is out of reach: ${reason}\n${advice}`, {
    cause: error,
  });
}

function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`a bigint from the database is above 2^53: ${text}`);
  return value;
}

// Of this pool only: pg's own are one global table, which other libraries on the same pg rely on.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, toSafeInteger);

/**
 * Prisma's adapter reads every time as if it were UTC, whatever offset it came with. So the session has to speak UTC,
 * which the server's setting need not. Added to what the URL already sets.
 */
function speakUtc(url: string): string {
  if (!URL.canParse(url)) return url;
  const speaking = new URL(url);
  const options = speaking.searchParams.get("options");
  speaking.searchParams.set("options", `${options === null ? "" : `${options} `}-c TimeZone=UTC`);
  return speaking.href;
}

/**
 * Connects, and proves it with one round trip. Disposing waits until the queries in flight are done.
 * Throws DatabaseUnreachableError, or the ExplainedError of `onConnect`.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database & AsyncDisposable> {
  const { url, poolSize, log, tracing = noTracing } = options;
  const pool = new pg.Pool({
    connectionString: speakUtc(url),
    max: poolSize,
    application_name: options.applicationName ?? "parley",
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    keepAlive: true,
    types,
    ...(options.onConnect && { onConnect: options.onConnect }),
  });
  // A connection that breaks while idle is replaced at the next use; unheard, the event would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "an idle database connection broke"));
  // One that breaks while it is out says so twice: by the query that fails, and by this event.
  pool.on("connect", (client) =>
    client.on("error", (error) => log.debug({ err: error }, "a database connection broke")),
  );
  if (tracing !== noTracing) traceQueries(pool, tracing);
  try {
    await pool.query("SELECT 1");
  } catch (error) {
    await pool.end();
    throw error instanceof ExplainedError ? error : explainUnreachable(url, error);
  }
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    pool,
    prisma,
    [Symbol.asyncDispose]: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
