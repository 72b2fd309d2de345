#!/usr/bin/env node
// The `parley` command: says which command, prints faults as people can use them, and is the only place that exits.
import { readConfig } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { createLogger } from "../observe/logger.ts";
import { account } from "./account.ts";
import { serve } from "./serve.ts";
import { UsageError, usage } from "./usage.ts";

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === undefined || command === "help" || command === "--help" || command === "-h") {
    console.log(usage);
    return;
  }
  const config = readConfig();
  const log = createLogger({ level: config.logLevel });
  switch (command) {
    case "start":
      return untilStopped(() => serve({ api: true, worker: true }, config, log));
    case "api":
      return untilStopped(() => serve({ api: true, worker: false }, config, log));
    case "worker":
      return untilStopped(() => serve({ api: false, worker: true }, config, log));
    case "account":
      return account(args, config, log);
    default:
      throw new UsageError(`There is no command "${command}".`);
  }
}

/** Runs until SIGTERM or SIGINT, then stops in order. A second signal does not wait. */
async function untilStopped(start: () => Promise<AsyncDisposable>): Promise<void> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  let isStopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      stop();
    });
  }
  await using _running = await start();
  await stopped;
  console.log("Stopping: answering what has been asked, and finishing what has been begun.");
}

main(process.argv.slice(2)).then(
  // Something that was not let go of must not keep a stopped process alive.
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof ExplainedError) console.error(error.message);
    else console.error(error);
    process.exit(1);
  },
);
