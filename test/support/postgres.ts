// Vitest's global setup: one PostgreSQL for the whole run, and in it a migrated database that tests clone.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { silentLogger } from "../../src/observe/logger.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres.ts";
import { migrate } from "../../src/store/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The migrated database. Nobody may be connected to it while it is cloned. */
    templateUrl: string;
  }
}

// Nothing of a test's database has to survive a crash.
const settings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_connections: "300",
  autovacuum_naptime: "1h",
};

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "parley-test-"));
  const postgres = await startEmbeddedPostgres({ folder, settings, log: silentLogger });
  await migrate(postgres.url);
  project.provide("templateUrl", postgres.url);
  return async () => {
    await postgres[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
}
