import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import {
  EmbeddedPostgresError,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/store/embedded-postgres.ts";

const settings = { fsync: "off" };

const start = (folder: string) => startEmbeddedPostgres({ folder, settings, log: silentLogger });

const temporaryFolder = async (): Promise<{ path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), "parley-embedded-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

/** Another process that starts the folder's PostgreSQL as commands do, and then lives on until it is ended or killed. */
const startElsewhere = async (folder: string): Promise<ChildProcess> => {
  const module = new URL("../../src/store/embedded-postgres.ts", import.meta.url).href;
  const logger = new URL("../../src/observe/logger.ts", import.meta.url).href;
  const stopping = new URL("../../src/cli/stopping.ts", import.meta.url).href;
  const program = `
    (await import(${JSON.stringify(stopping)})).exitAtSignals();
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const { silentLogger } = await import(${JSON.stringify(logger)});
    await startEmbeddedPostgres({ folder: ${JSON.stringify(folder)}, settings: { fsync: "off" }, log: silentLogger });
    console.log("runs");
    setInterval(() => {}, 60_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
};

const postmasterOf = async (folder: string): Promise<number> =>
  Number.parseInt(await readFile(join(folder, "cluster/postmaster.pid"), "utf8"), 10);

test("the first start makes a database in UTF-8 with the same order everywhere, the second finds the same data", async () => {
  await using folder = await temporaryFolder();
  {
    await using postgres = await start(folder.path);
    expect(await findEmbeddedPostgres(folder.path)).toBe(postgres.url);
    await query(postgres.url, "CREATE TABLE kept AS SELECT 'ä' AS word");
    expect(
      await query(
        postgres.url,
        `SELECT pg_encoding_to_char(encoding) AS encoding, datlocprovider AS provider, datlocale AS locale,
          pg_is_in_recovery() AS recovers, current_setting('fsync') AS fsync FROM pg_database WHERE datname = 'parley'`,
      ),
    ).toEqual([{ encoding: "UTF8", provider: "b", locale: "C.UTF-8", recovers: false, fsync: "off" }]);
  }
  expect(await findEmbeddedPostgres(folder.path)).toBeUndefined();
  await using postgres = await start(folder.path);
  expect(postgres.wasTakenOver).toBe(false);
  expect(await query(postgres.url, "SELECT word FROM kept")).toEqual([{ word: "ä" }]);
});

test("a second live start on the same folder is refused, and the first runs on", async () => {
  await using folder = await temporaryFolder();
  await using postgres = await start(folder.path);
  const second = start(folder.path);
  await expect(second).rejects.toThrow(EmbeddedPostgresError);
  await expect(second).rejects.toThrow(/in use by another Parley.*\n.*PARLEY_DATA/);
  expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test.each([1, 2, 3])(
  "of first starts at once in an empty folder one has it, the others are refused, and it is whole (%i)",
  async () => {
    await using folder = await temporaryFolder();
    {
      await using stack = new AsyncDisposableStack();
      const starts = await Promise.allSettled([1, 2, 3].map(async () => stack.use(await start(folder.path))));
      const refusal = expect.objectContaining({
        name: "EmbeddedPostgresError",
        message: expect.stringContaining("in use by another Parley"),
      });
      expect(starts.toSorted((a, b) => a.status.localeCompare(b.status))).toEqual([
        { status: "fulfilled", value: expect.anything() },
        { status: "rejected", reason: refusal },
        { status: "rejected", reason: refusal },
      ]);
      const url = (await findEmbeddedPostgres(folder.path)) ?? "";
      expect(starts).toContainEqual({ status: "fulfilled", value: expect.objectContaining({ url }) });
      await query(url, "CREATE TABLE kept AS SELECT 1 AS n");
    }
    await using postgres = await start(folder.path);
    expect(await query(postgres.url, "SELECT n FROM kept")).toEqual([{ n: 1 }]);
    expect((await readdir(folder.path)).toSorted()).toEqual(["cluster", "password", "postgres.log"]);
  },
);

test("a process that is told to end leaves no PostgreSQL running", async () => {
  await using folder = await temporaryFolder();
  const child = await startElsewhere(folder.path);
  const exited = once(child, "exit");
  child.kill("SIGINT");
  expect(await exited).toEqual([130, null]);
  await expect.poll(() => findEmbeddedPostgres(folder.path), { timeout: 20_000 }).toBeUndefined();
});

test("what a killed process left running is taken over, with what was committed", async () => {
  await using folder = await temporaryFolder();
  const owner = await startElsewhere(folder.path);
  const url = (await findEmbeddedPostgres(folder.path)) ?? "";
  await query(url, "CREATE TABLE kept AS SELECT 1 AS n");
  await kill(owner);
  await using postgres = await start(folder.path);
  expect(postgres).toMatchObject({ wasTakenOver: true, url });
  expect(await query(postgres.url, "SELECT n FROM kept")).toEqual([{ n: 1 }]);
});

test("a lock left by a killed PostgreSQL does not prevent the next start", async () => {
  await using folder = await temporaryFolder();
  const owner = await startElsewhere(folder.path);
  const postmaster = await postmasterOf(folder.path);
  await kill(owner);
  process.kill(postmaster, "SIGKILL");
  await using postgres = await start(folder.path);
  expect(await postmasterOf(folder.path)).not.toBe(postmaster);
  expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test.runIf(process.platform === "linux")(
  "a lock whose number another program has by now does not prevent it",
  async () => {
    await using folder = await temporaryFolder();
    await (await start(folder.path))[Symbol.asyncDispose]();
    await writeFile(join(folder.path, "cluster/postmaster.pid"), `${process.pid}\n/nowhere\n0\n1\n`);
    await using postgres = await start(folder.path);
    expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  },
);

test("an initdb that was cut short is done again", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "cluster.unfinished.1"));
  await writeFile(join(folder.path, "cluster.unfinished.1/PG_VERSION"), "18\n");
  await using postgres = await start(folder.path);
  expect((await readdir(folder.path)).toSorted()).toEqual(["cluster", "password", "postgres.log"]);
  expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a start that fails says why, with the end of PostgreSQL's log", async () => {
  await using folder = await temporaryFolder();
  const failing = startEmbeddedPostgres({
    folder: folder.path,
    settings: { shared_buffers: "much" },
    log: silentLogger,
  });
  await expect(failing).rejects.toThrow(EmbeddedPostgresError);
  await expect(failing).rejects.toThrow(/PostgreSQL did not start in .*postgres\.log:.*shared_buffers.*"much"/s);
});

test("a folder below one that others may not enter is used all the same", async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o700);
  await using postgres = await start(join(folder.path, "data/postgres"));
  expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});
