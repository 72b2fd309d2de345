// A mail as somebody's mail program would write it, for whoever tries out how answers come in.
import { randomUUID } from "node:crypto";
import MailComposer from "nodemailer/lib/mail-composer";
import { type Address, domainOf } from "../../conversation/address.ts";
import type { SentMail } from "./sent-mails.ts";

export interface WrittenMail {
  readonly from: { readonly name: string; readonly address: Address };
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The mail that it answers; null: none. */
  readonly answered: SentMail | null;
  readonly at: Date;
}

const dayForm = new Intl.DateTimeFormat("en-US", {
  weekday: "short",
  month: "short",
  day: "numeric",
  year: "numeric",
  timeZone: "UTC",
});
const hourForm = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", timeZone: "UTC" });

/** Its bytes. Whatever stands in a field is encoded: no field becomes two. */
export async function writtenMail({ from, to, subject, text, answered, at }: WrittenMail): Promise<Buffer> {
  const mail = new MailComposer({
    from,
    to,
    subject,
    date: at,
    messageId: `<${randomUUID()}@${domainOf(from.address)}>`,
    text: answered === null ? text : `${text}\n\n${quoted(answered)}`,
    // RFC 5322 §3.6.4: what it answers, and what that one refers to.
    ...(answered && {
      inReplyTo: answered.messageId,
      references: [answered.references, answered.messageId].join(" ").trim(),
    }),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().build();
}

export function answeringSubject(subject: string): string {
  return /^re:/i.test(subject) ? subject : `Re: ${subject}`;
}

/** As most programs quote. */
function quoted({ at, from, text }: SentMail): string {
  const lines = text.trimEnd().split(/\r?\n/);
  const attribution = `On ${dayForm.format(at)} at ${hourForm.format(at)} ${from.name} <${from.address}> wrote:`;
  return `${attribution}\n\n${lines.map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`.trimEnd())).join("\n")}\n`;
}
