// Runs simulations from the command line.
//
//   node test/simulation/run.ts --steps 20000 --seeds 20     seeds 1 to 20, 1,000 steps each
//   node test/simulation/run.ts --seed 7 --steps 1000        that one again; with --trace, message by message
import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "20" },
    steps: { type: "string", default: "20000" },
    trace: { type: "boolean", default: false },
  },
});
const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => `${index + 1}`)
    : [values.seed];
const steps = Math.ceil(Number(values.steps) / seeds.length);
const begun = performance.now();
let [done, events, failed] = [0, 0, 0];
for (const seed of seeds) {
  const outcome = await simulate(seed, steps, values.trace ? print : undefined);
  done += outcome.steps;
  events += outcome.events;
  if (outcome.faults.length === 0) continue;
  failed++;
  print(`seed ${seed}: ${outcome.faults.slice(0, 6).join("\n  ")}`);
  print(`  again: node test/simulation/run.ts --seed ${seed} --steps ${steps}`);
}
print(
  `${seeds.length} seeds, ${done} steps, ${events} events, ${failed} failed, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
);
if (failed > 0) process.exitCode = 1;
