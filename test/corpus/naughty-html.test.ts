// The big list of naughty strings as messages, in a real browser: nothing runs and nothing is fetched.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { toHtml } from "../../src/html/message-html.ts";
import { newWords } from "../../src/mail/in/new-words.ts";
import { openRendering, type Rendering } from "../browser/rendering.ts";
import { setup as requireChromium } from "../support/require-chromium.ts";

vi.setConfig({ testTimeout: 300_000 });

const path = join(process.env["PARLEY_TEST_DATA"] ?? "", "bad-input", "blns.json");
const strings = z.array(z.string()).parse(JSON.parse(readFileSync(path, "utf8")));

const together = 20;

let rendering: Rendering;
beforeAll(async () => {
  requireChromium();
  rendering = await openRendering();
});
afterAll(async () => {
  await rendering[Symbol.asyncDispose]();
});

test.each([
  ["HTML", (text: string) => toHtml({ format: "HTML", text })],
  ["Markdown", (text: string) => toHtml({ format: "MARKDOWN", text })],
  ["plain text", (text: string) => toHtml({ format: "PLAIN", text })],
  ["the words of a mail", (html: string) => toHtml(newWords({ text: null, html }))],
])("as %s", async (what, shown) => {
  const faults: unknown[] = [];
  // What is sanitized ends where it ends, so that many stand beside each other.
  for (let first = 0; first < strings.length; first += together) {
    const naughty = strings.slice(first, first + together);
    const { ran, fetched, foreign } = await rendering.show(naughty.map(shown).join(""));
    if (ran.length + fetched.length + foreign.length > 0) faults.push({ naughty, ran, fetched, foreign });
  }
  process.stdout.write(
    `naughty-html: ${strings.length} strings as ${what}, ${faults.length} times something was done\n`,
  );
  expect(faults).toEqual([]);
});

test("some of them run or fetch where nobody sanitizes them", async () => {
  let active = 0;
  for (const naughty of strings) {
    const { ran, fetched } = await rendering.show(naughty).catch(() => ({ ran: ["it went elsewhere"], fetched: [] }));
    if (ran.length + fetched.length > 0) active++;
  }
  process.stdout.write(`naughty-html: ${active} of ${strings.length} do something where nobody sanitizes them\n`);
  expect(active).toBeGreaterThan(50);
});
