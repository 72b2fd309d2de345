// Shows messages in a real browser, and counts what runs and what is fetched.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { z } from "zod";
import { shownTags } from "../../src/html/message-html.ts";
import { chromium as executablePath } from "../support/require-chromium.ts";

export interface Shown {
  /** What ran: dialogs and errors of scripts. */
  readonly ran: readonly string[];
  /** What was asked for, of anybody. */
  readonly fetched: readonly string[];
  /** Elements, attributes and links that no message may have. */
  readonly foreign: readonly string[];
}

export interface Rendering extends AsyncDisposable {
  /** Where what is fetched is counted. */
  readonly origin: string;
  /** Shows this HTML as a page of its own, and within a page, once more after the browser wrote it down. */
  show(html: string): Promise<Shown>;
}

export async function openRendering(): Promise<Rendering> {
  const asked: string[] = [];
  const waiting = new Map<string, () => void>();
  const listener = createServer((request, response) => {
    const path = request.url ?? "";
    const arrived = waiting.get(path);
    if (arrived === undefined && path !== "/") asked.push(path);
    response.setHeader("Content-Type", path === "/" ? "text/html" : "text/plain").end();
    arrived?.();
  });
  await new Promise<void>((listening) => listener.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const context = await browser.newContext();
  const ran: string[] = [];
  // Names of others are asked of nobody.
  await context.route(
    (url) => url.origin !== origin,
    (route) => route.abort(),
  );
  await context.addInitScript({ path: fileURLToPath(new URL("message-page.js", import.meta.url)) });
  const page = await context.newPage();
  page.on("request", (request) => {
    const url = request.url();
    if (!isOwn(url)) asked.push(url);
  });
  const isOwn = (url: string) => url === `${origin}/` || url.startsWith(`${origin}/arrived-`) || url === "about:blank";
  page.on("dialog", (dialog) => {
    ran.push(`${dialog.type()} ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => ran.push(String(error)));
  context.on("page", (opened) => {
    if (opened !== page) ran.push(`opened ${opened.url()}`);
  });
  await page.goto(`${origin}/`);

  const foreignParts = async () =>
    z.array(z.string()).parse(await page.evaluate(`foreignParts(${JSON.stringify(shownTags)})`));
  let shownCount = 0;
  /** Whatever the browser was going to fetch, it asks for before this. */
  const settled = async () => {
    const path = `/arrived-${shownCount++}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(path, resolve);
    await page.evaluate(`void fetch(${JSON.stringify(`${origin}${path}`)}, { mode: "no-cors" })`);
    await promise;
    waiting.delete(path);
  };
  return {
    origin,
    async show(html) {
      asked.length = 0;
      ran.length = 0;
      const foreign: string[] = [];
      await page.setContent(`<!doctype html><body><div id="message">${html}</div>`);
      foreign.push(...(await foreignParts()));
      await settled();
      await page.evaluate(`putMessage(${JSON.stringify(html)})`);
      foreign.push(...(await foreignParts()));
      await settled();
      return { ran: [...ran], fetched: [...asked], foreign };
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await new Promise((closed) => listener.close(closed));
    },
  };
}
