// Whether the simulation can fail: each check of the code under test is switched off in a copy of it, and simulated; or, where
// the simulation does not come to it, tested by the file that does.
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { mutations } from "./mutations.ts";

const root = join(import.meta.dirname, "../..");
/** Within so many seeds it shows. */
const [seedsMax, stepsPerSeed] = [100, 1_000];

const copied = ["src", "test"];

/** A copy of what is run. What comes of a simulation is looked at by the code as it is. */
async function copyTo(folder: string): Promise<void> {
  for (const part of copied) await cp(join(root, part), join(folder, part), { recursive: true });
  const others = (await readdir(root)).filter((name) => !copied.includes(name) && !name.startsWith("."));
  for (const name of others) await symlink(join(root, name), join(folder, name));
  await change(join(folder, "test/simulation/invariants.ts"), (code) =>
    code.replaceAll('"../../src/', `"${root}/src/`),
  );
}

async function change(path: string, to: (code: string) => string): Promise<void> {
  await writeFile(path, to(await readFile(path, "utf8")));
}

/** What a program of node's says, and how it ends. */
async function ran(program: string, options: readonly string[]) {
  const running = spawn(process.execPath, [program, ...options], { env: { ...process.env, NO_COLOR: "1" } });
  const code = new Promise((resolve) => running.on("close", resolve));
  return { said: await text(running.stdout), code: await code };
}

function simulated(folder: string, lie: string | undefined) {
  const options = ["--seeds", `${seedsMax}`, "--steps", `${seedsMax * stepsPerSeed}`, "--until-failed"];
  return ran(join(folder, "test/simulation/run.ts"), [...options, ...(lie === undefined ? [] : ["--lies", lie])]);
}

function tested(folder: string, file: string) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  return ran(vitest, ["run", "--root", folder, "--project", "parley", "--bail", "1", file]);
}

test.concurrent.each(mutations)("it fails without $without", { timeout: 900_000 }, async (mutation) => {
  const folder = await mkdtemp(join(tmpdir(), "parley-mutation-"));
  try {
    await copyTo(folder);
    for (const [file, from, to] of mutation.changes) {
      await change(join(folder, file), (code) => {
        expect(code.split(from), `${file} says once: ${from}`).toHaveLength(2);
        return code.replace(from, () => to);
      });
    }
    const { by, lie, without } = mutation;
    const { code, said } = by === undefined ? await simulated(folder, lie) : await tested(folder, by);
    const [failed] = said.match(by === undefined ? /^seed \d+: .*/ : /× .*/) ?? [];
    expect(failed, said).toBeDefined();
    // Not that it could not be run.
    if (by !== undefined) expect(said).toMatch(/Tests +\d+ failed/);
    expect(code).toBe(1);
    process.stdout.write(`without ${without}: ${failed}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
