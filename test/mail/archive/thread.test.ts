import fc from "fast-check";
import { expect, test } from "vitest";
import { createThreading, inOrder, type MailIds } from "../../../src/mail/archive/thread.ts";

const mail = (id: string, references = "", inReplyTo = ""): MailIds => ({
  id,
  references: references.split(" ").filter(Boolean),
  inReplyTo: inReplyTo.split(" ").filter(Boolean),
});

/** Threads by their mails' ids, and what each mail answers. */
function threaded(...mails: readonly MailIds[]) {
  const threading = createThreading();
  const duplicates = mails.flatMap((one) => (threading.add(one) === null ? [] : [one.id]));
  const { threads, ancestorsOf } = threading.threads();
  const idOf = (number: number) => mails[number]?.id ?? "";
  const parents = mails.map((_, number) => [...ancestorsOf(number)].find((one) => one.mail !== null)?.id ?? null);
  return {
    threads: threads.map((one) => one.mails.map(idOf)),
    missing: threads.map((one) => one.missing),
    parents,
    duplicates,
  };
}

test("references make a thread, and the last of them is what a mail answers", () => {
  const { threads, parents } = threaded(mail("a"), mail("b", "a"), mail("c", "a b"), mail("d", "a"), mail("e"));
  expect(threads).toEqual([["a", "b", "c", "d"], ["e"]]);
  expect(parents).toEqual([null, "a", "b", "a", null]);
});

test("the order of the file does not count", () => {
  const { threads, parents } = threaded(mail("c", "a b"), mail("b", "a"), mail("a"));
  expect(threads).toEqual([["c", "b", "a"]]);
  expect(parents).toEqual(["b", "a", null]);
});

test("In-Reply-To counts where there are no references, and joins where there are", () => {
  const { threads, parents } = threaded(mail("a"), mail("b"), mail("c", "", "a"), mail("d", "a", "b"));
  expect(threads).toEqual([["a", "b", "c", "d"]]);
  expect(parents).toEqual([null, null, "a", "a"]);
});

test("where a parent is missing, the nearest mail above it is answered", () => {
  const { threads, parents, missing } = threaded(mail("a"), mail("c", "a lost"), mail("d", "lost older"));
  expect(threads).toEqual([["a", "c", "d"]]);
  // `older` is above `lost` for d alone; c said first that it is a.
  expect(parents).toEqual([null, "a", "a"]);
  expect(missing).toEqual([["lost", "older"]]);
});

test("several mails that answer one that is missing are one thread", () => {
  const { threads, parents, missing } = threaded(mail("b", "lost"), mail("c", "", "lost"), mail("d", "lost c"));
  expect(threads).toEqual([["b", "c", "d"]]);
  expect(parents).toEqual([null, null, "c"]);
  expect(missing).toEqual([["lost"]]);
});

test("a loop is cut, and its mails are one thread", () => {
  expect(threaded(mail("a", "b"), mail("b", "a"))).toMatchObject({ threads: [["a", "b"]], parents: ["b", null] });
  expect(threaded(mail("a", "a"), mail("b", "a b a"))).toMatchObject({ threads: [["a", "b"]], parents: [null, "a"] });
  const { parents } = threaded(mail("a", "c"), mail("b", "a"), mail("c", "b"), mail("d", "a b c a"));
  expect(parents.filter((parent) => parent === null)).toHaveLength(1);
});

test("a mail whose id another has is in no thread, and what it refers to joins nothing", () => {
  const { threads, duplicates } = threaded(mail("a"), mail("b"), mail("a", "b"));
  expect(threads).toEqual([["a"], ["b"]]);
  expect(duplicates).toEqual(["a"]);
});

test("what mails say of each other, and nothing else, joins them; answers form no loop", () => {
  const id = fc.constantFrom(..."abcdefghijkl");
  const ids = fc.array(id, { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.record({ id, references: ids, inReplyTo: ids })), (mails) => {
      const threading = createThreading();
      const kept = mails.map((one) => threading.add(one) === null);
      const { threads, ancestorsOf } = threading.threads();
      expect(threads.flatMap((one) => one.mails).toSorted((a, b) => a - b)).toEqual(
        mails.flatMap((_, number) => (kept[number] ? [number] : [])),
      );
      const threadOf = new Map(threads.flatMap((one, index) => one.mails.map((number) => [number, index] as const)));
      for (const [number, one] of mails.entries()) {
        if (!kept[number]) continue;
        const named = new Set([...one.references, ...one.inReplyTo]);
        for (const [other, { id: otherId }] of mails.entries())
          if (kept[other] && named.has(otherId)) expect(threadOf.get(other)).toBe(threadOf.get(number));
        // It ends, and stays within the thread.
        const above = [...ancestorsOf(number)];
        expect(above.length).toBeLessThan(13);
        for (const ancestor of above) {
          if (ancestor.mail === null) expect(threads[threadOf.get(number) ?? -1]?.missing).toContain(ancestor.id);
          else expect(threadOf.get(ancestor.mail)).toBe(threadOf.get(number));
        }
      }
    }),
  );
});

test("20,000 answers to each other are threaded, forwards and backwards", () => {
  const count = 20_000;
  const chain = Array.from({ length: count }, (_, index) => mail(`${index}`, index === 0 ? "" : `${index - 1}`));
  for (const mails of [chain, chain.toReversed()]) {
    const threading = createThreading();
    for (const one of mails) threading.add(one);
    const found = threading.threads();
    expect(found.threads.map((one) => one.mails.length)).toEqual([count]);
    const order = inOrder(found.threads[0]?.mails ?? [], found, () => 0);
    expect(mails[order[0] ?? -1]?.id).toBe("0");
    expect(mails[order.at(-1) ?? -1]?.id).toBe(`${count - 1}`);
  }
});

test("a thread is told by time, an answer never before what it answers", () => {
  const threading = createThreading();
  const mails = [mail("answer", "first"), mail("first"), mail("other", "first"), mail("early", "answer")];
  for (const one of mails) threading.add(one);
  const found = threading.threads();
  const times = [50, 100, 90, 10];
  const order = inOrder([0, 1, 2, 3], found, (number) => times[number] ?? 0);
  expect(order.map((number) => mails[number]?.id)).toEqual(["first", "answer", "other", "early"]);
});
