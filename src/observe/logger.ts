// Logging: one JSON object per line on standard output, lines of text if that is a terminal; the names of all loggers.
// Logs carry ids, seq, platform, job and request id; never addresses, subjects or bodies.
import { type Logger as PinoLogger, pino } from "pino";
import { currentRequestId } from "./request-id.ts";
import { terminalLines } from "./terminal-lines.ts";

/** Every part of the house that logs, by the name that its lines carry. A new part is declared here first. */
export const loggerNames = [
  "accounts",
  "announce",
  "bus",
  "cli",
  "federation",
  "graphql",
  "http",
  "mail",
  "net",
  "postgres",
  "store",
  "tracing",
  "worker",
] as const;

export type LoggerName = (typeof loggerNames)[number];

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

export type LogLevel = (typeof logLevels)[number];

/** What the parts are handed: they log, and know nothing of where to. */
export type Logger = Pick<PinoLogger, "fatal" | "error" | "warn" | "info" | "debug" | "trace">;

/** Where lines go, each a JSON object: standard output by default; a test hands in its own. */
export type LogDestination = { write(line: string): void };

export type LoggerOptions = {
  level: LogLevel;
  destination?: LogDestination;
};

export type LoggerFactory = (name: LoggerName) => Logger;

/** Parts that do one request's work at a time. What others do, they do for several at once, and say of whom where they know. */
const ofOneRequest: ReadonlySet<LoggerName> = new Set(["graphql", "http"]);

function requestFields(): { requestId?: string } {
  const requestId = currentRequestId();
  return requestId === undefined ? {} : { requestId };
}

/** Only these: PostgreSQL's `detail`, for one, holds the values that a statement came with. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message, stack, ...("code" in error && { code: error.code }) };
}

/**
 * Makes the process's root logger and returns what names a part's own logger.
 * Errors are written with type, message, stack and causes under `err`.
 */
export function createLogger({ level, destination }: LoggerOptions): LoggerFactory {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: errorFields } };
  const terminal = process.stdout.isTTY ? terminalLines(process.stdout) : undefined;
  const chosen = destination ?? terminal ?? pino.destination(1);
  const root = pino(options, chosen);
  const rootOfRequests = pino({ ...options, mixin: requestFields }, chosen);
  return (name) => (ofOneRequest.has(name) ? rootOfRequests : root).child({ name });
}

/** Swallows everything: for tests and for commands whose output is read by programs. */
export const silentLogger: Logger = pino({ level: "silent" });
