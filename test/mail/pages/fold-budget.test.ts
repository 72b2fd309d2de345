import { expect, test } from "vitest";
import { createFoldBudget, type FoldBudget } from "../../../src/mail/pages/fold-budget.ts";
import { conversationOf, givenPlatform, said } from "../../graphql/given.ts";
import { addByMail, ask, mailTo, signIn } from "./given.ts";

/** How many of so many pages a source is shown. */
const shown = (budget: FoldBudget, source: string, pages: number, events: number): number =>
  Array.from({ length: pages }, () => budget.take(source, events)).filter((isTaken) => isTaken).length;

test("a source has so much folded in a minute, and another as much; short logs are not counted", () => {
  let now = 0;
  const budget = createFoldBudget(() => now);
  expect(shown(budget, "a", 1_000, 1_000)).toBe(1_000);
  expect(shown(budget, "a", 30, 10_000)).toBe(10);
  expect(shown(budget, "b", 30, 10_000)).toBe(10);
  now += 60_000;
  expect(shown(budget, "a", 30, 10_000)).toBe(10);
});

test("the longest log is folded once a minute; more sources than are remembered wait", () => {
  let now = 0;
  const budget = createFoldBudget(() => now);
  expect(shown(budget, "a", 3, 5_000_000)).toBe(1);
  const others = Array.from({ length: 20_000 }, (_, index) => budget.take(`s${index}`, 2_000));
  expect(others.filter((isTaken) => isTaken)).toHaveLength(9_999);
  now += 60_000;
  expect(shown(budget, "a", 3, 5_000_000)).toBe(1);
});

const given = givenPlatform({ worker: false });

test("links of a long conversation are answered with 429 above it; who shows that a mail was theirs reads on", async () => {
  const { alice } = await given.people("alice");
  const { pool } = given.platform.core.database;
  const conversation = await conversationOf(alice);
  await said(alice, conversation, "Long ago");
  const carol = await addByMail(pool, alice.parley, conversation);
  // As if the mail were of a log of that length: folding ends where the log does.
  const mail = await mailTo(pool, carol, 60_000);
  const url = `${given.platform.url}/m/${mail.token("link")}`;
  expect((await ask(url)).status).toBe(200);
  const refused = await ask(url);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
  expect(refused.text).not.toContain("Long ago");
  const browser = await signIn(pool, url, carol);
  expect((await browser.read()).text).toContain("Long ago");
});
