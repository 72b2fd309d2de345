// How mails that went out are shown: the list, one of them, and the forms to answer it or to write another.
import { randomUUID } from "node:crypto";
import { html, type Markup } from "./page.ts";
import type { PageMail } from "./page-mails.ts";
import type { SentMail, SentMailbox } from "./sent-mails.ts";
import { shortened, shownTime, subjectOr } from "./shown-text.ts";

/** What a form says anew when it was refused. */
export interface Typed {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

const refusedMarkup = (why: string | null): Markup | null =>
  why === null ? null : html`<p class="refused" role="alert">${why}</p>`;

const whoOf = ({ name, address }: SentMailbox): string => (name === "" ? address : `${name} <${address}>`);

const told: Readonly<Record<string, string>> = {
  answered: "The answer came in, as a mail would. Below stands what becomes of it.",
  written: "The mail came in, as by SMTP. Below stands what becomes of it.",
};

/** @param written the last that were written here */
export function listMarkup(mails: readonly SentMail[], written: readonly PageMail[], done: string): Markup {
  const status = Object.hasOwn(told, done) ? html`<p class="told" role="status">${told[done] ?? null}</p>` : null;
  const empty = html`<p class="card">None yet. Add <strong>carol@example.org</strong>, or any other address, to a conversation: soon her mail is here, and you can answer it as her.</p>`;
  return html`<h1>Mails that went out</h1>
<p class="soft">Nothing was really sent: without a mail server, mails become files. This page is for this machine alone, and looks for new mails every five seconds.</p>
${status}<p><a href="/mail/write">Write a mail as somebody</a></p>
${written.length > 0 ? writtenMarkup(written) : null}
${mails.length === 0 ? empty : mails.map(entryMarkup)}`;
}

function writtenMarkup(written: readonly PageMail[]): Markup {
  return html`<section class="card" aria-label="Mails that were written here"><h2>Written here</h2>
<ul class="plain">${written.map(
    ({ at, from, to, became }) => html`<li>From ${from} to ${to}, ${shownTime(at.toISOString())}: ${became}</li>
`,
  )}</ul></section>`;
}

function entryMarkup(mail: SentMail): Markup {
  const { id, at, to, subject, text } = mail;
  return html`<article aria-labelledby="s${id}"><header><h2 id="s${id}" dir="auto"><a href="/mail/${id}">${subjectOr(subject || null)}</a></h2>${shownTime(at.toISOString())}</header>
<p class="soft">To <bdi>${whoOf(to)}</bdi></p><pre dir="auto">${shortened(text.trim(), 240)}</pre></article>
`;
}

export function mailMarkup(mail: SentMail, text: string, why: string | null): Markup {
  const { id, at, from, to, subject, files, html: asHtml } = mail;
  return html`<nav><a href="/mail/">All mails</a></nav>
<h1 dir="auto">${subjectOr(subject || null)}</h1>
<dl><dt>From</dt><dd><bdi>${whoOf(from)}</bdi></dd><dt>To</dt><dd><bdi>${whoOf(to)}</bdi></dd><dt>Written</dt><dd>${shownTime(at.toISOString())}</dd>
${files.length > 0 ? html`<dt>Files</dt><dd>${files.map((file, index) => html`${index > 0 ? ", " : null}<bdi>${file}</bdi>`)}</dd>` : null}</dl>
<section class="card" aria-label="The mail as text"><pre dir="auto">${linked(mail.text.trimEnd())}</pre></section>
${asHtml === null ? null : html`<details><summary>As HTML</summary><iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mail/${id}/html" loading="lazy"></iframe></details>`}
${refusedMarkup(why)}
<section class="card"><h2>Answer as <bdi>${whoOf(to)}</bdi></h2>
<form method="post" action="/mail/${id}"><input type="hidden" name="clientId" value="${randomUUID()}">
<label for="text">What they write; the mail is quoted below it</label>
<textarea id="text" name="text" dir="auto" required rows="6">
${text}</textarea><div><button>Send the answer</button></div></form></section>`;
}

export function writeMarkup({ from, to, subject, text }: Typed, why: string | null): Markup {
  return html`<nav><a href="/mail/">All mails</a></nav>
<h1>Write a mail as somebody</h1>
<p class="soft">To somebody who has an account here, from anybody who has none: it comes in as if a mail server had brought it.</p>
${refusedMarkup(why)}
<form class="card" method="post" action="/mail/write"><input type="hidden" name="clientId" value="${randomUUID()}">
<label for="from">From</label><input id="from" name="from" type="email" required value="${from}">
<label for="to">To</label><input id="to" name="to" type="email" required value="${to}">
<label for="subject">Subject</label><input id="subject" name="subject" dir="auto" value="${subject}">
<label for="text">Text</label><textarea id="text" name="text" dir="auto" required rows="6">
${text}</textarea><div><button>Send</button></div></form>`;
}

/** Links in a text can be followed. */
function linked(text: string): Markup {
  return html`${text
    .split(/(https?:\/\/[^\s<>"')]+)/)
    .map((part, index) =>
      index % 2 === 1 ? html`<a href="${part}" target="_blank" rel="noreferrer">${part}</a>` : part,
    )}`;
}
