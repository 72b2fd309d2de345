// One look for all pages: markup that escapes whatever is put into it, the layout, and headers under which a page runs
// nothing and fetches nothing.
import { createHash } from "node:crypto";
import { escapeHtml } from "../../html/message-html.ts";
import type { PageHeaders, PageResponse } from "../../http/pages.ts";
import { style } from "./style.ts";

/** HTML that is safe to show. Made by `html` alone, or vouched for by `trusted`. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in markup. Null is nothing. */
export type Part = Markup | string | number | null | readonly Part[];

/** Markup with parts in elements or in quoted attributes: texts are escaped, markup stays what it is. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.map((text, index) => text + markupOf(parts[index] ?? null)).join("") };
}

/** Text that is safe HTML already: what `toHtml` made. */
export function trusted(markup: string): Markup {
  return { markup };
}

function markupOf(part: Part): string {
  if (part === null) return "";
  if (typeof part === "object") return "markup" in part ? part.markup : part.map(markupOf).join("");
  return escapeHtml(String(part));
}

export interface Page {
  /** @default 200 */
  readonly status?: number;
  readonly title: string;
  readonly main: Markup;
  /** Whether it shows parts of its own in frames. @default false */
  readonly hasFrames?: boolean;
  /** Where it goes on by itself, and after how many seconds. @default nowhere */
  readonly next?: { readonly path: string; readonly afterSeconds: number };
}

const styleSource = `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/**
 * Headers of everything that is answered here. Pages are of one person, so nobody keeps them; and their addresses are keys, so no other site is told where somebody came from.
 * Not `no-referrer`: with that, browsers say `Origin: null` with each form (Fetch, "append a request `Origin` header"), and whoever checks where it comes from knows nothing.
 */
export const guardingHeaders = {
  "cache-control": "no-store",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex",
} as const;

/** @param headers beside those of every page */
export function answerPage(response: PageResponse, page: Page, headers: PageHeaders = {}): void {
  const { status = 200, title, main, hasFrames = false, next } = page;
  const policy = [
    "default-src 'none'",
    `style-src ${styleSource}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ...(hasFrames ? ["frame-src 'self'"] : []),
  ];
  const refresh = next ? html`<meta http-equiv="refresh" content="${next.afterSeconds}; url=${next.path}">\n` : null;
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh}<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
  response.writeHead(status, {
    ...guardingHeaders,
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(markup),
    "content-security-policy": policy.join("; "),
    ...headers,
  });
  response.end(markup);
}

/** Sends on to another page, to be read by GET. @param location a path of ours */
export function answerSeeOther(response: PageResponse, location: string, headers: PageHeaders = {}): void {
  response.writeHead(303, { ...guardingHeaders, location, ...headers });
  response.end();
}

/** The same for what never was, what is gone, and what is not to be told. */
export function answerNotFound(response: PageResponse): void {
  answerPage(response, {
    status: 404,
    title: "Not found",
    main: html`<h1>Not found</h1>
<p>There is nothing behind this link. Perhaps a part of it is missing: copy all of it from the mail, up to its end.</p>`,
  });
}

/** For a form that no page of ours sent, as far as the browser says. */
export function answerNotFromHere(response: PageResponse): void {
  answerPage(response, {
    status: 403,
    title: "Not from here",
    main: html`<h1>Nothing was done</h1>
<p>This was not sent from a page of Parley, as far as your browser says. Open the link in the mail again, and use the buttons there.</p>`,
  });
}

/** For who had us do a lot within this minute. */
export function answerTooMuch(response: PageResponse): void {
  const main = html`<h1>A moment</h1>
<p>This is a long conversation, and a lot was asked for from where you are. Load this page again in a minute.</p>`;
  answerPage(response, { status: 429, title: "A moment", main }, { "retry-after": "60" });
}
