// A million steps over a thousand seeds, in as many processes as there are processors.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const [seeds, stepsPerSeed] = [1_000, 1_000];

/** What the simulations of these seeds print. */
async function simulated(first: number, count: number): Promise<string> {
  const program = join(import.meta.dirname, "run.ts");
  const options = ["--first", `${first}`, "--seeds", `${count}`, "--steps", `${count * stepsPerSeed}`];
  const running = spawn(process.execPath, [program, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  // Told as they come: it takes long.
  running.stdout.on("data", (part: Buffer) => process.stdout.write(part));
  return text(running.stdout);
}

test("platforms come to the same logs and states, or prove who lied: 1,000,000 steps", {
  timeout: 3_600_000,
}, async () => {
  const processes = availableParallelism();
  const count = Math.ceil(seeds / processes);
  const shares = Array.from({ length: processes }, (_, index) => simulated(1 + index * count, count));
  const said = (await Promise.all(shares)).join("");
  expect(said.match(/^seed .*$/gm) ?? []).toEqual([]);
  expect(said.match(/ 0 failed,/g) ?? []).toHaveLength(processes);
});
