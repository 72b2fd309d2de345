// What mails say that tell no events: questions, codes, notices.
import { z } from "zod";
import { type NoticeReason, noticeReasons } from "./ask-mail.ts";
import { lineOf, shownMinute, subjectOf } from "./lines.ts";
import { foot, type Part, pointer, sentence } from "./parts.ts";
import type { MailRow } from "./read-mails.ts";

/** Said of each, and what can be done; or what else is told of the conversation. */
const reasons: Readonly<Record<NoticeReason | "ENDED", string>> = {
  ENDED:
    "This conversation has ended, as was set: nothing is said in it any more, and what you answer is not posted. You find it behind the link.",
  NOT_A_PARTICIPANT:
    "You do not take part in this conversation any more, so your mail was not posted. Ask somebody who does to add you.",
  MAY_NOT_WRITE:
    "You may read this conversation, and not write in it, so your mail was not posted. Ask who added you to let you.",
  EXPIRED: "This conversation has expired, so your mail was not posted.",
  FROZEN:
    "This conversation is frozen: its platform signed two histories, so nothing is said in it any more, and your mail was not posted. Ask somebody who takes part to go on in a new one.",
  NO_WORDS:
    "In your mail nothing was found but what it quotes, so it was not posted. Write above or below what you quote.",
};

const aboutSchema = z.object({
  code: z
    .string()
    .regex(/^\d{4,10}$/)
    .optional(),
  why: z.enum([...noticeReasons, "ENDED"]).optional(),
});

export interface Links {
  readonly conversation: string;
  /** Null where the mail in question is not kept any more. */
  readonly confirm: {
    readonly link: string;
    readonly cameAt: Date;
    /** How many more of theirs wait. */
    readonly others: number;
  } | null;
}

/** @throws where the mail says nothing that this code knows */
export function sayAsked(
  { kind, about, subject }: Pick<MailRow, "kind" | "about" | "subject">,
  { conversation, confirm }: Links,
): { readonly subject: string; readonly parts: readonly Part[] } {
  const { code, why } = aboutSchema.parse(about);
  const title = lineOf(subject ?? "") || "A conversation";
  if (kind === "CONFIRM" && confirm !== null)
    return {
      subject: `Is this mail yours? ${title}`,
      parts: [
        sentence(
          `A mail from your address came in for “${title}” at ${shownMinute(confirm.cameAt.toISOString())}, and waits: nothing proves that you wrote it, or there were many in a short time.`,
        ),
        sentence("If you did, say so behind this link, and it is posted. If not, do nothing: nobody will see it."),
        ...(confirm.others > 0
          ? [
              pointer(
                `${confirm.others} more ${confirm.others === 1 ? "mail waits" : "mails wait"}. You find all of them, once a code was sent to you, on the page of `,
                "the conversation",
                conversation,
              ),
            ]
          : []),
        foot("", "It is mine", confirm.link),
      ],
    };
  if (kind === "CODE" && code !== undefined)
    return {
      subject: `Your code: ${code}`,
      parts: [
        sentence(`${code} opens “${title}” in your browser. Type it where you were asked for it.`),
        sentence("If you have not asked for it, do nothing, and give it to nobody."),
        foot("", "The conversation", conversation),
      ],
    };
  if (kind === "NOTICE" && why !== undefined)
    return {
      subject: subjectOf(title, false),
      parts: [sentence(reasons[why]), foot("", "See the conversation", conversation)],
    };
  throw new Error(`a mail of kind ${kind} does not say what about`);
}
