// Writes the next migration: the SQL that brings a database with all migrations to prisma/schema.prisma.
//
//   npm run migration NAME              prisma/migrations/<now>_<name>/migration.sql
//   npm run migration -- --remake NAME  overwrites the latest migration instead (only while nobody has applied it)
//
// It runs on a PostgreSQL of its own in a temporary folder. What Prisma's schema language cannot say is added here:
// the collation of ids and hashes, the fillfactor of rows that are rewritten, the storage parameters of BRIN indexes, the
// extension that trigrams need.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { silentLogger } from "../src/observe/logger.ts";
import { startEmbeddedPostgres } from "../src/store/embedded-postgres.ts";
import { migrate, readMigrations } from "../src/store/migrate.ts";
import { diffFromDatabase } from "../src/store/schema-engine.ts";

const folder = fileURLToPath(new URL("./migrations", import.meta.url));

// Text that people wrote; a column of text that is not named here holds an id, a hash, a key, a name of a platform or
// a word of the protocol. Those are compared byte by byte: faster, and in the order that the code sorts them.
const humanText = new Set(["name", "address", "last_answer", "notes", "folded"]);

const isColumn = /^((?:\s+|.*ADD COLUMN\s+)"(\w+)" TEXT)\b/;

function addCollation(line: string): string {
  const found = isColumn.exec(line);
  return found?.[2] === undefined || humanText.has(found[2]) ? line : line.replace(isColumn, '$1 COLLATE "C"');
}

// Rewritten by every append: room on the page keeps its updates off the indexes (heap-only tuples).
const addFillfactor = (sql: string): string =>
  sql.replace(/(CREATE TABLE "(?:conversation|participation)" \([^;]*\n\));/g, "$1 WITH (fillfactor = 70);");

// A log is written in the order of its times: few pages per range keep a range's times close together, and without
// autosummarize the newest ranges, which are the ones asked for, would not be in the index before a vacuum.
const addBrinParameters = (sql: string): string =>
  sql.replace(/(USING BRIN \([^)]*\));/g, "$1 WITH (pages_per_range = 16, autosummarize = on);");

// A trusted extension: whoever owns the database may create it.
const addExtension = (sql: string): string =>
  sql.includes("gin_trgm_ops") ? `CREATE EXTENSION IF NOT EXISTS pg_trgm;\n\n${sql}` : sql;

const finish = (sql: string): string =>
  addExtension(addBrinParameters(addFillfactor(sql.split("\n").map(addCollation).join("\n")))).trimEnd();

function makeName(name: string): string {
  const digits = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  return `${digits}_${name.toLowerCase().replace(/[^a-z0-9]+/g, "_")}`;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { remake: { type: "boolean" } } });
const name = positionals[0];
if (name === undefined) throw new Error("name the migration: npm run migration NAME");

const known = await readMigrations(folder);
const replaced = values.remake ? known.migrationDirectories.pop() : undefined;
const scratch = await mkdtemp(join(tmpdir(), "parley-migration-"));

async function makeDiff(): Promise<string> {
  await using postgres = await startEmbeddedPostgres({
    folder: scratch,
    settings: { fsync: "off" },
    log: silentLogger,
  });
  await migrate(postgres.url, known);
  return await diffFromDatabase(postgres.url);
}

try {
  const sql = finish(await makeDiff());
  if (sql === "") {
    process.stdout.write("Nothing to do: the migrations make what prisma/schema.prisma says.\n");
  } else {
    const path = join(folder, replaced?.path ?? makeName(name));
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "migration.sql"), `${sql}\n`);
    process.stdout.write(`${path}/migration.sql\nRead it before you commit it.\n`);
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
