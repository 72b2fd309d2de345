// What is asked for at once is done together, and nobody pays for another.
import { expect, test } from "vitest";
import { inBatches } from "../../../src/mail/out/in-batches.ts";

test("what is asked for while work is out is the next batch", async () => {
  const batches: (readonly number[])[] = [];
  const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ask = inBatches(async (items: readonly number[]) => {
    batches.push([...items]);
    await held[batches.length - 1]?.promise;
    return batches.length;
  });
  const first = ask(1);
  await expect.poll(() => batches).toEqual([[1]]);
  const others = [ask(2), ask(3)];
  held[0]?.resolve();
  expect(await first).toBe(1);
  await expect.poll(() => batches).toEqual([[1], [2, 3]]);
  const last = ask(4);
  held[1]?.resolve();
  expect(await Promise.all(others)).toEqual([2, 2]);
  expect(await last).toBe(3);
  expect(batches).toEqual([[1], [2, 3], [4]]);
});

test("one that fails does not fail those that it was done with, nor who comes after", async () => {
  const ask = inBatches(async (items: readonly string[]) => {
    if (items.includes("bad")) throw new Error("it cannot be done");
    return items.join();
  });
  const outcomes = await Promise.allSettled([ask("a"), ask("bad"), ask("b")]);
  expect(outcomes).toMatchObject([
    { status: "fulfilled", value: "a" },
    { status: "rejected", reason: { message: "it cannot be done" } },
    { status: "fulfilled", value: "b" },
  ]);
  expect(await ask("c")).toBe("c");
  await expect(ask("bad")).rejects.toThrow("it cannot be done");
});
