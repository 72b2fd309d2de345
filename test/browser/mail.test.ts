// Email in a real browser, as a newcomer sees it: who has nothing but an address is added, the mail is read and answered on
// the page, and its link opens the conversation.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createParley, type Parley } from "../../sdk/src/index.ts";
import { done, present } from "../graphql/given.ts";
import { freePort } from "../support/free-port.ts";
import { type ParleyProcess, startParley } from "../support/parley-process.ts";
import { chromium as executablePath } from "../support/require-chromium.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let platform: ParleyProcess;
let browser: Browser;
let alice: Parley;
const contexts: BrowserContext[] = [];
const complaints: string[] = [];
const requests: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-mail-"));
  // Links in mails lead to the port of the settings.
  const PARLEY_PORT = String(await freePort());
  platform = await startParley({ PARLEY_DATA: folder, PARLEY_PORT, PARLEY_MAIL_DELAY: "0" });
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  await vi.waitFor(() => expect(platform.output()).toContain("/mail/"), { timeout: 30_000 });
  const [, token = ""] = /alice@localhost\n +token +(\S+)/.exec(platform.output()) ?? [];
  alice = createParley({ url: platform.url, token });
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  // Nothing is asked of anybody else, and nothing that the pages' policy forbids is tried by the pages themselves.
  expect(requests.splice(0).filter((url) => !url.startsWith(`${platform.url}/`) && !url.startsWith("data:"))).toEqual(
    [],
  );
  expect(complaints.splice(0)).toEqual([]);
});
afterAll(async () => {
  await alice[Symbol.asyncDispose]();
  await browser.close();
  await platform[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Look {
  readonly width?: number;
  readonly isDark?: boolean;
}

/** A window with nothing remembered. */
const open = async (url: string, { width = 900, isDark = false }: Look = {}): Promise<Page> => {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: isDark ? "dark" : "light",
  });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return page;
};

/** Keeps a picture where PARLEY_SCREENSHOTS names a folder. */
const picture = async (page: Page, name: string) => {
  const pictures = process.env["PARLEY_SCREENSHOTS"];
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
};

const begin = async (subject: string, body: string): Promise<string> => {
  const messages = [{ body }];
  const { conversation } = await done(alice.conversationCreate({ subject, messages, publish: true }));
  return present(conversation.hash);
};

const textsOf = async (conversation: string) =>
  present(await alice.messages({ conversation, last: 100 })).messages.edges.map(({ node }) => [
    node.author?.displayName,
    node.body?.trim(),
  ]);

const printed = () => present(/http:\S+\/mail\//.exec(platform.output())?.[0]);

/** Opens the mail of this subject, once it went out. */
const openMail = async (subject: string, look?: Look): Promise<Page> => {
  const page = await open(printed(), look);
  await page.getByRole("link", { name: subject }).first().click();
  return page;
};

const linkIn = async (page: Page): Promise<string> =>
  present(await page.locator("pre a[href*='/m/']").first().getAttribute("href"));

test("somebody with nothing but an address is added, reads the mail on the page, and their answer is in the conversation", async () => {
  const conversation = await begin("Lunch on Friday", "Shall we try the **new place**?");
  const page = await open(printed());
  await picture(page, "mail-none-yet");
  await done(alice.participantAdd({ conversation, address: "carol@example.org", name: "Carol" }));
  await page.getByRole("link", { name: /Lunch on Friday/ }).click();
  await page.getByText("new place").first().waitFor();
  await page.getByText("As HTML").click();
  await page.frameLocator("iframe").getByText("new place").first().waitFor();
  await picture(page, "mail-read");
  await page.getByLabel(/What they write/).fill("Yes! I'll bring a friend.");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByRole("status").waitFor();
  await picture(page, "mail-answered");
  await expect
    .poll(() => textsOf(conversation), { timeout: 30_000 })
    .toEqual([
      ["Alice", "Shall we try the **new place**?"],
      ["Carol", "Yes! I'll bring a friend."],
    ]);
});

test("the link shows the conversation up to the mail; a code opens the rest, to be answered from the page", async () => {
  const conversation = await begin("A walk", "Up the hill?");
  await done(alice.participantAdd({ conversation, address: "erin@example.org", name: "Erin" }));
  const mail = await openMail("A walk");
  const link = await linkIn(mail);
  await done(alice.messageAdd({ conversation, body: "Said after the mail" }));

  const page = await open(link, { width: 390 });
  await page.getByText("Up the hill?").waitFor();
  expect(await page.getByText("Said after the mail").count()).toBe(0);
  await picture(page, "link-stranger");
  await page.getByRole("button", { name: /send a code to e•••@example.org/ }).click();
  await page.getByRole("status").waitFor();
  await picture(page, "link-code");

  const codes = await open(printed());
  const subject = await codes
    .getByRole("link", { name: /Your code: \d{6}/ })
    .first()
    .textContent();
  const [code = ""] = /\d{6}/.exec(subject ?? "") ?? [];
  await page.getByLabel(/six digits/).fill(code);
  await page.keyboard.press("Enter");
  await page.getByText("Said after the mail").waitFor();
  await picture(page, "link-own");
  await page.getByLabel("Your words").fill("From the page, with **weight**");
  await page.getByRole("button", { name: "Send to the conversation" }).click();
  await page.getByText("Your answer is in the conversation.").waitFor();
  await picture(page, "link-said");
  expect((await textsOf(conversation)).at(-1)).toEqual(["Erin", "From the page, with **weight**"]);

  // Another window has the link and no session.
  expect(await (await open(link)).getByText("Said after the mail").count()).toBe(0);

  await page.getByText("Leave the conversation").click();
  await page.getByRole("button", { name: "Leave it" }).click();
  await page.getByText("You left the conversation.").waitFor();
  const { participants } = present(await alice.participants({ conversation }));
  expect(participants.edges.at(-1)?.node).toMatchObject({ displayName: "Erin", status: "LEFT" });
});

test("what is written to attack whoever reads it is shown, and runs and fetches nothing, on no page", async () => {
  const attacks = [
    `<img src="http://127.0.0.1:9/x" onerror="alert('img')"><script>alert('script')</script>`,
    `<svg onload="alert('svg')"><style>@import "http://127.0.0.1:9/y"; body { display: none }</style>`,
    `</textarea></title><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/z"><base href="http://127.0.0.1:9/">`,
    `[click](javascript:alert('link')) ![pixel](http://127.0.0.1:9/pixel)`,
  ];
  const conversation = await begin(`Attack ${attacks[0]}`, attacks.join("\n\n"));
  for (const body of attacks) await done(alice.messageAdd({ conversation, body, format: "HTML" }));
  await done(alice.participantAdd({ conversation, address: "mallory@example.org", name: "<b>Mallory</b>" }));
  const mail = await openMail("Attack");
  await mail.getByText("As HTML").click();
  await mail.frameLocator("iframe").getByText("click").first().waitFor();
  const page = await open(await linkIn(mail), { isDark: true });
  await page.getByText("alert('script')").first().waitFor();
  expect(await page.locator("main img, main script, main svg, main style, main meta, main base, main b").count()).toBe(
    0,
  );
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("<script>");
  await picture(page, "link-attack-dark");
});

test("who writes to somebody here begins a conversation with them", async () => {
  const page = await open(printed());
  await page.getByRole("link", { name: "Write a mail as somebody" }).click();
  await page.getByLabel("From").fill("frank@example.org");
  await page.getByLabel("Subject").fill("Hello from outside");
  await page.getByLabel("Text").fill("Do you have a minute?");
  await picture(page, "mail-write");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("status").waitFor();
  const document = "query { conversations(first: 10, filter: {folder: REQUESTS}) { edges { node { subject } } } }";
  const subjects = async () => {
    const answer = await alice.request<{ conversations: { edges: { node: { subject: string } }[] } }>(document, {});
    return answer.conversations.edges.map(({ node }) => node.subject);
  };
  await expect.poll(subjects, { timeout: 30_000 }).toContain("Hello from outside");
});

test("pages can be read and used by keyboard and without seeing them: language, headings, names of fields, one column on a phone", async () => {
  const conversation = await begin(
    "Reading along",
    "https://example.org/a-rather-long-address/that-goes-on-and-on-and-does-not-end-before-the-edge-of-a-phone",
  );
  await done(alice.participantAdd({ conversation, address: "grace@example.org", name: "Grace" }));
  const mail = await openMail("Reading along", { width: 360 });
  const page = await open(await linkIn(mail), { width: 360 });
  for (const one of [mail, page]) {
    expect(await one.locator("html").getAttribute("lang")).toBe("en");
    expect(await one.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await one.getByRole("main").count()).toBe(1);
    expect(await one.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    const nameless = `[...document.querySelectorAll("input:not([type=hidden]), textarea")].filter((field) => field.labels.length === 0).length`;
    expect(await one.evaluate(nameless)).toBe(0);
  }
  await picture(mail, "mail-phone");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Shift+Tab");
  expect(await page.evaluate("document.activeElement.tagName")).toBe("BUTTON");
  await page.keyboard.press("Enter");
  await page.getByRole("status").waitFor();
  // The code can be typed at once.
  expect(await page.evaluate("document.activeElement.name")).toBe("code");
});
