// The forms of a link's page: a code asked for and given, and what its participant does with the session that it opened.
import type pg from "pg";
import { BadRequestError } from "../../http/body.ts";
import type { PageRequest, PageResponse } from "../../http/pages.ts";
import type { Hash } from "../../protocol/hash.ts";
import { hashOf, isFromHere, readForm } from "./browser-request.ts";
import type { LinkedMail } from "./linked-mail.ts";
import { setMuted } from "./mute-page.ts";
import { answerNotFromHere, answerSeeOther } from "./page.ts";
import { sessionCookie, sessionTokensOf } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";
import type { Speak, Spoken } from "./speak.ts";
import { type Stamp, stampOf } from "./stamp.ts";

export interface LinkFormsOptions {
  readonly pool: Pick<pg.Pool, "query">;
  /** Where people reach us, if that is set. */
  readonly origin: string | undefined;
  readonly sessions: Sessions;
  readonly speak: Speak;
  now(): string;
  salt(): string;
}

/** Why a form was not taken, for the page to be shown again with it. */
export interface Refused {
  readonly status: number;
  readonly why: string;
  /** What they had written; not to be lost. */
  readonly text: string;
  /** The message that it answers. */
  readonly to: Hash | null;
  /** Of the form: sent again, it is the same. */
  readonly stamp?: Stamp;
}

/** Takes a form. `answered`: the browser is sent on. */
export function createLinkForms({ pool, origin, sessions, speak, now }: LinkFormsOptions) {
  return async (
    request: PageRequest,
    response: PageResponse,
    path: string,
    mail: LinkedMail,
  ): Promise<Refused | "answered"> => {
    const answered = (location: string, tokens?: readonly string[]) => {
      answerSeeOther(response, location, tokens && { "set-cookie": sessionCookie(request, origin, tokens) });
      return "answered" as const;
    };
    // First, so that what is sent has arrived before it is answered.
    const form = await readForm(request);
    if (!isFromHere(request, origin)) {
      answerNotFromHere(response);
      return "answered";
    }
    const asked = form.get("do") ?? "";
    const tokens = sessionTokensOf(request);
    if (asked === "ask-code") {
      await sessions.askCode(mail);
      return answered(`${path}?code=asked`);
    }
    if (asked === "open") {
      const opened = await sessions.open(mail, form.get("code") ?? "");
      return opened === null ? wrongCode : answered(`${path}?done=opened`, [opened, ...tokens]);
    }
    const text = (form.get("text") ?? "").replaceAll("\r\n", "\n");
    const to = hashOf(form.get("to"));
    if (!(await sessions.isOpen(mail, tokens))) return { ...signedOut, text, to };
    if (asked === "sign-out") {
      const left = await sessions.close(mail, tokens);
      return answered(`${path}?done=signed-out`, left);
    }
    if (asked === "mute" || asked === "unmute") {
      await setMuted(pool, mail.participationId, asked === "mute");
      return answered(`${path}?done=${asked}d`);
    }
    const stamp = stampOf(form, now());
    if (stamp === null || (asked !== "say" && asked !== "leave"))
      throw new BadRequestError("This form is none of ours. Open the link in the mail again.", { status: 400 });
    const spoken: Spoken = asked === "say" ? await speak.say(mail, text, to, stamp) : await speak.leave(mail, stamp);
    if (typeof spoken === "object") return { status: 409, why: spoken.message, text, to, stamp };
    return answered(`${path}?done=${spoken === "waits" ? "waits" : asked === "say" ? "said" : "left"}`);
  };
}

const wrongCode: Refused = {
  status: 403,
  why: "That is no code that is good now. Look at the latest mail, or have another code sent: each is good for 15 minutes and five tries.",
  text: "",
  to: null,
};

const signedOut = {
  status: 403,
  why: "This browser is not signed in to the conversation any more. Have a code sent, then send your words again.",
} as const;
