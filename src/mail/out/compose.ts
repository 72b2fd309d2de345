// What our mails say, and their heads: of events, and of what is asked or answered besides.
import type pg from "pg";
import { z } from "zod";
import { mailToken, type TokenPurpose, type TokenSource } from "../mail-token.ts";
import type { OutgoingMail } from "../providers/provider.ts";
import { referenceOf } from "./ask-mail.ts";
import { fromName, nameOf, subjectOf } from "./lines.ts";
import { foot, laidOut, type Part } from "./parts.ts";
import { type MailRow, readAskedAbout } from "./read-mails.ts";
import { readIntroduction, readMessageIds, readToldEvents, type ToldEvent } from "./read-told.ts";
import { sayAsked } from "./say-asked.ts";
import { tell } from "./tell.ts";

export interface ComposeOptions {
  /** Of our mail addresses. */
  readonly domain: string;
  /** Where people reach Parley, without a slash at the end. */
  origin(): string;
}

/** What a mail says, and what that makes of its head. */
interface Content {
  readonly fromName: string;
  readonly subject: string;
  readonly parts: readonly Part[];
  /** Message-ID of what it answers; null: of the latest mail before it. */
  readonly answered: string | null;
}

/**
 * Composes these mails, each to be sent now. Safe to repeat: the head is the same each time, the words are as they are now.
 * @param mails with addresses @returns by id
 */
export async function composeMails(
  pool: Pick<pg.Pool, "query">,
  options: ComposeOptions,
  mails: readonly MailRow[],
): Promise<ReadonlyMap<string, OutgoingMail>> {
  const ofEvents = mails.filter(({ kind }) => kind === "EVENTS").map(({ id }) => id);
  const told = Map.groupBy(await readToldEvents(pool, ofEvents), ({ mail }) => mail);
  const composed = new Map<string, OutgoingMail>();
  for (const mail of mails) {
    const content =
      mail.kind === "EVENTS"
        ? await eventsContent(pool, options, mail, told.get(mail.id) ?? [])
        : await otherContent(pool, options, mail);
    if (content) composed.set(mail.id, outgoing(options, mail, content));
  }
  return composed;
}

/** Null where nothing is left to be said. */
async function eventsContent(
  pool: Pick<pg.Pool, "query">,
  options: ComposeOptions,
  mail: MailRow,
  events: readonly ToldEvent[],
): Promise<Content | null> {
  const isIntroduced = events.some(({ id }) => id === mail.participant);
  const introduction = isIntroduced ? await readIntroduction(pool, mail) : null;
  const told = tell(events, mail.participant, introduction);
  if (told.parts.length === 0) return null;
  const ids = told.about ? await readMessageIds(pool, mail.conversation, mail.participant, [told.about]) : new Map();
  const link = linkTo(options, "link", mail);
  const note = told.note === null ? "" : `${told.note} `;
  const last =
    mail.role === "READER" || !mail.isActive
      ? foot(note, "See the conversation", link)
      : foot(`${note}Answer this mail, or `, "see the conversation", link);
  return {
    fromName: fromName(told.authors),
    subject: subjectOf(mail.subject, mail.isFirst),
    parts: [...told.parts, last],
    answered: (told.about && ids.get(told.about)) ?? null,
  };
}

async function otherContent(pool: Pick<pg.Pool, "query">, options: ComposeOptions, mail: MailRow): Promise<Content> {
  const { inbound } = z.object({ inbound: z.string().optional() }).parse(mail.about);
  const held = mail.kind === "CONFIRM" && inbound !== undefined ? await readAskedAbout(pool, inbound) : null;
  const { subject, parts } = sayAsked(mail, {
    conversation: linkTo(options, "link", mail),
    confirm: held && { link: linkTo(options, "confirm", held), cameAt: held.receivedAt, others: held.others },
  });
  return { fromName: "Parley", subject, parts, answered: null };
}

const paths: Readonly<Record<Extract<TokenPurpose, "link" | "mute" | "confirm">, string>> = {
  link: "/m/",
  mute: "/m/mute/",
  confirm: "/m/confirm/",
};

const linkTo = ({ origin }: ComposeOptions, purpose: keyof typeof paths, source: TokenSource): string =>
  `${origin()}${paths[purpose]}${mailToken(purpose, source)}`;

function outgoing(options: ComposeOptions, mail: MailRow, content: Content): OutgoingMail {
  const { domain } = options;
  const { text, html } = laidOut(content.parts);
  const reply = mailToken("reply", { id: mail.replyId, secret: mail.replySecret });
  const answered = content.answered ?? mail.previous;
  // The conversation's own root, which is no mail, holds together what came by different ways.
  const references = [mail.begunWith, `c.${mail.conversation}@${domain}`, answered, referenceOf(mail.id, domain)];
  return {
    id: mail.id,
    from: { name: content.fromName, address: `reply+${reply}@${domain}` },
    to: { name: mail.name === null ? null : nameOf(mail.name, ""), address: mail.address ?? "" },
    envelopeFrom: `bounce+${mailToken("bounce", mail)}@${domain}`,
    messageId: mail.messageId,
    inReplyTo: answered,
    references: [...new Set(references.filter((id) => id !== null))],
    subject: content.subject,
    text,
    html,
    headers: [
      ["X-Parley-Mail", mail.id],
      // A person's words are none of a machine's: RFC 3834 §5.
      ...(mail.kind === "EVENTS" ? [] : [["Auto-Submitted", "auto-generated"] as const]),
      // Not `All`: Exchange would keep its bounces to itself, too.
      ["X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"],
      ["List-Unsubscribe", `<${linkTo(options, "mute", mail)}>`],
      ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"],
    ],
  };
}
