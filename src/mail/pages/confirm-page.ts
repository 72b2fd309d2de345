// `/m/confirm/TOKEN`: a mail that nothing proved to be its sender's waits for them to say that it is. Programs follow links in
// mails, so that takes a button.
import type pg from "pg";
import type { PageRequest, PageResponse } from "../../http/pages.ts";
import { isFromHere, readForm } from "./browser-request.ts";
import type { HeldMail } from "./held-mail.ts";
import { answerNotFound, answerNotFromHere, answerPage, answerSeeOther, html, type Markup } from "./page.ts";
import { rowOfToken } from "./row-of-token.ts";
import { shortened, shownTime, subjectOr } from "./shown-text.ts";

export interface ConfirmPageOptions {
  readonly pool: Pick<pg.Pool, "query">;
  /** Where people reach us, if that is set. */
  readonly origin: string | undefined;
  /** What is in it; null where it cannot be read any more. */
  readHeld(id: string): Promise<HeldMail | null>;
  /** Posts it. Safe to repeat. @throws where that cannot be now */
  confirmInbound(id: string): Promise<unknown>;
}

interface InboundRow {
  readonly id: string;
  readonly secret: Buffer;
  readonly status: string;
}

export function createConfirmPage({ pool, origin, readHeld, confirmInbound }: ConfirmPageOptions) {
  const find = async (id: string): Promise<InboundRow | undefined> => {
    const { rows } = await pool.query<InboundRow>({
      name: "inbound_to_confirm",
      text: "SELECT id, secret, status FROM inbound_mail WHERE id = $1",
      values: [id],
    });
    return rows[0];
  };

  return async (request: PageRequest, response: PageResponse, path: string, token: string): Promise<void> => {
    const row = await rowOfToken("confirm", token, find);
    if (row === null) return answerNotFound(response);
    if (request.method === "POST") {
      const form = await readForm(request);
      if (!isFromHere(request, origin)) return answerNotFromHere(response);
      if (form.get("do") === "confirm" && row.status === "HELD") await confirmInbound(row.id);
      return answerSeeOther(response, path);
    }
    const held = row.status === "HELD" ? await readHeld(row.id) : null;
    const main = held?.words ? askMarkup(held, held.words, path) : held ? wordless : statusMarkup(row.status);
    const title = held?.words ? `Is this mail yours? ${shortened(held.begins, 60)}` : "A mail of yours";
    answerPage(response, { title, main });
  };
}

const wordless = html`<h1>Nothing to confirm</h1>
<p role="status">In this mail nothing was found but what it quotes, so there is nothing to be posted. Write it anew, above or below what you quote.</p>`;

function askMarkup({ from, at, subject, files }: HeldMail, words: Markup, path: string): Markup {
  return html`<h1>Is this mail yours?</h1>
<p>It says that it is from <strong dir="auto">${from}</strong>, came in ${shownTime(at.toISOString())}, and nothing proves whose it is. These words would be posted:</p>
<article aria-label="The mail"><p class="soft" dir="auto">${subjectOr(subject)}</p>
<div class="words" dir="auto">${words}</div>
${files.length > 0 ? html`<ul class="plain" aria-label="Files">${files.map((title) => html`<li>File: <bdi>${title}</bdi></li>`)}</ul>` : null}</article>
<form method="post" action="${path}"><input type="hidden" name="do" value="confirm"><button>It is mine: post it</button></form>
<p class="soft">If it is not, do nothing: nobody will see it.</p>`;
}

function statusMarkup(status: string): Markup {
  if (status === "POSTED") return html`<h1>It is posted</h1><p role="status">These words are in the conversation.</p>`;
  if (status === "WAITING")
    return html`<h1>A moment</h1><p role="status">The mail is being worked through. Look again in a minute.</p>`;
  return html`<h1>Nothing to confirm</h1>
<p role="status">The mail was not posted, and cannot be any more. Perhaps you do not take part in the conversation now, or nothing is said in it any more. Write it anew.</p>`;
}
