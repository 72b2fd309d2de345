// Mails that went out into files, read again: for whoever tries Parley on their own machine.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import PostalMime, { type Address, type Email } from "postal-mime";

/** A mailbox as a mail names it. */
export interface SentMailbox {
  readonly name: string;
  readonly address: string;
}

export interface SentMail {
  readonly id: string;
  readonly at: Date;
  readonly from: SentMailbox;
  readonly to: SentMailbox;
  readonly subject: string;
  readonly text: string;
  /** As it was sent: to be shown in a sandbox alone. */
  readonly html: string | null;
  /** Names of its files. */
  readonly files: readonly string[];
  /** With angle brackets, as the mail has them. */
  readonly messageId: string;
  readonly references: string;
}

const nameForm = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.eml$/;

export interface SentMails {
  /** The latest, the last of them first. */
  latest(): Promise<readonly SentMail[]>;
  /** Null where there is none. @param id whatever stands in a link */
  find(id: string): Promise<SentMail | null>;
}

/** @param folder that the provider of files writes to @param limit of those that are listed */
export function readSentMails(folder: string, limit = 30): SentMails {
  const read = async (id: string, at: Date): Promise<SentMail> =>
    sentMailOf(id, at, await PostalMime.parse(await readFile(join(folder, `${id}.eml`))));
  return {
    latest: async () => {
      const names = await readdir(folder).catch(noneWhereMissing([]));
      const ids = names.flatMap((name) => nameForm.exec(name)?.[1] ?? []);
      const found = await Promise.all(
        ids.map(async (id) => ({ id, at: (await stat(join(folder, `${id}.eml`))).mtime })),
      );
      const latest = found.toSorted((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
      return Promise.all(latest.map(({ id, at }) => read(id, at)));
    },
    find: async (id) => {
      if (!nameForm.test(`${id}.eml`)) return null;
      const file = await stat(join(folder, `${id}.eml`)).catch(noneWhereMissing(null));
      return file && read(id, file.mtime);
    },
  };
}

/** Before the first mail there is no folder. */
const noneWhereMissing =
  <None>(none: None) =>
  (error: NodeJS.ErrnoException): None => {
    if (error.code !== "ENOENT") throw error;
    return none;
  };

function sentMailOf(id: string, at: Date, email: Email): SentMail {
  return {
    id,
    at,
    from: mailboxOf(email.from),
    to: mailboxOf(email.to?.[0]),
    subject: email.subject ?? "",
    text: email.text ?? "",
    html: email.html ?? null,
    files: email.attachments.map(({ filename }) => filename ?? "unnamed"),
    messageId: email.messageId ?? "",
    references: email.references ?? "",
  };
}

const mailboxOf = (one: Address | undefined): SentMailbox => ({ name: one?.name ?? "", address: one?.address ?? "" });
