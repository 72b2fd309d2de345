// What somebody who takes part by mail can do on a link's page: answer, as far as their role goes; mute, leave, sign out.
import { type HeldOf, heldOfMax } from "../in/held-mails.ts";
import { mailToken } from "../mail-token.ts";
import type { LinkedMail } from "./linked-mail.ts";
import { html, type Markup } from "./page.ts";
import type { ShownConversation } from "./shown-conversation.ts";
import { shownTime } from "./shown-text.ts";
import { type Stamp, stampMarkup } from "./stamp.ts";

export interface Own {
  readonly path: string;
  /** What the answer's form begins with. */
  readonly text: string;
  readonly stamp: Stamp;
}

/** Why they cannot say anything here; null where they can. */
export function whyNotToAnswer({ status, role }: LinkedMail, { ended, messages }: ShownConversation): string | null {
  if (status === "LEFT") return "You left this conversation. You see what was said until then.";
  if (status === "REMOVED") return "You were removed from this conversation. You see what was said until then.";
  if (ended === "EXPIRED") return "This conversation has expired: nothing is said in it any more.";
  if (ended === "FROZEN")
    return "This conversation is frozen: its platform signed two histories, so nothing is said in it any more.";
  if (role === "READER")
    return "You read along here: your role lets you read, not write. Ask whoever added you for more.";
  if (role === "COMMENTER" && messages.length === 0)
    return "Your role lets you answer messages, and there is none yet.";
  return null;
}

/** The form below the messages. */
export function answerPart(mail: LinkedMail, shown: ShownConversation, { path, text, stamp }: Own): Markup {
  const why = whyNotToAnswer(mail, shown);
  if (why !== null) return html`<p class="card" id="answer">${why}</p>`;
  const { answering } = shown;
  const isFree = answering !== null && mail.role !== "COMMENTER";
  return html`<section class="card" id="answer"><h2>Answer</h2>
<form method="post" action="${path}"><input type="hidden" name="do" value="say">${stampMarkup(stamp)}
${
  answering &&
  html`<input type="hidden" name="to" value="${answering.id}">
<p class="soft">In answer to <a href="#m${answering.seq}" dir="auto">${answering.author}</a>${isFree ? html` · <a href="${path}#answer">to everything instead</a>` : null}</p>`
}
<label for="text">Your words</label>
<textarea id="text" name="text" dir="auto" required rows="6">
${text}</textarea>
<div><button>Send to the conversation</button></div></form></section>`;
}

/** Mails in their name of which nothing proves that they are theirs. They were asked about some of them by mail, never about more than a few a day. */
export function heldPart(held: readonly HeldOf[]): Markup | null {
  if (held.length === 0) return null;
  const shown = held
    .slice(0, heldOfMax)
    .map(
      (mail) =>
        html`<li><a href="/m/confirm/${mailToken("confirm", mail)}">The mail of ${shownTime(mail.receivedAt.toISOString())}</a></li>`,
    );
  return html`<section class="card" aria-label="Mails in your name"><h2>Are these mails yours?</h2>
<p>They came in your name, and nothing proves that you wrote them, or there were many in a short time. Nobody sees them unless you say that they are yours.</p>
<ul>${shown}${held.length > heldOfMax ? html`<li>and more</li>` : null}</ul></section>`;
}

/** What they have of the conversation for themselves. */
export function managePart({ status, isMuted }: LinkedMail, { path, stamp }: Own): Markup {
  const form = (what: string, button: string) =>
    html`<form class="inline" method="post" action="${path}"><input type="hidden" name="do" value="${what}">${stampMarkup(stamp)}<button class="quiet">${button}</button></form>`;
  if (status !== "ACTIVE")
    return html`<section aria-label="Manage">${form("sign-out", "Sign out of this browser")}</section>`;
  return html`<section aria-label="Manage">
${isMuted ? html`<p>You get no mails of this conversation.</p>${form("unmute", "Send me mails again")}` : form("mute", "Send me no more mails")}
${form("sign-out", "Sign out of this browser")}
<details><summary>Leave the conversation</summary><p>You would see nothing that is said afterwards, and others see that you left.</p>${form("leave", "Leave it")}</details>
</section>`;
}
