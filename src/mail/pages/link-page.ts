// `/m/TOKEN`: what a mail's link opens. The conversation up to that mail for whoever has the link; all of it, with what its
// participant may do, for who has shown that the mail was theirs.
import type { IncomingMessage, ServerResponse } from "node:http";
import type pg from "pg";
import { queryOf } from "./asked.ts";
import { conversationMarkup, subjectOr } from "./conversation-page.ts";
import { findLinkedMail, type LinkedMail, masked } from "./linked-mail.ts";
import { answerNotFound, answerPage, html, type Markup } from "./page.ts";
import { showConversation } from "./shown-conversation.ts";

export interface LinkPageOptions {
  readonly pool: pg.Pool;
  /** Where people reach us, if that is set. */
  readonly origin: string | undefined;
  now(): string;
}

export function createLinkPage({ pool, now }: LinkPageOptions) {
  return async (request: IncomingMessage, response: ServerResponse, path: string, token: string): Promise<void> => {
    const mail = await findLinkedMail(pool, "link", token);
    if (mail === null) return answerNotFound(response);
    const shown = await showConversation(pool, {
      conversation: mail.conversation,
      horizon: mail.upTo,
      participant: mail.participant,
      isWithAddresses: false,
      before: placeOf(queryOf(request).get("before")),
      at: now(),
    });
    if (shown === null) return answerNotFound(response);
    const main = conversationMarkup(shown, { path, note: strangerNote(mail), isAnswerable: false });
    answerPage(response, { title: subjectOr(shown.subject), main });
  };
}

/** A place in a log, as a link says it; null for anything else. */
function placeOf(text: string | null): number | null {
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

function strangerNote({ name, address }: LinkedMail): Markup {
  const whose = name ?? (address === null ? "somebody who has left" : masked(address));
  return html`<p class="soft">The conversation up to the mail that this link stood in. The mail was for ${whose}.</p>`;
}
