import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

const seeds = Array.from({ length: 20 }, (_, index) => `${index + 1}`);

test("a seed is a run: it happens again, event by event", async () => {
  const [one, again, other] = [await simulate("7", 300), await simulate("7", 300), await simulate("8", 300)];
  expect(again).toEqual(one);
  expect(one.events).toBeGreaterThan(20);
  expect(other.digest).not.toBe(one.digest);
});

test("platforms that lose messages, crash, are cut off and lied to come to the same logs and states: 20,000 steps", async () => {
  const failed: string[] = [];
  const counts = { steps: 0, events: 0, frozen: 0 };
  for (const seed of seeds) {
    const { faults, steps, events, frozen } = await simulate(seed, 1_000);
    counts.steps += steps;
    counts.events += events;
    counts.frozen += frozen;
    if (faults.length > 0) failed.push(`node test/simulation/run.ts --seed ${seed} --steps 1000`, ...faults);
  }
  process.stdout.write(`seeds ${seeds.join(" ")}: ${JSON.stringify(counts)}\n`);
  expect(failed).toEqual([]);
  expect(counts.frozen).toBeGreaterThan(0);
});
