// Brings a database to the schema that this code knows.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationList } from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";
import { ExplainedError } from "../observe/explained-error.ts";
import { connectTimeoutMs, explainUnreachable } from "./database.ts";
import { noFilters, withSchemaEngine } from "./schema-engine.ts";

/** Of the session that migrates. Not the engine's own number, or it would wait for us. */
const migrationLock = 1_885_434_490;

const migrationsFolder = fileURLToPath(new URL("../../prisma/migrations", import.meta.url));

/** The database was migrated by a newer Parley. `unknown`: the migrations that it has and this code lacks. */
export class SchemaNewerError extends ExplainedError {
  override name = "SchemaNewerError";
  unknown: readonly string[];

  constructor(unknown: readonly string[]) {
    super(
      `The database's schema is newer than this Parley: it has ${unknown.join(", ")}.\n` +
        "Start the newer Parley again, or give this one another database (DATABASE_URL or PARLEY_DATA). " +
        "Migrations only go forward; a backup from before the newer one was started also does.",
    );
    this.unknown = unknown;
  }
}

/** A migration failed: those before it are applied, nothing of it is. The next start tries it again. */
export class MigrationError extends ExplainedError {
  override name = "MigrationError";
}

/** Reads the migrations from their folder, in their order, as the engine wants them. */
export async function readMigrations(folder: string = migrationsFolder): Promise<MigrationList> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const read = async (name: string) => ({
    path: name,
    migrationFile: {
      path: "migration.sql",
      content: { tag: "ok" as const, value: await readFile(join(folder, name, "migration.sql"), "utf8") },
    },
  });
  return {
    baseDir: folder,
    lockfile: { path: "migration_lock.toml", content: await readFile(join(folder, "migration_lock.toml"), "utf8") },
    shadowDbInitScript: "",
    migrationDirectories: await Promise.all(names.sort().map(read)),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error));

type Recorded = { name: string; isFinished: boolean };

async function findRecorded(client: pg.Client): Promise<Recorded[]> {
  const table = await client.query("SELECT 1 WHERE to_regclass('_prisma_migrations') IS NOT NULL");
  if (table.rowCount === 0) return [];
  const { rows } = await client.query<Recorded>(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS "isFinished" FROM _prisma_migrations
     WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  );
  return rows;
}

async function apply(databaseUrl: string, migrationsList: MigrationList, unfinished: string[]): Promise<string[]> {
  try {
    return await withSchemaEngine(databaseUrl, async (engine) => {
      // The engine refuses to go on after one that failed, or whose process was killed, for statements of it may stay.
      // Ours are each one transaction, so nothing does.
      for (const migrationName of unfinished) await engine.markMigrationRolledBack({ migrationName });
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: noFilters });
      return appliedMigrationNames;
    });
  } catch (error) {
    throw new MigrationError(`The database could not be migrated: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Applies the migrations that the database lacks and returns their names, as `prisma migrate deploy` does.
 * Safe to call from any number of processes at once: one migrates, the others wait and find nothing to do.
 * Throws DatabaseUnreachableError, SchemaNewerError, or MigrationError.
 */
export async function migrate(databaseUrl: string, migrations?: MigrationList): Promise<{ applied: string[] }> {
  const list = migrations ?? (await readMigrations());
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "parley migrate",
    connectionTimeoutMillis: connectTimeoutMs,
  });
  await client.connect().catch((error: unknown) => {
    throw explainUnreachable(databaseUrl, error);
  });
  try {
    await client.query("SELECT pg_advisory_lock($1)", [migrationLock]);
    const known = new Set(list.migrationDirectories.map(({ path }) => path));
    const recorded = await findRecorded(client);
    const unknown = recorded.map(({ name }) => name).filter((name) => !known.has(name));
    if (unknown.length > 0) throw new SchemaNewerError(unknown);
    const unfinished = recorded.filter(({ isFinished }) => !isFinished).map(({ name }) => name);
    return { applied: await apply(databaseUrl, list, unfinished) };
  } finally {
    // Lets go of the lock with it.
    await client.end();
  }
}
