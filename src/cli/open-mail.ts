// Puts email together for a process: what goes out, what comes in, and the pages behind links in mails.
import { forgetMailsTask } from "../../workers/tasks/forget-mails.ts";
import { handleMailTask } from "../../workers/tasks/handle-mail.ts";
import { sweepMailTask } from "../../workers/tasks/sweep-mail.ts";
import { createAuthenticate } from "../accounts/tokens.ts";
import { filePages } from "../http/file-pages.ts";
import { forgetMails } from "../mail/in/forget-mails.ts";
import { createInboundHandling } from "../mail/in/inbound-handling.ts";
import { sweepInbound } from "../mail/in/sweep-inbound.ts";
import type { MailParts, OpenedMail } from "./mail-parts.ts";
import { type MailInBetween, openMailIn } from "./open-mail-in.ts";
import { openMailOut } from "./open-mail-out.ts";
import { openMailPages } from "./open-mail-pages.ts";

/** @param between what a test changes of how mails come in */
export function openMail(parts: MailParts, between?: MailInBetween): OpenedMail {
  const { config, database, blobs, signer, append, findRecipients, log, now, salt } = parts;
  const { pool } = database;
  const out = openMailOut(parts);
  const come = openMailIn(parts, between);
  const inbound = createInboundHandling({
    ...{ pool, blobs, signer, append, findRecipients, now, salt },
    domains: config.domains,
    mailDomain: config.mail.domain,
    authenticate: come.authenticate,
    handleBounce: come.handleBounce,
    log: log("mail"),
  });
  const files = filePages({ pool, blobs, authenticate: createAuthenticate(database, Date.now), log: log("http") });
  return {
    owe: out.owe,
    tasks: [
      ...out.tasks,
      ...come.tasks,
      handleMailTask(inbound.handle),
      sweepMailTask(async () => {
        await out.sweep();
        await sweepInbound(pool);
      }),
      forgetMailsTask(() => forgetMails(pool, blobs, new Date(now()))),
    ],
    inbound,
    close: out.close,
    pages: [
      files,
      ...come.pages,
      ...openMailPages(parts, { storeInbound: come.store, confirmInbound: inbound.confirmInbound }),
    ],
    listen: async (stack, port) => {
      out.listensAt(port);
      await come.listen(stack);
    },
  };
}
