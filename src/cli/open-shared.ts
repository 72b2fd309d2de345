// The database and the key of this platform, for commands that work beside a running one, or without one.
import type { Config } from "../config/config.ts";
import { loadSigner } from "../federation/signer.ts";
import { silentLogger } from "../observe/logger.ts";
import type { Signer } from "../protocol/seal.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { type Embedded, locateDatabase } from "./database.ts";

export interface SharedDatabase {
  readonly database: Database;
  /** What seals private keys in it. */
  readonly secret: string;
  readonly embedded: Embedded | null;
}

/**
 * Silent, for what these commands print is read by programs. Finds the database, starts the embedded one where it does not run: lives as long as `stack`.
 * @param use `share` makes one where there is none
 * @throws ExplainedError where it is out of reach
 */
export async function openSharedDatabase(
  stack: AsyncDisposableStack,
  config: Config,
  use: "share" | "find" = "find",
): Promise<SharedDatabase> {
  const { url, secret, embedded } = await locateDatabase(stack, config, use, silentLogger);
  await migrate(url);
  return { database: stack.use(await openDatabase({ url, poolSize: 1, log: silentLogger })), secret, embedded };
}

/**
 * The same with the platform's signer, which makes sure whose the database is.
 * @throws ExplainedError where it is out of reach, or of another platform
 */
export async function openShared(
  stack: AsyncDisposableStack,
  config: Config,
  use: "share" | "find" = "find",
): Promise<SharedDatabase & { readonly signer: Signer }> {
  const shared = await openSharedDatabase(stack, config, use);
  const { prisma } = shared.database;
  const { platform } = config;
  return {
    ...shared,
    signer: await loadSigner({ prisma, platform, secret: shared.secret }, new Date().toISOString()),
  };
}
