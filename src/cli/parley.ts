#!/usr/bin/env node
// The `parley` command: says which command, prints faults as people can use them, and is the only place that exits.
import "../config/production.ts";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type Config, readConfig } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { createLogger, type LoggerFactory } from "../observe/logger.ts";
import { terminalLines } from "../observe/terminal-lines.ts";
import type { Running } from "./serve.ts";
import { exitAtSignals } from "./stopping.ts";
import { UsageError, usage, usageOf } from "./usage.ts";

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === undefined || command === "help" || command === "--help" || command === "-h") {
    console.log(usage);
    return;
  }
  if (command === "--version" || command === "-v") {
    const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    console.log(`parley ${z.object({ version: z.string() }).parse(JSON.parse(text)).version}`);
    return;
  }
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usageOf(command));
    return;
  }
  exitAtSignals();
  // Before the settings, for a file needs none. Each command is loaded when it is asked for: most need a small part of all.
  if (command === "verify") return (await import("./verify.ts")).verify(args, readConfig);
  if (command === "conformance") return (await import("./conformance.ts")).conformance(args);
  const config = readConfig();
  const log = createLogger({ level: config.logLevel });
  switch (command) {
    case "start":
    case "api":
    case "worker": {
      if (args.length > 0)
        throw new UsageError(
          `parley ${command} takes nothing more. Its settings come from the environment, PARLEY_PORT for one: parley help`,
        );
      const parts = { api: command !== "worker", worker: command !== "api" };
      return untilStopped(async () => (await import("./serve.ts")).serve(parts, config, log));
    }
    case "account":
      return (await import("./account.ts")).account(args, config);
    case "keys":
      return (await import("./keys.ts")).keys(args, config);
    case "import":
      return (await import("./import.ts")).importMails(args, config, toStandardError(config));
    case "export":
      return (await import("./export.ts")).exportLogs(args, config);
    case "deliveries":
      return (await import("./deliveries.ts")).deliveries(args, config);
    case "mail":
      return (await import("./mail.ts")).mail(args, config);
    case "doctor":
      return (await import("./doctor.ts")).doctor(args, config);
    case "restored":
      return (await import("./restored.ts")).restored(args, config);
    case "reindex":
      return (await import("./reindex.ts")).reindexTexts(args, config);
    default:
      throw new UsageError(`There is no command "${command}".`);
  }
}

/** Runs until SIGTERM or SIGINT, then stops in order. A second signal does not wait. */
async function untilStopped(start: () => Promise<Running>): Promise<void> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  let isStopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.removeAllListeners(signal).on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      stop();
    });
  }
  const running = await start();
  // Where it rejects, the command ends without letting go: what would be finished in order cannot be.
  await Promise.race([stopped, ...(running.failed ? [running.failed] : [])]);
  await using _running = running;
  console.log("Stopping: answering what has been asked, and finishing what has been begun.");
}

/** For commands whose output is read by programs. */
function toStandardError({ logLevel: level }: Config): LoggerFactory {
  return createLogger({ level, destination: process.stderr.isTTY ? terminalLines(process.stderr) : process.stderr });
}

const words = process.argv.slice(2);
main(words).then(
  // Something that was not let go of must not keep a stopped process alive.
  () => process.exit(),
  (error: unknown) => {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usageOf(words[0] ?? "")}`);
    else if (error instanceof ExplainedError) console.error(error.message);
    else console.error(error);
    process.exit(1);
  },
);
