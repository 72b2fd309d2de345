// That another copy of the database is noticed, and the same one is not taken for another.
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import { openDatabase } from "../../src/store/database.ts";
import { type CopyMarks, checkCopy, markOfFile, StandbyError } from "../../src/store/database-copy.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres.ts";
import { migrate } from "../../src/store/migrate.ts";
import { createDatabase, createTestDatabase } from "../support/database.ts";

/** Connects once, and says what was other than before. */
async function seenAt(url: string, folder: string | null = null): Promise<readonly (keyof CopyMarks)[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let seen: readonly (keyof CopyMarks)[] = [];
    await checkCopy(client, folder, async (differing) => {
      seen = differing;
    });
    return seen;
  } finally {
    await client.end();
  }
}

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), "parley-copy-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

test("the first connection to a database and all further ones find the copy that it is", async () => {
  await using created = await createDatabase();
  expect(await seenAt(created.url)).toEqual([]);
  expect(await seenAt(created.url)).toEqual([]);
});

test("a clone is another copy, once", async () => {
  await using original = await createDatabase();
  await seenAt(original.url);
  await using copied = await createDatabase({ of: original.url });
  expect(await seenAt(copied.url)).toEqual(["database"]);
  expect(await seenAt(copied.url)).toEqual([]);
  expect(await seenAt(original.url)).toEqual([]);
});

test("tables that were made anew, as pg_restore does it, are another copy", async () => {
  await using database = await createTestDatabase();
  await seenAt(database.url);
  await database.pool.query(`CREATE TABLE restored (LIKE database_copy INCLUDING ALL);
    INSERT INTO restored SELECT * FROM database_copy; DROP TABLE database_copy; ALTER TABLE restored RENAME TO database_copy`);
  expect(await seenAt(database.url)).toEqual(["table"]);
});

test("of several that come to another copy at once, one has it told, and the others wait until it is", async () => {
  await using original = await createDatabase();
  await seenAt(original.url);
  await using copied = await createDatabase({ of: original.url });
  let told = 0;
  const onConnect = (client: pg.ClientBase) =>
    checkCopy(client, null, async () => {
      await client.query("SELECT pg_sleep(0.05)");
      told++;
    });
  const open = () => openDatabase({ url: copied.url, poolSize: 1, log: silentLogger, onConnect });
  for (const database of await Promise.all([open(), open(), open()])) await database[Symbol.asyncDispose]();
  expect(told).toBe(1);
});

test("where the others could not be told, nobody gets the connection, and the next one tries again", async () => {
  await using original = await createDatabase();
  await seenAt(original.url);
  await using copied = await createDatabase({ of: original.url });
  const onConnect = (client: pg.ClientBase) => checkCopy(client, null, () => Promise.reject(new Error("not now")));
  await expect(openDatabase({ url: copied.url, poolSize: 1, log: silentLogger, onConnect })).rejects.toThrow("not now");
  expect(await seenAt(copied.url)).toEqual(["database"]);
});

test("a user who may not read the server's numbers goes without them", async () => {
  await using database = await createTestDatabase();
  await seenAt(database.url);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const role = `plain_${new URL(database.url).pathname.slice(1)}`;
  await client.query(`CREATE ROLE ${role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
    REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; SET ROLE ${role}`);
  await checkCopy(client, null, () => Promise.reject(new Error("it is the same")));
  await client.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await client.end();
  const { rows } = await database.pool.query<{ marks: CopyMarks }>("SELECT marks FROM database_copy");
  expect(rows[0]?.marks).toMatchObject({ system: expect.stringMatching(/^\d+$/), timeline: "00000001" });
});

test("a folder that was copied back is another copy; one that was moved is not", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const [cluster, moved, backup] = [join(folder, "cluster"), join(folder, "moved"), join(folder, "backup")];
  const markIn = (place: string) => markOfFile(join(place, "PG_VERSION"));
  await mkdir(cluster);
  await writeFile(join(cluster, "PG_VERSION"), "18");
  await using created = await createDatabase();
  expect(await seenAt(created.url, await markIn(cluster))).toEqual([]);
  // What runs without the folder at hand does not forget it.
  expect(await seenAt(created.url)).toEqual([]);
  await rename(cluster, moved);
  expect(await seenAt(created.url, await markIn(moved))).toEqual([]);
  const copying = { recursive: true, preserveTimestamps: true };
  await cp(moved, backup, copying);
  await rm(moved, { recursive: true });
  await cp(backup, moved, copying);
  expect(await seenAt(created.url, await markIn(moved))).toEqual(["folder"]);
});

test("a standby is not written to; promoted, it is another copy", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const options = { folder, log: silentLogger, settings: { fsync: "off" } };
  {
    await using primary = await startEmbeddedPostgres(options);
    await migrate(primary.url);
    expect(await seenAt(primary.url)).toEqual([]);
  }
  await writeFile(join(folder, "cluster", "standby.signal"), "");
  await using standby = await startEmbeddedPostgres(options);
  await expect(seenAt(standby.url)).rejects.toThrow(StandbyError);
  const client = new pg.Client({ connectionString: standby.url });
  await client.connect();
  await client.query("SELECT pg_promote()");
  await client.end();
  expect(await seenAt(standby.url)).toEqual(["timeline"]);
  expect(await seenAt(standby.url)).toEqual([]);
});
