import { chromium } from "playwright-core";
import { test } from "vitest";
import { startPlatform } from "../support/platform.ts";
test("x", async () => {
  await using platform = await startPlatform();
  const bob = await platform.person("bob");
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  for (let i = 0; i < 6; i++) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const ready = () => page.locator(".graphiql-query-editor .view-line span span", { hasText: /^(viewer|conversationCreate)$/ }).waitFor();
  const openTab = async (name: string) => {
  const button = page.getByTitle(name, { exact: true });
  const tab = page.getByRole("tab").filter({ has: button });
  let clicks = 0;
  while ((await tab.getAttribute("aria-selected")) !== "true") { await button.click(); clicks++; }
  await page.waitForURL((url) => url.searchParams.get("query")?.includes(` ${name}`) ?? false, { timeout: 5000 }).catch(async () => {
    console.log("FAILED", name, clicks, page.url(), await page.evaluate(() => [location.href, sessionStorage.getItem("graphiql:query")]), await page.locator(".graphiql-query-editor .view-lines").textContent());
    await page.screenshot({ path: `/tmp/shots/fail${i}.png` });
  });
  };
  await page.goto(`${platform.url}/graphql#token=${bob.token}`);
  await ready();
  await openTab("Begin");
  await page.reload();
  await ready();
  await openTab("WhoAmI");
  await context.close();
  }
  await browser.close();
}, 200000);
