// Pages on a phone: whatever names people give themselves and their files, nothing stands beside the screen.
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { conversationMarkup } from "../../src/mail/pages/conversation-page.ts";
import { answerPage, html, trusted } from "../../src/mail/pages/page.ts";
import type { ShownConversation } from "../../src/mail/pages/shown-conversation.ts";
import { exportPage } from "../../src/proof/export-page.ts";
import { OutlineDrawer } from "../../src/proof/outline.ts";
import { attachmentBody, given, home, messageBody, signerOf } from "../conversation/given.ts";
import { servePages } from "../mail/pages/given.ts";
import { later } from "../proof/given.ts";
import { chromium as executablePath } from "../support/require-chromium.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterAll(() => browser.close());

const name = "N".repeat(150);
const title = `${"f".repeat(250)}.txt`;

const phone = (colorScheme: "light" | "dark" = "light"): Promise<Page> =>
  browser.newPage({ viewport: { width: 360, height: 740 }, colorScheme });

const overflowOf = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

const file = { id: "a", title, size: 1, isHere: true };
const conversation: ShownConversation = {
  subject: name,
  people: [{ name, address: `${"a".repeat(60)}@${"b".repeat(60)}.example`, status: "ACTIVE" }],
  isCrowd: false,
  messages: [
    {
      id: "m",
      seq: 1,
      author: name,
      isOwn: false,
      saidAt: later,
      words: trusted(`<p>${name}</p><pre>${title}</pre><table><tbody><tr><td>${title}</td></tr></tbody></table>`),
      gone: null,
      editedAt: null,
      answers: { id: "m", seq: 1, author: name },
      files: [file],
    },
  ],
  files: [file],
  hasEarlier: false,
  answering: null,
  ended: null,
};

test.each([false, true])("the page behind a mail's link is as wide as a phone (signed in: %s)", async (isOwn) => {
  const main = conversationMarkup(conversation, { path: "/m/x", note: html``, isAnswerable: true, isOwn });
  await using served = await servePages({
    prefix: "/m/",
    answer: async (_, response) => answerPage(response, { title: name, main }),
  });
  const page = await phone();
  await page.goto(`${served.url}/m/x`);
  expect(await page.getByText(title).count()).toBeGreaterThan(1);
  expect(await overflowOf(page)).toBe(0);
});

async function exported(): Promise<string> {
  const scene = given();
  scene.when("alice").adds("bob", "WRITER", { address: "bob@a.example", name }).accepted();
  scene.when("bob").callsIt(name).accepted();
  const text = `${title}\n\n    ${title}\n\n| ${title} | b |\n|---|---|\n| a | b |`;
  scene
    .when("bob")
    .does({ action: "add", model: "message", body: messageBody(text) })
    .accepted();
  const attached = { ...attachmentBody(), title };
  scene.when("bob").does({ action: "add", model: "attachment", body: attached }).accepted();
  const drawer = new OutlineDrawer();
  for (const entry of scene.log) drawer.take(entry);
  const { id, seq, head } = scene.conversation;
  const { key } = signerOf(home).key;
  const parts = exportPage({
    statement: { conversation: id, seq, head, exporter: home, key, exportedAt: later, platforms: [] },
    outline: drawer.outline(),
    log: (async function* () {
      yield scene.log;
    })(),
    bodiesAt: async () => new Map(),
  });
  return (await Array.fromAsync(parts)).join("");
}

test("an exported page is as wide as a phone", async () => {
  const page = await phone();
  await page.setContent(await exported());
  expect(await page.getByText(title).count()).toBeGreaterThan(1);
  expect(await overflowOf(page)).toBe(0);
});

test("an exported page is dark where its reader has it dark", async () => {
  const content = await exported();
  const brightness = async (scheme: "light" | "dark") => {
    const page = await phone(scheme);
    await page.setContent(content);
    const colours = await page.evaluate(
      "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))",
    );
    return (colours as string[]).map((colour) => Number(/\d+/.exec(colour)?.[0]));
  };
  const [ink = 0, ground = 0] = await brightness("light");
  expect(ink).toBeLessThan(ground);
  const [darkInk = 0, darkGround = 0] = await brightness("dark");
  expect(darkInk).toBeGreaterThan(darkGround);
});
