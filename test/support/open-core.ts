// What a process has, opened as production opens it, on a database that runs already.
import { type Between, type Core, openCore } from "../../src/cli/parts.ts";
import { readConfig } from "../../src/config/config.ts";
import { createLogger } from "../../src/observe/logger.ts";

/** @param settings as of the environment, with the database's address and a secret @param between what stands in the way of its parts */
export async function openCoreWith(
  stack: AsyncDisposableStack,
  settings: NodeJS.ProcessEnv,
  between?: Between,
): Promise<Core> {
  const config = readConfig(settings);
  const { databaseUrl: url = "", secret = "" } = config;
  return openCore(stack, config, { url, secret, embedded: null }, createLogger({ level: "warn" }), between);
}
