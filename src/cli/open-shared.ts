// The database and the key of this platform, for commands that work beside a running one, or without one.
import type { Config } from "../config/config.ts";
import { loadSigner } from "../federation/keys.ts";
import { silentLogger } from "../observe/logger.ts";
import type { Signer } from "../protocol/seal.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { type Embedded, locateDatabase } from "./database.ts";

/**
 * Silent, for what these commands print is read by programs. Finds the database, starts the embedded one where it does not run, and makes sure whose it is: lives as long as `stack`.
 * @throws ExplainedError where it is out of reach, or of another platform
 */
export async function openShared(
  stack: AsyncDisposableStack,
  config: Config,
): Promise<{ readonly database: Database; readonly signer: Signer; readonly embedded: Embedded | null }> {
  const { url, secret, embedded } = await locateDatabase(stack, config, "share", silentLogger);
  await migrate(url);
  const database = stack.use(await openDatabase({ url, poolSize: 1, log: silentLogger }));
  const signer = await loadSigner(database.prisma, config.platform, secret, new Date().toISOString());
  return { database, signer, embedded };
}
