import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { MigrationError, migrate, readMigrations, SchemaNewerError } from "../../src/store/migrate.ts";
import { diffFromDatabase } from "../../src/store/schema-engine.ts";
import { createDatabase, createTestDatabase } from "../support/database.ts";

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

/** Migrations of a test's own; `sql` by name. */
const makeMigrations = async (sql: Readonly<Record<string, string>>) => {
  const folder = await mkdtemp(join(tmpdir(), "parley-migrations-"));
  try {
    await writeFile(join(folder, "migration_lock.toml"), 'provider = "postgresql"\n');
    for (const [name, text] of Object.entries(sql)) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "migration.sql"), text);
    }
    return await readMigrations(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

test("the migrations make what prisma/schema.prisma says, nothing less and nothing more", async () => {
  await using database = await createDatabase();
  expect(await diffFromDatabase(database.url)).toBe("");
});

test("a difference from prisma/schema.prisma would be seen", async () => {
  await using database = await createTestDatabase();
  await database.pool.query("ALTER TABLE message DROP COLUMN lock_holder");
  expect(await diffFromDatabase(database.url)).toContain('ADD COLUMN     "lock_holder" TEXT');
});

test("an empty database gets every migration, a migrated one none", async () => {
  await using database = await createDatabase({ isEmpty: true });
  const names = (await readMigrations()).migrationDirectories.map(({ path }) => path);
  expect(await migrate(database.url)).toEqual({ applied: names });
  expect(await migrate(database.url)).toEqual({ applied: [] });
});

test("of several processes that start at once one migrates, the others wait and find nothing to do", async () => {
  await using database = await createDatabase({ isEmpty: true });
  const results = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  const names = (await readMigrations()).migrationDirectories.map(({ path }) => path);
  expect(results.flatMap(({ applied }) => applied)).toEqual(names);
});

test("a database that a newer Parley migrated is refused, and left as it was", async () => {
  await using database = await createDatabase();
  await query(
    database.url,
    `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
     VALUES ('1', 'x', now(), '29990101000000_later', 1)`,
  );
  const refused = migrate(database.url);
  await expect(refused).rejects.toThrow(SchemaNewerError);
  await expect(refused).rejects.toThrow(/newer than this Parley: it has 29990101000000_later\.\n.*newer Parley again/);
});

test("a migration with semicolons in texts, comments and functions is applied whole", async () => {
  await using database = await createDatabase({ isEmpty: true });
  const sql = `-- first; second
    CREATE TABLE note (text TEXT DEFAULT 'a;b');
    CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 1; END $$;`;
  const migrations = await makeMigrations({ "20260101000000_one": sql });
  expect(await migrate(database.url, migrations)).toEqual({ applied: ["20260101000000_one"] });
  expect(await query(database.url, "SELECT one()")).toEqual([{ one: 1 }]);
});

test("of a migration that fails nothing stays, the reason is told, and the next start tries it again", async () => {
  await using database = await createDatabase({ isEmpty: true });
  const migrations = await makeMigrations({
    "20260101000000_good": "CREATE TABLE good ()",
    "20260102000000_bad": "CREATE TABLE half (); SELECT 1/0;",
  });
  const failing = migrate(database.url, migrations);
  await expect(failing).rejects.toThrow(MigrationError);
  await expect(failing).rejects.toThrow(/division by zero.*20260102000000_bad/s);
  expect(await query(database.url, "SELECT to_regclass('good') AS good, to_regclass('half') AS half")).toEqual([
    { good: "good", half: null },
  ]);
  const mended = await makeMigrations({
    "20260101000000_good": "CREATE TABLE good ()",
    "20260102000000_bad": "CREATE TABLE half ()",
  });
  expect(await migrate(database.url, mended)).toEqual({ applied: ["20260102000000_bad"] });
});

test("ids and hashes are compared byte by byte, and what each append rewrites has room on its page", async () => {
  const url = inject("templateUrl");
  await using database = await createDatabase();
  expect(database.url).not.toBe(url);
  const collations = await query(
    database.url,
    `SELECT DISTINCT c.collname AS collation FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
     WHERE a.attname IN ('conversation_id', 'item', 'actor', 'latest', 'head', 'leader', 'via', 'hash')
       AND a.attrelid::regclass::text IN ('conversation', 'event', 'participant', 'message', 'label', 'attachment', 'draft')`,
  );
  expect(collations).toEqual([{ collation: "C" }]);
  const options = await query(
    database.url,
    `SELECT relname AS name, reloptions AS options FROM pg_class WHERE reloptions IS NOT NULL
       AND relnamespace = 'public'::regnamespace ORDER BY relname`,
  );
  expect(options).toEqual([
    { name: "conversation", options: ["fillfactor=70"] },
    { name: "event_recorded_at_idx", options: ["pages_per_range=16", "autosummarize=on"] },
    { name: "participation", options: ["fillfactor=70"] },
  ]);
});
