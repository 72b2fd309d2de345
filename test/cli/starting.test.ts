// The `parley` command as a newcomer meets it: first starts, settings that are wrong, and what it says of itself.
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { runParley, startParley } from "../support/parley-process.ts";
import { testSecret } from "../support/platform.ts";
import { startRedis } from "../support/redis.ts";

const aStack = /\n +at /;

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), "parley-start-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

const changed = (url: string, change: Partial<Pick<URL, "hostname" | "port" | "password" | "pathname">>): string =>
  Object.assign(new URL(url), change).href;

test.each([
  ["nothing listens at", { port: "1" }, /out of reach: .*ECONNREFUSED.*\nNothing listens there/],
  [
    "has no such host",
    { hostname: "nowhere.invalid" },
    /nowhere\.invalid.* is out of reach: .*\n.*the host in DATABASE_URL/,
  ],
  ["has no such database", { pathname: "/nothing" }, /database "nothing" does not exist\nThere is no such database/],
  ["refuses the password", { password: "sesame" }, /password authentication failed.*\nThe password is wrong/],
] as const)("where the database's URL %s, a start says what to do", async (_, change, advice) => {
  await using database = await createDatabase();
  const settings = { DATABASE_URL: changed(database.url, change), PARLEY_SECRET: testSecret };
  const commands = [["start"], ["account", "create", "alice@localhost"]];
  for (const { output, errors, code } of await Promise.all(commands.map((args) => runParley(args, settings)))) {
    expect(code).toBe(1);
    expect(errors).toMatch(advice);
    expect(output + errors).not.toMatch(aStack);
    expect(output + errors).not.toContain("sesame");
  }
});

test("where Redis is out of reach, a start says so once", async () => {
  await using database = await createDatabase();
  const redis = await startRedis();
  await redis.stop();
  const settings = { DATABASE_URL: database.url, PARLEY_SECRET: testSecret, REDIS_URL: redis.url };
  const { output, errors, code } = await runParley(["start"], settings);
  expect(code).toBe(1);
  expect(errors).toMatch(/^Redis at \S+ is out of reach: .*\nStart it, or correct REDIS_URL/);
  expect(output).toBe("");
});

test.each(["/etc/passwd", "/etc/passwd/data", "/proc/nope", "/proc"])(
  "with %s for its data folder, a start says what to do",
  async (folder) => {
    const commands = [["start"], ["account", "create", "alice@localhost"]];
    const settings = { PARLEY_DATA: folder };
    for (const { output, errors, code } of await Promise.all(commands.map((args) => runParley(args, settings)))) {
      expect({ output, code }).toEqual({ output: "", code: 1 });
      expect(errors).toContain(`The data folder ${folder} cannot be made: `);
      expect(errors).toContain("Set PARLEY_DATA to a folder that you may write to.");
      expect(errors).not.toMatch(aStack);
    }
  },
);

test("an account made before the first start keeps its tokens, the start makes the other person, and its hint is right", {
  timeout: 180_000,
}, async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.folder, "of alice's");
  const settings = { PARLEY_DATA: folder, PARLEY_PLATFORM: "parley.example" };
  const made = await runParley(["account", "create", "alice@parley.example", "--json"], settings);
  expect(made).toMatchObject({ errors: "", code: 0 });
  expect(JSON.parse(made.output)).toEqual({ address: "alice@parley.example", isNew: true, token: null });

  const hint = "npx parley account create alice@parley.example --token\n";
  await using first = await startParley(settings);
  await expect.poll(first.output, { interval: 5, timeout: 20_000 }).toContain(hint);
  expect(first.output()).toMatch(/\nbob@parley\.example\n +token +parley_/);
  expect(first.output()).not.toContain("\nalice@");

  // As a shell takes it.
  const [, told] = /For a new token: PARLEY_DATA='(.+)' PARLEY_PLATFORM=parley\.example npx/.exec(first.output()) ?? [];
  expect(told?.replaceAll("'\\''", "'")).toBe(folder);
  const token = await runParley(["account", "create", "alice@parley.example", "--token"], settings);
  expect(token.output).toMatch(
    /^Used the data folder .+of alice's\.\nThe account alice@parley\.example was there already\.\nA new token/,
  );

  const accounts = JSON.parse((await runParley(["account", "list", "--json"], settings)).output);
  expect(accounts).toMatchObject([
    { address: "alice@parley.example", tokens: 1 },
    { address: "bob@parley.example", tokens: 1 },
  ]);
  const mine = /parley_\S+/.exec(token.output)?.[0];
  const asks = () =>
    fetch(`${first.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${mine}` },
      body: '{"query":"{viewer{address}}"}',
    }).then((answer) => answer.text());
  expect(await asks()).toContain("alice@parley.example");
  const revoked = await runParley(["account", "revoke", "Alice@parley.example"], settings);
  expect(revoked.output).toMatch(/^Revoked 1 token of alice@parley\.example, .*\n$/);
  await expect.poll(asks, { timeout: 20_000 }).toContain("UNAUTHENTICATED");
  const unknown = await runParley(["account", "revoke", "carol"], settings);
  expect(unknown).toMatchObject({ code: 1, errors: expect.stringContaining("parley account list") });
  first.child.kill("SIGTERM");
  expect(await first.ended, first.output()).toBe(0);

  await using second = await startParley(settings);
  await expect.poll(second.output, { interval: 5, timeout: 20_000 }).toContain(hint);
  expect(second.output()).not.toMatch(/ token +parley_/);
  second.child.kill("SIGTERM");
  expect(await second.ended, second.output()).toBe(0);

  const elsewhere = { PARLEY_DATA: join(temporary.folder, "elsewhere") };
  const { output } = await runParley(["account", "create", "carol@localhost"], elsewhere);
  expect(output).toMatch(
    /^Made a new database in the data folder .+elsewhere\.\nMade the account carol@localhost\.\n$/,
  );
});

