// Which database a command works on: the one of DATABASE_URL, or one of our own in the data folder.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Logger } from "../observe/logger.ts";
import { findEmbeddedPostgres, startEmbeddedPostgres } from "../store/embedded-postgres.ts";
import { secretFile } from "../store/secret-file.ts";

export interface Located {
  readonly url: string;
  /** What seals private keys in this database. */
  readonly secret: string;
  readonly isEmbedded: boolean;
}

/**
 * Finds the database, and starts the embedded one where it does not run; that runs for as long as the stack lives.
 * @param use `own`: nobody else may be running the embedded one; `share`: use it beside whoever runs it
 */
export async function locateDatabase(
  stack: AsyncDisposableStack,
  config: Config,
  use: "own" | "share",
  log: Logger,
): Promise<Located> {
  if (config.databaseUrl !== undefined && config.secret !== undefined) {
    return { url: config.databaseUrl, secret: config.secret, isEmbedded: false };
  }
  await mkdir(config.dataFolder, { recursive: true });
  const folder = join(config.dataFolder, "postgres");
  const secret = config.secret ?? (await secretFile(join(config.dataFolder, "secret")));
  const running = use === "share" ? await findEmbeddedPostgres(folder) : undefined;
  if (running !== undefined) return { url: running, secret, isEmbedded: true };
  const started = stack.use(await startEmbeddedPostgres({ folder, log }));
  return { url: started.url, secret, isEmbedded: true };
}
