// Logging: one JSON object per line on standard output, lines of text if that is a terminal; the names of all loggers.
// Logs carry ids, seq, platform, job and request id; never addresses, subjects or bodies.
import { type Logger as PinoLogger, pino } from "pino";
import { terminalLines } from "./terminal-lines.ts";

/** Every part of the house that logs, by the name that its lines carry. A new part is declared here first. */
export const loggerNames = [
  "accounts",
  "announce",
  "bus",
  "cli",
  "graphql",
  "http",
  "postgres",
  "store",
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

/**
 * Makes the process's root logger and returns what names a part's own logger.
 * Errors are written with type, message, stack and causes under `err`.
 */
export function createLogger({ level, destination }: LoggerOptions): LoggerFactory {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const terminal = process.stdout.isTTY ? terminalLines(process.stdout) : undefined;
  const chosen = destination ?? terminal;
  const root = chosen === undefined ? pino(options) : pino(options, chosen);
  return (name) => root.child({ name });
}

/** Swallows everything: for tests and for commands whose output is read by programs. */
export const silentLogger: Logger = pino({ level: "silent" });
