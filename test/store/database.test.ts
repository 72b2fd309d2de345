import { expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import { DatabaseUnreachableError, openDatabase } from "../../src/store/database.ts";
import { createDatabase, createTestDatabase } from "../support/database.ts";

test("the store's SQL and Prisma's client share the pool's connections", async () => {
  await using database = await createTestDatabase({ poolSize: 1 });
  const { rows } = await database.pool.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const seen = await database.prisma.$queryRaw`SELECT pg_backend_pid() AS pid`;
  expect(seen).toEqual(rows);
});

test("a clone of the migrated database has its tables, and no rows", async () => {
  await using database = await createTestDatabase();
  expect(await database.prisma.recipient.count()).toBe(0);
  await database.prisma.recipient.create({ data: { address: "alice@localhost", kind: "LOCAL" } });
  expect(await database.prisma.recipient.findMany({ select: { address: true } })).toEqual([
    { address: "alice@localhost" },
  ]);
});

test("times are right through Prisma on a database that speaks another time zone", async () => {
  await using created = await createDatabase();
  await using first = await openDatabase({ url: created.url, poolSize: 1, log: silentLogger });
  await first.pool.query(`ALTER DATABASE ${new URL(created.url).pathname.slice(1)} SET TimeZone TO 'Asia/Tokyo'`);
  await using database = await openDatabase({ url: created.url, poolSize: 1, log: silentLogger });
  expect(await database.prisma.$queryRaw`SELECT timestamptz '2026-11-21 00:00Z' AS t`).toEqual([
    { t: new Date("2026-11-21T00:00:00Z") },
  ]);
});

test("a bigint is a number, one above 2^53 is an error, a time is a Date", async () => {
  await using database = await createTestDatabase();
  const { rows } = await database.pool.query("SELECT count(*) AS n, timestamptz '2026-11-21 00:00Z' AS t FROM event");
  expect(rows).toEqual([{ n: 0, t: new Date("2026-11-21T00:00:00Z") }]);
  await expect(database.pool.query("SELECT 9007199254740993::bigint")).rejects.toThrow("above 2^53");
});

test("a database out of reach is told with the reason and what to do, without the password", async () => {
  const open = (url: string) => openDatabase({ url, poolSize: 1, log: silentLogger });
  const nobodyListens = open("postgresql://someone:secret-word@127.0.0.1:1/parley");
  await expect(nobodyListens).rejects.toThrow(DatabaseUnreachableError);
  await expect(nobodyListens).rejects.toThrow(/someone@127\.0\.0\.1:1\/parley.*ECONNREFUSED.*\nNothing listens there/s);
  await expect(nobodyListens).rejects.not.toThrow("secret-word");
});

test("a wrong password and a missing database are told apart", async () => {
  await using database = await createTestDatabase();
  const wrongPassword = new URL(database.url);
  wrongPassword.password = "wrong-word";
  const open = (url: URL) => openDatabase({ url: url.href, poolSize: 1, log: silentLogger });
  await expect(open(wrongPassword)).rejects.toThrow("The password is wrong");
  const missing = new URL(database.url);
  missing.pathname = "/nowhere";
  await expect(open(missing)).rejects.toThrow("There is no such database");
});
