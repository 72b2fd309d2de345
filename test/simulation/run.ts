// Runs simulations from the command line.
//
//   node test/simulation/run.ts --steps 20000 --seeds 20     seeds 1 to 20, 1,000 steps each; with --first 41, 41 to 60
//   node test/simulation/run.ts --seed 7 --steps 1000        that one again; with --trace, message by message;
//                                                           with --until-failed, no seed after one that fails;
//                                                           with --lies "words,withheld", and a liar who tells these
import { parseArgs } from "node:util";
import { allLies } from "./liar.ts";
import { simulate } from "./simulation.ts";

const print = (line: string) => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    first: { type: "string", default: "1" },
    seeds: { type: "string", default: "20" },
    steps: { type: "string", default: "20000" },
    "until-failed": { type: "boolean", default: false },
    lies: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});
const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => `${index + Number(values.first)}`)
    : [values.seed];
const steps = Math.ceil(Number(values.steps) / seeds.length);
const named = values.lies?.split(",");
const lies = named?.flatMap((name) => allLies.find((lie) => lie === name) ?? []);
const unknown = named?.find((name) => !allLies.some((lie) => lie === name));
if (unknown !== undefined) {
  process.stderr.write(`There is no lie "${unknown}". The lies: ${allLies.join(", ")}\n`);
  process.exit(2);
}
const begun = performance.now();
let [done, events, frozen, failed] = [0, 0, 0, 0];
for (const seed of seeds) {
  const outcome = await simulate(seed, steps, { ...(values.trace && { trace: print }), ...(lies && { lies }) });
  done += outcome.steps;
  events += outcome.events;
  frozen += outcome.frozen;
  if (outcome.faults.length === 0) continue;
  failed++;
  print(`seed ${seed}: ${outcome.faults.slice(0, 6).join("\n  ")}`);
  print(`  again: node test/simulation/run.ts --seed ${seed} --steps ${steps}${lies ? ` --lies "${lies}"` : ""}`);
  if (values["until-failed"]) break;
}
print(
  `seeds ${seeds[0]} to ${seeds.at(-1)}: ${done} steps, ${events} events, ${frozen} frozen, ${failed} failed, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
);
if (failed > 0) process.exitCode = 1;
