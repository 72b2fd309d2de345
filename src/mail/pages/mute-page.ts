// `/m/mute/TOKEN`: no more mails of a conversation, by one click (RFC 8058) or on a page. It never leaves the conversation.
import type pg from "pg";
import type { PageRequest, PageResponse } from "../../http/pages.ts";
import { isFromHere, readForm } from "./browser-request.ts";
import { findLinkedMail, type LinkedMail } from "./linked-mail.ts";
import { answerNotFound, answerNotFromHere, answerPage, answerSeeOther, html, type Page } from "./page.ts";

export interface MutePageOptions {
  readonly pool: Pick<pg.Pool, "query">;
  /** Where people reach us, if that is set. */
  readonly origin: string | undefined;
}

export function createMutePage({ pool, origin }: MutePageOptions) {
  return async (request: PageRequest, response: PageResponse, path: string, token: string): Promise<void> => {
    const mail = await findLinkedMail(pool, "mute", token);
    if (mail === null) return answerNotFound(response);
    if (request.method !== "POST") return answerPage(response, pageOf(mail, path));
    const form = await readForm(request);
    // RFC 8058 §3.1: sent by the mail program's provider, without cookies and from no page. The token says who.
    if (form.get("List-Unsubscribe") === "One-Click") {
      await setMuted(pool, mail.participationId, true);
      return answerPage(response, pageOf({ ...mail, isMuted: true }, path));
    }
    if (!isFromHere(request, origin)) return answerNotFromHere(response);
    await setMuted(pool, mail.participationId, form.get("mute") === "on");
    answerSeeOther(response, path);
  };
}

/** Whether nothing is owed to them by mail. Safe to repeat. @param id of mail_participation */
export async function setMuted(pool: Pick<pg.Pool, "query">, id: string, isMuted: boolean): Promise<void> {
  await pool.query({
    name: "set_mail_muted",
    text: "UPDATE mail_participation SET is_muted = $2 WHERE id = $1 AND is_muted <> $2",
    values: [id, isMuted],
  });
}

function pageOf({ isMuted }: Pick<LinkedMail, "isMuted">, path: string): Page {
  const button = (value: "on" | "off", text: string) =>
    html`<form method="post" action="${path}"><input type="hidden" name="mute" value="${value}"><button>${text}</button></form>`;
  if (isMuted)
    return {
      title: "No more mails",
      main: html`<h1>You get no more mails of this conversation</h1>
<p>You still take part in it, and the links in its mails keep working.</p>${button("off", "Take it back: send me mails again")}`,
    };
  return {
    title: "Mails of this conversation",
    main: html`<h1>No more mails of this conversation?</h1>
<p>You would still take part in it: nobody is told, and the links in its mails keep working.</p>${button("on", "Send me no more mails")}`,
  };
}
