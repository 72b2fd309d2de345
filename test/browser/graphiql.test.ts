// GraphiQL in a real browser, as somebody sees it who opens the link that the first start prints.
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page, type Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { chromium as executablePath } from "../support/require-chromium.ts";

// Nine megabytes of script, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000 });

let platform: TestPlatform;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await browser.close();
  await platform[Symbol.asyncDispose]();
});

interface Window {
  readonly page: Page;
  /** What the console said that is not mere information, and errors that nobody caught. */
  readonly complaints: string[];
  readonly requests: Request[];
}

/** When the editor is whole: then it takes names apart from what is around them, to colour them. */
const ready = (page: Page) =>
  page.locator(".graphiql-query-editor .view-line span span", { hasText: /^(viewer|conversationCreate)$/ }).waitFor();

/** Opens a link in a window of its own, with nothing remembered. */
const open = async (link: string): Promise<Window> => {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  const requests: Request[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  context.on("request", (request) => requests.push(request));
  await page.goto(link);
  await ready(page);
  return { page, complaints, requests };
};

const linkOf = (token: string) => `${platform.url}/graphql#token=${token}`;

/** Opens a tab, and waits until GraphiQL has read its query, which it then writes into the address. */
const openTab = async (page: Page, name: string) => {
  const button = page.getByTitle(name, { exact: true });
  const tab = page.getByRole("tab").filter({ has: button });
  // While the tabs glide into their places at the start, clicks on them are lost.
  while ((await tab.getAttribute("aria-selected")) !== "true") await button.click();
  await page.waitForURL((url) => url.searchParams.get("query")?.includes(` ${name}`) ?? false);
};
const run = (page: Page) => page.getByRole("button", { name: /Execute query/ }).click();
/** The text of an editor. Monaco shows spaces as no-break spaces. */
const textOf = async (page: Page, editor: string): Promise<string> =>
  ((await page.locator(`${editor} .view-lines`).textContent()) ?? "").replaceAll("\u00a0", " ");
const answered = (page: Page, text: string | RegExp) =>
  page.locator(".graphiql-response .view-lines", { hasText: text }).waitFor();

/** Keeps a picture where PARLEY_SCREENSHOTS names a folder. */
const picture = async (page: Page, name: string) => {
  const folder = process.env["PARLEY_SCREENSHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
};

test("the link opens GraphiQL signed in, and it asks nobody but this origin", async () => {
  const alice = await platform.person("alice");
  const { page, complaints, requests } = await open(linkOf(alice.token));
  expect(page.url()).not.toContain(alice.token);
  await page.getByRole("button", { name: "Headers" }).click();
  await picture(page, "opened");
  expect(await textOf(page, "[aria-label='Headers'] .graphiql-editor:not(.hidden)")).toContain(
    `"authorization": "Bearer ${alice.token}"`,
  );

  await run(page);
  await answered(page, "alice@localhost");
  await picture(page, "who-am-i");
  const asked = requests.findLast((request) => request.method() === "POST");
  expect(asked?.headers()["authorization"]).toBe(`Bearer ${alice.token}`);
  const elsewhere = requests
    .map((request) => request.url())
    .filter((url) => !url.startsWith(`${platform.url}/`) && !/^(data|blob):/.test(url));
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
});

test("two people talk, each in a window, and see each other's words live", async () => {
  const [alice, bob] = [await platform.person("alice"), await platform.person("bob")];
  const [hers, his] = [await open(linkOf(alice.token)), await open(linkOf(bob.token))];

  const listening = his.page.waitForResponse(
    (response) => response.headers()["content-type"]?.includes("text/event-stream") ?? false,
  );
  await openTab(his.page, "Listen");
  await run(his.page);
  await listening;
  await openTab(hers.page, "Begin");
  await run(hers.page);
  await answered(hers.page, '"status": "OPEN"');
  await picture(hers.page, "begun");
  await answered(his.page, "Lunch on Friday");
  await picture(his.page, "live");

  const [, hash = ""] = /"hash": "([\w-]{43})"/.exec(await textOf(hers.page, ".graphiql-response")) ?? [];
  const third = await open(linkOf(bob.token));
  await openTab(third.page, "Answer");
  await third.page.getByRole("button", { name: "Variables" }).click();
  await third.page.getByText(/^"HASH"$/).dblclick();
  await third.page.keyboard.insertText(hash);
  await run(third.page);
  await answered(third.page, "book a table");
  await picture(third.page, "answered");
  await answered(his.page, "book a table");
  expect([...hers.complaints, ...his.complaints, ...third.complaints]).toEqual([]);
});

test("after a reload the window has its tabs and its token, and another link in it is another person", async () => {
  const [alice, bob] = [await platform.person("alice"), await platform.person("bob")];
  const { page, complaints } = await open(linkOf(alice.token));
  await openTab(page, "Begin");
  // GraphiQL writes down what is open once nobody has touched it for a while.
  await page.waitForFunction(
    () => JSON.parse(sessionStorage.getItem("graphiql:tabState") ?? "{}").activeTabIndex === 2,
  );
  await page.reload();
  await ready(page);
  expect(await textOf(page, ".graphiql-query-editor")).toContain("mutation Begin");
  expect(await page.locator(".graphiql-tab-button").allInnerTexts()).toEqual(["WhoAmI", "Listen", "Begin", "Answer"]);
  await openTab(page, "WhoAmI");
  await run(page);
  await answered(page, "alice@localhost");

  await page.goto(linkOf(bob.token));
  await ready(page);
  await run(page);
  await answered(page, "bob@localhost");
  expect(complaints).toEqual([]);
});

test("what is wrong in a query is shown under it, by the editor's own workers", async () => {
  const { page } = await open(
    `${platform.url}/graphql?query=${encodeURIComponent("query Wrong { viewer { nothing } }")}`,
  );
  await page.locator(".squiggly-error").waitFor();
  await picture(page, "wrong");
});
