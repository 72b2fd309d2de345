// Whether the simulation can fail: each check of the code under test is switched off in a copy of it, and simulated.
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { type Mutation, mutations } from "./mutations.ts";

const root = join(import.meta.dirname, "../..");
/** Within so many seeds it shows. */
const [seedsMax, stepsPerSeed] = [100, 1_000];

/** A copy of what the simulation runs. What comes of it is looked at by the code as it is. */
async function copyTo(folder: string): Promise<void> {
  for (const part of ["src", "test/simulation", "test/support", "test/conversation"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  for (const name of ["package.json", "node_modules"]) await symlink(join(root, name), join(folder, name));
  await change(join(folder, "test/simulation/invariants.ts"), (code) =>
    code.replaceAll('"../../src/', `"${root}/src/`),
  );
}

async function change(path: string, to: (code: string) => string): Promise<void> {
  await writeFile(path, to(await readFile(path, "utf8")));
}

async function simulated(folder: string, { lie, firstSeed = 1 }: Mutation) {
  const seeds = [
    "--first",
    `${firstSeed}`,
    "--seeds",
    `${seedsMax}`,
    "--steps",
    `${seedsMax * stepsPerSeed}`,
    "--until-failed",
  ];
  const options = [...seeds, ...(lie === undefined ? [] : ["--lies", lie])];
  const running = spawn(process.execPath, [join(folder, "test/simulation/run.ts"), ...options]);
  const code = new Promise((resolve) => running.on("close", resolve));
  return { said: await text(running.stdout), code: await code };
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
    const { code, said } = await simulated(folder, mutation);
    expect(said).toMatch(/^seed \d+: /);
    expect(code).toBe(1);
    process.stdout.write(`without ${mutation.without}: ${said.split("\n")[0]}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
