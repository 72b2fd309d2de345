// parley keys, as operators use it: beside a running platform.
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { afterList } from "../../src/federation/peer-keys.ts";
import { readWellKnown } from "../../src/protocol/well-known.ts";
import { postgresDiscoveryStore } from "../../src/store/postgres-discovery-store.ts";
import { beginning, timeAfter } from "../conversation/given.ts";
import { type Given, listOf, publicKey } from "../federation/given.ts";
import { runParley } from "../support/parley-process.ts";
import { startPlatform, testSecret } from "../support/platform.ts";

// Each starts a process many times over.
vi.setConfig({ testTimeout: 300_000 });

async function given() {
  const platform = await startPlatform({ worker: false });
  const folder = await mkdtemp(join(tmpdir(), "parley-keys-"));
  const settings = { DATABASE_URL: platform.databaseUrl, PARLEY_SECRET: testSecret };
  return {
    platform,
    spare: join(folder, "spare.json"),
    keys: (args: readonly string[], secret = testSecret) =>
      runParley(["keys", ...args], { ...settings, PARLEY_SECRET: secret }),
    /** What a command tells programs. */
    told: async (...args: readonly string[]) => {
      const { output, errors, code } = await runParley(["keys", ...args, "--json"], settings);
      expect({ errors, code }).toEqual({ errors: "", code: 0 });
      return JSON.parse(output);
    },
    [Symbol.asyncDispose]: async () => {
      await platform[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

test("keys are listed, made and given up beside a running platform, which tells others of them", async () => {
  await using setting = await given();
  const { keys, told, platform } = setting;
  const first = platform.core.signer.key.key;
  expect(await told("list")).toMatchObject({ platform: "localhost", keys: [{ key: first, state: "signs" }] });

  const only = await keys(["revoke", first]);
  expect(only).toMatchObject({ output: "", code: 1 });
  expect(only.errors).toBe("No other key would sign. Make one first: parley keys rotate\n");

  const rotated = await keys(["rotate"]);
  expect(rotated).toMatchObject({ errors: "", code: 0 });
  expect(rotated.output).toMatch(
    /^\S{43} signs from \S+Z on; nothing is to be started anew\.\nBack up the database now/,
  );
  const second = rotated.output.slice(0, 43);
  expect(await told("list")).toMatchObject({
    keys: [
      { key: first, state: "signs" },
      { key: second, by: first, state: "will sign" },
    ],
  });

  expect(await told("revoke", first)).toMatchObject({ key: first, revoked: expect.any(String) });
  expect(await told("list")).toMatchObject({
    keys: [{ key: first, state: "signs until revoked" }, { state: "will sign" }],
  });
  const { output } = await keys(["list"]);
  expect(output).toMatch(
    new RegExp(`^Keys of localhost:\n\n {2}${first} .* until .* the first +signs until revoked\n`),
  );
  expect(output).toMatch(new RegExp(`^- ${second} .* by ${first.slice(0, 8)}… +will sign$`, "m"));

  const answer = await fetch(`${platform.url}/.well-known/parley`);
  expect(readWellKnown(new Uint8Array(await answer.arrayBuffer()))).toMatchObject({
    keys: [{ key: first, revoked: expect.any(String) }, { key: second }],
  });
});

test("a spare is kept in a file alone, and vouches for a new key when the secret is lost", async () => {
  await using setting = await given();
  const { keys, told, platform, spare } = setting;
  const made = await keys(["spare", spare]);
  expect(made).toMatchObject({ errors: "", code: 0 });
  const { mode } = await stat(spare);
  expect(mode & 0o777).toBe(0o600);
  const { seed, key } = JSON.parse(await readFile(spare, "utf8"));
  expect(made.output).toContain(`${key} is listed. Its private key is in ${spare} and nowhere else`);
  const rows = await platform.core.database.prisma.platformKey.findMany();
  expect(rows.map(({ sealed }) => sealed === null)).toEqual([false, true]);
  expect(JSON.stringify(rows)).not.toContain(seed);

  const again = await keys(["spare", spare]);
  expect(again).toMatchObject({ code: 1, errors: expect.stringMatching(/^The file ".*" cannot be made: .*EEXIST/) });
  expect(JSON.parse(await readFile(spare, "utf8")).seed).toBe(seed);
  expect((await told("list")).keys).toHaveLength(2);

  const lost = "another secret, for the first one is lost";
  const refused = await keys(["rotate"], lost);
  expect(refused).toMatchObject({ output: "", code: 1, errors: expect.stringContaining("--spare FILE") });
  const listed = await keys(["list"], lost);
  expect(listed.output).toMatch(
    /does not open\n.* spare\n\nNone signs\. Make one: parley keys rotate \[--spare FILE\]\n$/,
  );
  const rotated = await keys(["rotate", "--spare", spare], lost);
  expect(rotated).toMatchObject({ errors: "", code: 0, output: expect.stringContaining(" signs from now on;") });
  expect((await keys(["list"], lost)).output).toMatch(new RegExp(` by ${key.slice(0, 8)}… +signs\n$`));
});

test("a file that is no spare of this platform is refused, and a spare that cannot be listed leaves no file", async () => {
  await using setting = await given();
  const { keys, spare } = setting;
  await expect(keys(["rotate", "--spare", spare])).resolves.toMatchObject({
    code: 1,
    errors: expect.stringMatching(/^The file ".*" cannot be read: .*ENOENT/),
  });
  await writeFile(spare, "{}");
  await expect(keys(["rotate", "--spare", spare])).resolves.toMatchObject({
    code: 1,
    errors: expect.stringContaining("is no spare key, or was changed."),
  });
  await rm(spare);
  const refused = await keys(["spare", spare], "another secret, for the first one is lost");
  expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining("opens with this PARLEY_SECRET") });
  await expect(stat(spare)).rejects.toThrow("ENOENT");
});

test("keys of others are shown, and accepted where they do not join on", async () => {
  await using setting = await given();
  const { keys, told, platform } = setting;
  const store = postgresDiscoveryStore(platform.core.database.pool);
  const shows = (minutes: number, ...list: readonly Given[]) =>
    store.changePeer("a.example", (kept) => {
      const at = timeAfter(beginning, minutes);
      return afterList(kept, listOf("a.example", ...list), at, at);
    });
  const unknown = await keys(["list", "a.example"]);
  expect(unknown).toMatchObject({ code: 1, errors: expect.stringContaining('No keys of "a.example" are held here') });

  await shows(0, ["one", null]);
  expect(await told("list", "a.example")).toMatchObject({ keys: [{ key: publicKey("one") }], strange: null });
  const nothing = await keys(["accept", "a.example"]);
  expect(nothing).toMatchObject({ code: 1, errors: expect.stringContaining("there is nothing to accept") });

  await shows(1, ["other", null]);
  const { output } = await keys(["list", "a.example"]);
  expect(output).toMatch(
    /Since \S+ it shows these instead, which do not join on:\n\n.*\n\n.*parley keys accept a\.example\n$/,
  );
  const accepted = await keys(["accept", "a.example"]);
  expect(accepted).toMatchObject({ errors: "", code: 0, output: expect.stringMatching(/^Accepted\./) });
  expect(await told("list", "a.example")).toMatchObject({ keys: [{ key: publicKey("other") }], strange: null });
  expect((await keys(["accept", "a.example"])).code).toBe(1);
});

test("what is said wrongly is answered with how it is said", async () => {
  for (const args of [[], ["lst"], ["rotate", "KEY"], ["revoke"], ["list", "a", "b"], ["list", "--spare", "FILE"]]) {
    const { output, errors, code } = await runParley(["keys", ...args]);
    expect({ output, code }).toEqual({ output: "", code: 1 });
    expect(errors).toMatch(/parley keys revoke KEY +give a key up/);
  }
});
