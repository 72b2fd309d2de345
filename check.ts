// `npm run check`: everything that is checked without running Parley. Each step says what it found and how to mend it.
//
//   npm run check            all steps
//   npm run check types lint those steps
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";

type Step = { name: string; command: string; args: string[]; mend: string };

const parts = ["src", "workers", "test", "bench", "demo", "sdk", "web", "prisma"].filter((part) => existsSync(part));

const steps: Step[] = [
  {
    name: "lint",
    command: "biome",
    args: ["check", "--error-on-warnings", "--no-errors-on-unmatched"],
    mend: "npm run format mends layout and the order of imports; the rest is by hand.",
  },
  { name: "types", command: "tsc", args: ["--project", "."], mend: "Each line names its file and line." },
  {
    name: "imports",
    command: "depcruise",
    args: ["--config", ".dependency-cruiser.mjs", "--output-type", "err-long", ...parts],
    mend: "The rules, with their reasons, are in .dependency-cruiser.mjs.",
  },
  {
    name: "exports",
    command: "knip",
    args: ["--no-progress"],
    mend: "Take out what nothing uses, or the word `export`.",
  },
  {
    name: "generated",
    command: "node",
    args: ["codegen.ts", "--check"],
    mend: "npm run codegen, and commit what it wrote.",
  },
];

type Outcome = { step: Step; output: string; code: number; seconds: number };

const run = (step: Step): Promise<Outcome> =>
  new Promise((done) => {
    const startedAt = performance.now();
    const child = spawn(step.command, step.args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const finish = (code: number): void =>
      done({ step, output, code, seconds: (performance.now() - startedAt) / 1000 });
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", (error) => {
      output += `${step.command} could not be run: ${error.message}. Run it through npm: npm run check\n`;
      finish(127);
    });
    child.on("close", (code) => finish(code ?? 1));
  });

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(", ")}. The steps: ${steps.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

const failed: string[] = [];
for (const step of steps.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  const { output, code, seconds } = await run(step);
  const line = `${step.name.padEnd(10)} ${[step.command, ...step.args.slice(0, 1)].join(" ").padEnd(24)}`;
  console.log(`${code === 0 ? "✓" : "✗"} ${line} ${seconds.toFixed(1)} s`);
  if (code === 0) continue;
  failed.push(step.name);
  console.log(`\n${output.trim().replace(/^/gm, "  ")}\n\n  ${step.mend}\n`);
}
if (failed.length > 0) {
  console.log(`Not right: ${failed.join(", ")}. One step alone: npm run check ${failed[0]}`);
  process.exit(1);
}
