// Who has a mailbox behind postfix, as their mail program has it: what lies there, and what they send.
import { randomUUID } from "node:crypto";
import { present } from "../graphql/given.ts";
import { answerOf, type OriginalMail, type Program } from "../mail/in/answers.ts";
import type { ReadMail } from "../mail/out/given.ts";
import type { ThreadedMail } from "../support/references-threading.ts";
import { domain, type MailTown } from "./given.ts";

export interface Mailbox {
  readonly address: string;
  /** What they sent into conversations, as their program files it. */
  readonly sent: readonly ThreadedMail[];
  /** All mails, in their order, once there are `count` of them. */
  mails(count: number): Promise<readonly ReadMail[]>;
  /** Answers a mail with these words, as the program does. @param to whom instead of who the mail is from */
  answer(program: Program, mail: ReadMail, words: string, to?: string): Promise<void>;
  /** Answers a mail with a text that has the quotes where they are to be, and files. */
  write(mail: ReadMail, text: string, files?: readonly { filename: string; content: string }[]): Promise<void>;
}

/** @param name theirs; it is their local part, too */
export function openMailbox({ postfix, mailsOf }: MailTown, name: string): Mailbox {
  const person = name.toLowerCase();
  const address = `${person}@${domain}`;
  const sent: ThreadedMail[] = [];
  const file = (mail: ReadMail): string => {
    const { id, subject, references } = threadedOf(mail);
    const own = `${randomUUID()}@${domain}`;
    sent.push({ id: own, references: [...references, id], inReplyTo: id, subject: answered(subject) });
    return own;
  };
  return {
    address,
    sent,
    mails: (count) => mailsOf(person, count),
    answer: async (program, mail, words, to) => {
      const messageId = file(mail);
      const from = { name, address };
      const raw = answerOf(program, originalOf(mail), words, { from, messageId, ...(to !== undefined && { to }) });
      await postfix.send({ raw, envelope: { from: address, to: [to ?? fromOf(mail).address] } });
    },
    write: async (mail, text, files = []) => {
      const { id, references, subject } = threadedOf(mail);
      await postfix.send({
        from: { name, address },
        to: fromOf(mail),
        subject: answered(subject),
        messageId: `<${file(mail)}>`,
        inReplyTo: `<${id}>`,
        references: [...references, id].map((one) => `<${one}>`),
        text,
        attachments: [...files],
      });
    },
  };
}

const answered = (subject: string): string => `Re: ${subject.replace(/^Re: /, "")}`;

const idsIn = (value: string | undefined): readonly string[] =>
  [...(value ?? "").matchAll(/<([^<>]+)>/g)].map(([, id]) => id ?? "");

/** What a program threads it by. */
export function threadedOf(mail: ReadMail): ThreadedMail {
  return {
    id: present(idsIn(mail.messageId)[0]),
    references: idsIn(mail.references),
    inReplyTo: idsIn(mail.inReplyTo)[0] ?? null,
    subject: mail.subject ?? "",
  };
}

export function fromOf({ from }: ReadMail): { readonly name: string; readonly address: string } {
  return { name: present(from).name, address: present(present(from).address) };
}

/** What a program quotes of it. */
function originalOf(mail: ReadMail): OriginalMail {
  const { id, references, subject } = threadedOf(mail);
  const [to] = present(mail.to);
  return {
    from: fromOf(mail),
    to: { name: present(to).name, address: present(present(to).address) },
    subject,
    messageId: id,
    references,
    text: present(mail.text),
    html: present(/<body>(.*)<\/body>/s.exec(present(mail.html))?.[1]),
  };
}
