import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

const seeds = Array.from({ length: 20 }, (_, index) => `${index + 1}`);

test("a seed is a run: it happens again, event by event", async () => {
  const [one, again, other] = [await simulate("7", 300), await simulate("7", 300), await simulate("8", 300)];
  expect(again).toEqual(one);
  expect(one.events).toBeGreaterThan(20);
  expect(other.digest).not.toBe(one.digest);
});

test("platforms that lose messages, crash and are cut off come to the same logs and states: 20,000 steps", async () => {
  const failed: string[] = [];
  for (const seed of seeds) {
    const { faults } = await simulate(seed, 1_000);
    if (faults.length > 0) failed.push(`node test/simulation/run.ts --seed ${seed} --steps 1000`, ...faults);
  }
  expect(failed).toEqual([]);
});
