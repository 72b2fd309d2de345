// A database of a test's own: a clone of the migrated one, dropped when the test is done with it.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";

/** On the connection of somebody who may make and drop databases. */
export async function withMaintenance<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const url = new URL(inject("templateUrl"));
  url.pathname = "/postgres";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

export type TestDatabaseOptions = {
  /** Default: 4. */
  poolSize?: number;
  /** Default: a clone of the migrated database; else a database without any table. */
  isEmpty?: boolean;
};

/** `url`: for what opens connections of its own; they are cut when the database is dropped. */
export type TestDatabase = Database & AsyncDisposable & { url: string };

/**
 * Makes a database's name and URL; disposing drops it, whoever is still connected. Nothing is connected to it yet.
 * @param options.of the URL of one of the test's own that is to be cloned; nobody is connected to it
 */
export async function createDatabase(
  options: { isEmpty?: boolean; of?: string } = {},
): Promise<{ url: string } & AsyncDisposable> {
  const url = new URL(inject("templateUrl"));
  if (options.of !== undefined) url.pathname = new URL(options.of).pathname;
  const template = options.isEmpty === true ? "template0" : url.pathname.slice(1);
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  // FILE_COPY: cloning by copying files is quicker here than by write-ahead log, for nothing is flushed.
  await withMaintenance((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`));
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () =>
      withMaintenance(async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

/** Clones the migrated database and connects to it. Disposing closes the pool and drops the clone. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const created = await createDatabase(options);
  const database = await openDatabase({ url: created.url, poolSize: options.poolSize ?? 4, log: silentLogger });
  return {
    pool: database.pool,
    prisma: database.prisma,
    url: created.url,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await created[Symbol.asyncDispose]();
    },
  };
}
