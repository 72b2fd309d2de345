// Pages that say no, where there is no page of a subject to say it on.
import type { PageResponse } from "../../http/pages.ts";
import { answerPage, html } from "./page.ts";

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