test("only a start and a new account make a platform: all else says that there is none, and leaves nothing", async () => {
  await using temporary = await temporaryFolder();
  const hash = "A".repeat(43);
  const mbox = join(temporary.folder, "one.mbox");
  await writeFile(mbox, "From a@b Thu Jan  1 00:00:00 2026\nFrom: a@b.example\n\nHello\n");
  const folder = join(temporary.folder, "of nobody");
  for (const args of [
    ["doctor"],
    ["account", "list"],
    ["keys", "list"],
    ["deliveries", "list"],
    ["export", hash],
    ["verify", hash],
    ["import", "mbox", mbox, "--as", "alice@localhost"],
  ]) {
    const { output, errors, code } = await runParley(args, { PARLEY_DATA: folder });
    expect({ args, output, code }).toEqual({ args, output: "", code: 1 });
    expect(errors).toBe(
      `There is no platform in the data folder ${folder}.\n` +
        "Set PARLEY_DATA to the folder of yours, or DATABASE_URL; to make one, say: parley start\n",
    );
  }
  expect(await readdir(temporary.folder)).toEqual(["one.mbox"]);
  // Whether one is there cannot be said.
  await symlink(folder, folder);
  const { errors } = await runParley(["doctor"], { PARLEY_DATA: folder });
  expect(errors).toMatch(/^The data folder .*of nobody cannot be made: (?:ELOOP|EEXIST)/);
});

test.each(["start", "api", "worker"])("parley %s refuses what it would not heed", async (command) => {
  await using temporary = await temporaryFolder();
  const { output, errors, code } = await runParley([command, "--port", "4001"], { PARLEY_DATA: temporary.folder });
  expect({ output, code }).toEqual({ output: "", code: 1 });
  expect(errors).toMatch(
    /^parley \w+ takes nothing more\. Its settings come from the environment, PARLEY_PORT for one: parley help\n/,
  );
  expect(await readdir(temporary.folder)).toEqual([]);
});

test("whoever uses the database of another process says once that it is gone, and ends", {
  timeout: 180_000,
}, async () => {
  await using temporary = await temporaryFolder();
  const settings = { PARLEY_DATA: temporary.folder };
  await using owner = await startParley(settings);
  await using beside = await startParley(settings, "api");
  expect(beside.output()).toMatch(/"level":40.*without REDIS_URL.*only every few seconds/);
  expect(owner.output()).not.toContain("REDIS_URL");
  owner.child.kill("SIGTERM");
  expect(await owner.ended, owner.output()).toBe(0);
  expect(await beside.ended, beside.output()).toBe(1);
  expect(
    beside.output().match(/^The database in .+ is gone: .*\nStart that one again, and then this one;.*$/gm),
  ).toHaveLength(1);
});

test("it says which version it is, how a command is called, and what settings are unless they are set", async () => {
  expect(await runParley(["--version"])).toMatchObject({
    output: expect.stringMatching(/^parley \d+\.\d+\.\d+\n$/),
    code: 0,
  });
  for (const args of [
    ["account", "craete", "alice@localhost"],
    ["account", "create", "--tokn", "alice@localhost"],
  ]) {
    const { output, errors, code } = await runParley(args);
    expect({ output, code }).toEqual({ output: "", code: 1 });
    expect(errors).toMatch(/parley account create ADDRESS +make an account/);
    expect(errors).not.toMatch(/parley worker|PARLEY_/);
  }
  expect((await runParley(["account", "--help"])).output).toMatch(/^( {2}parley account \w+ .*\n){3}$/);
  expect((await runParley(["acount"])).errors).toMatch(
    /There is no command "acount"\.\n\n {2}parley start.*parley help\n$/s,
  );
  const { output } = await runParley(["help"]);
  expect(output).toMatch(/PARLEY_PORT .* Default: 4000\.\n/);
  expect(output).toMatch(/PARLEY_DATA .* Default: \.\/data\.\n/);
});
