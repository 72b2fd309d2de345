// `/m/TOKEN`: what a mail's link opens. The conversation up to that mail for whoever has the link; all of it, with what its
// participant may do, for who has shown that the mail was theirs.
import type pg from "pg";
import { everything } from "../../conversation/audience.ts";
import type { PageRequest, PageResponse } from "../../http/pages.ts";
import { readHeldOf } from "../in/held-mails.ts";
import { hashOf, queryOf } from "./browser-request.ts";
import { conversationMarkup } from "./conversation-page.ts";
import type { FoldBudget } from "./fold-budget.ts";
import { createLinkForms, type LinkFormsOptions, type Refused } from "./link-forms.ts";
import { findLinkedMail, horizonOf, type LinkedMail } from "./linked-mail.ts";
import { answerPart, heldPart, managePart, whyNotToAnswer } from "./own-part.ts";
import { answerNotFound, answerPage, answerTooMuch, html } from "./page.ts";
import { sessionTokensOf } from "./session-cookie.ts";
import { showConversation } from "./shown-conversation.ts";
import { subjectOr } from "./shown-text.ts";
import { newStamp } from "./stamp.ts";
import { strangerPart } from "./stranger-part.ts";

export interface LinkPageOptions extends LinkFormsOptions {
  readonly pool: pg.Pool;
  readonly foldBudget: FoldBudget;
  /** Who asks, for budgets. */
  sourceOf(request: PageRequest): string;
}

/** What was done, as the page says it after a form. */
const doneTexts: Readonly<Record<string, string>> = {
  opened: "You are signed in here: this is all of the conversation.",
  said: "Your answer is in the conversation.",
  waits: "Your answer waits: the platform that leads this conversation does not answer now, and is asked again.",
  left: "You left the conversation.",
  muted: "You get no more mails of this conversation. You still take part.",
  unmuted: "You get mails of this conversation again.",
  "signed-out": "You are signed out of this browser.",
};

export function createLinkPage(options: LinkPageOptions) {
  const { pool, sessions, foldBudget, sourceOf, now, salt } = options;
  const forms = createLinkForms(options);

  const show = async (
    request: PageRequest,
    response: PageResponse,
    path: string,
    mail: LinkedMail,
    refused: Refused | null,
  ) => {
    const isOwn = await sessions.isOpen(mail, sessionTokensOf(request));
    const horizon = isOwn ? horizonOf(mail) : mail.upTo;
    if (horizon !== everything && !foldBudget.take(sourceOf(request), horizon)) return answerTooMuch(response);
    const query = queryOf(request);
    const before = placeOf(query.get("before"));
    const to = refused ? refused.to : hashOf(query.get("to"));
    const shown = await showConversation(pool, {
      conversation: mail.conversation,
      horizon,
      participant: mail.participant,
      isWithAddresses: isOwn,
      before,
      to: to ?? (isOwn && mail.role === "COMMENTER" ? "latest" : null),
      at: now(),
    });
    if (shown === null) return answerNotFound(response);
    const done = query.get("done") ?? "";
    const told =
      !refused && Object.hasOwn(doneTexts, done)
        ? html`<p class="told" role="status">${doneTexts[done] ?? null}</p>`
        : null;
    const no = refused && html`<p class="refused" role="alert">${refused.why}</p>`;
    const own = { path, text: refused?.text ?? "", stamp: refused?.stamp ?? newStamp(now(), salt()) };
    const kept =
      refused && !isOwn && refused.text !== ""
        ? html`<label for="kept">What you wrote</label><textarea id="kept" dir="auto" readonly>
${refused.text}</textarea>`
        : null;
    const isLatest = before === null;
    const note = isOwn
      ? html`${told}${no}${isLatest ? null : html`<p><a href="${path}">To the latest messages</a></p>`}`
      : html`${told}${no}${kept}${strangerPart(mail, shown, { path, state: refused ? "refused" : query.get("code") === "asked" ? "asked" : "new" })}`;
    const isAnswerable = isOwn && whyNotToAnswer(mail, shown) === null;
    const held = isOwn && isLatest && mail.status === "ACTIVE" ? heldPart(await readHeldOf(pool, mail)) : null;
    const main = html`${conversationMarkup(shown, { path, note, isAnswerable, isOwn })}
${isOwn && isLatest ? html`${answerPart(mail, shown, own)}${held}${managePart(mail, own)}` : null}`;
    answerPage(response, { status: refused?.status ?? 200, title: subjectOr(shown.subject), main });
  };

  return async (request: PageRequest, response: PageResponse, path: string, token: string): Promise<void> => {
    const mail = await findLinkedMail(pool, "link", token);
    if (mail === null) return answerNotFound(response);
    const refused = request.method === "POST" ? await forms(request, response, path, mail) : null;
    if (refused !== "answered") await show(request, response, path, mail, refused);
  };
}

/** A place in a log, as a link says it; null for anything else. */
function placeOf(text: string | null): number | null {
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}
