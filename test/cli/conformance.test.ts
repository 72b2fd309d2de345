// parley conformance as a process of its own: what it prints, and what it ends with.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { allTries } from "../../src/conformance/run.ts";
import { startBarePlatform } from "../support/bare-platform.ts";
import { freePort } from "../support/free-port.ts";
import { runParley } from "../support/parley-process.ts";
import { startPlatform } from "../support/platform.ts";

// It waits for a platform that does not give up a body, and for one that looks for a key once in ten seconds.
vi.setConfig({ testTimeout: 240_000 });

const name = "conformance.localhost";

/** Runs it against `url`, as a platform that is reached at the port. */
async function conformance(url: string, port: number, ...more: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "parley-conformance-"));
  await using _removed = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const listen = ["--listen", `127.0.0.1:${port}`, "--name", name, "--keys", join(folder, "keys.json")];
  return await runParley(["conformance", url, ...listen, ...more]);
}

test.concurrent("our own platform is right in all that is tried, and it ends with 0", async () => {
  const port = await freePort();
  const peers = { [name]: `http://127.0.0.1:${port}` };
  await using platform = await startPlatform({
    // A subject whose words are missing leaves the one before it searchable: not mended yet.
    mayDrift: true,
    ...{ name: "tried.localhost", peers },
  });
  const bob = await platform.person("bob");
  const { code, output, errors } = await conformance(platform.url, port, "--address", bob.address, "--json");
  const report = JSON.parse(output);
  expect(report.tries.filter(({ verdict }: { verdict: string }) => verdict === "wrong")).toEqual([]);
  expect(report).toMatchObject({ platform: "tried.localhost", wrong: 0 });
  expect(report.right + report.leftOut).toBe(allTries.length);
  expect(report.right).toBeGreaterThan(100);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
});

test.concurrent("a platform that takes whatever comes is told what is wrong of it, and it ends with 1", async () => {
  await using bare = await startBarePlatform("tried.localhost");
  bare.answers(() => ({ status: 204 }));
  const { code, output, errors } = await conformance(bare.url, await freePort());
  expect({ code, errors }).toEqual({ code: 1, errors: "" });
  expect(output).toContain(`3. Requests and their signatures
  ✓ M39 a GET that is signed rightly: 2xx
`);
  expect(output).toMatch(
    /\n {2}✗ M39 a GET without a signature: expected 401 UNSIGNED; came 2\S+\n {6}M39: Every request under/,
  );
  expect(output).toMatch(/\ntried\.localhost: \d+ right, [1-9]\d+ wrong, [1-9]\d* left out\./);
});

test.concurrent("where not even a right request is taken, nothing more is tried, and it is said why", async () => {
  await using bare = await startBarePlatform("tried.localhost");
  bare.answers(() => ({ status: 500 }));
  const { code, output } = await conformance(bare.url, await freePort());
  expect(code).toBe(1);
  expect(output).toMatch(/✗ M39 a GET that is signed rightly: expected 2xx; came 500/);
  expect(output).toContain(
    "\nNothing more was tried: tried.localhost does not take a request that is signed rightly.\n",
  );
  expect(output).not.toContain("a batch that is signed rightly");
});

test.concurrent("where the platform cannot find us, that is no fault of it: what is needed is said, and it ends with 1", async () => {
  await using platform = await startPlatform({ name: "tried.localhost" });
  const port = await freePort();
  const { code, output, errors } = await conformance(platform.url, port);
  expect({ code, errors }).toEqual({ code: 1, errors: "" });
  expect(output).toContain(
    "  – M39 a GET that is signed rightly: left out, they answer 401 UNKNOWN_KEY, and did not ask us for our keys\n",
  );
  expect(output).toContain(`start it with PARLEY_PEERS=${name}=http://127.0.0.1:${port}, if it is a Parley\n`);
  expect(output).toMatch(/\ntried\.localhost: 1 right, 0 wrong, \d+ left out\./);
  const { output: json } = await conformance(platform.url, port, "--json");
  expect(JSON.parse(json)).toMatchObject({ wrong: 0, stopped: expect.stringContaining("did not ask for") });
});

test.concurrent("where it asked for our keys and takes none, it may know others under that name, which is said", async () => {
  const port = await freePort();
  const base = new URL(`http://127.0.0.1:${port}`);
  await using bare = await startBarePlatform("tried.localhost");
  bare.answers(async () => {
    await bare.asks({ name, base }, { method: "GET", path: "/.well-known/parley", signing: null });
    return { status: 401, json: { code: "UNKNOWN_KEY" } };
  });
  const { code, output } = await conformance(bare.url, port);
  expect(code).toBe(1);
  expect(output).toContain("left out, they answer 401 UNKNOWN_KEY, and asked us for our keys\n");
  expect(output).toMatch(
    /\nThat is wrong, unless it has seen other keys under that name: they have to be those of \S+keys\.json, or/,
  );
  expect(output).toMatch(/\ntried\.localhost: 1 right, 0 wrong, \d+ left out\./);
});

test.concurrent("its keys are kept in the data folder, which is said, and a later run shows the same", async () => {
  await using bare = await startBarePlatform("tried.localhost");
  bare.answers(() => ({ status: 500 }));
  const folder = await mkdtemp(join(tmpdir(), "parley-conformance-"));
  await using _removed = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const file = join(folder, "data", "conformance", `${name}.keys.json`);
  const run = async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    return await runParley(["conformance", bare.url, "--listen", listen], { PARLEY_DATA: join(folder, "data") });
  };
  expect((await run()).output).toContain(`\nThe keys of ${name} are in ${file}. Keep them:`);
  const keys = await readFile(file, "utf8");
  await run();
  expect(await readFile(file, "utf8")).toBe(keys);
});

test.concurrent("what is no platform, and what cannot be done, is said without a stack", async () => {
  const nobody = await freePort();
  await using other = await startBarePlatform("tried.localhost");
  await using bare = await startBarePlatform("tried.localhost");
  bare.shows({ platform: "", keys: [] });
  const answers = await Promise.all([
    conformance(`http://127.0.0.1:${nobody}`, await freePort()),
    conformance(bare.url, await freePort()),
    runParley(["conformance"]),
    runParley(["conformance", "tried.localhost"]),
    runParley(["conformance", bare.url, "--address", "bob"]),
    runParley(["conformance", bare.url, "--listen", "4099"]),
    runParley(["conformance", bare.url, "--wait", "long"]),
    runParley(["conformance", other.url, "--keys", "nowhere/keys.json"]),
  ]);
  for (const { code, output } of answers) expect({ code, output }).toEqual({ code: 1, output: "" });
  const said = answers.map(({ errors }) => errors);
  expect(said[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+ does not answer: /);
  expect(said[1]).toContain("/.well-known/parley does not say which platform this is");
  for (const errors of said.slice(2, 4)) expect(errors).toContain("Say: parley conformance https://PLATFORM");
  expect(said[4]).toContain('"bob" is not an address.');
  expect(said[5]).toContain("Say: --listen HOST:PORT");
  expect(said[6]).toContain("Say: --wait SECONDS, a whole number");
  expect(said[7]).toMatch(/^the file nowhere\/keys\.json cannot be written: .* Say another --keys FILE\.\n$/);
  for (const errors of said) expect(errors).not.toMatch(/\n +at /);
});
