// What a link's page offers to whoever has it: a code to the address that the mail was for, which opens the rest.
import { type LinkedMail, masked } from "./linked-mail.ts";
import { whyNotToAnswer } from "./own-part.ts";
import { html, type Markup } from "./page.ts";
import type { ShownConversation } from "./shown-conversation.ts";

/** @param state `asked`: for a code, just now; the same is said whatever came of it. `refused`: what they sent was not taken */
export function strangerPart(
  mail: LinkedMail,
  shown: ShownConversation,
  { path, state }: { readonly path: string; readonly state: "new" | "asked" | "refused" },
): Markup {
  const { name, address } = mail;
  const whose = name ?? (address === null ? "somebody who has left" : masked(address));
  const about = html`<p>This is the conversation up to the mail that the link stood in. The mail was for <strong dir="auto">${whose}</strong>.</p>`;
  if (address === null) return html`<section class="card" aria-label="About this page">${about}</section>`;
  const isBegun = state !== "new";
  const asking = html`<form method="post" action="${path}"><input type="hidden" name="do" value="ask-code">
<button${isBegun ? html` class="quiet"` : null}>${isBegun ? "Send another code" : `Open the rest: send a code to ${masked(address)}`}</button></form>`;
  const giving = html`<form method="post" action="${path}"><input type="hidden" name="do" value="open">
<label for="code">The six digits from the mail</label>
<input class="code" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" required${isBegun ? html` autofocus` : null}>
<div><button>Open the conversation</button></div></form>`;
  const told =
    state === "asked"
      ? html`<p role="status">A mail with a code is on its way to ${masked(address)}, unless too many were asked for. The code is good for 15 minutes.</p>`
      : null;
  if (isBegun)
    return html`<section class="card" aria-label="About this page">
${told}
${giving}${asking}</section>`;
  return html`<section class="card" aria-label="About this page">${about}
<p class="soft">If that is you, a code shows that the mail is yours. ${whatThen(mail, shown)}</p>
${asking}<details><summary>You have a code</summary>${giving}</details></section>`;
}

/** What the code opens for them, as they take part now. */
function whatThen(mail: LinkedMail, shown: ShownConversation): string {
  if (mail.status !== "ACTIVE") return "Then you see what was said while you took part.";
  return whyNotToAnswer(mail, shown) === null ? "Then you see all of it, and can answer." : "Then you see all of it.";
}
