// Puts together the pages of email: those behind links in mails, and in development what went out.
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { isSpecialUse } from "../federation/special-use.ts";
import type { Pages } from "../http/pages.ts";
import { createSendFile } from "../http/send-file.ts";
import { sourceOf } from "../http/source-of.ts";
import type { StoreInbound } from "../mail/in/store-inbound.ts";
import { createTakesMailFor } from "../mail/in/takes-mail-for.ts";
import { createFoldBudget } from "../mail/pages/fold-budget.ts";
import { createReadHeld } from "../mail/pages/held-mail.ts";
import { createReadPageMails } from "../mail/pages/page-mails.ts";
import { createPagesBehindLinks } from "../mail/pages/pages-behind-links.ts";
import { readSentMails } from "../mail/pages/sent-mails.ts";
import { createSentPages } from "../mail/pages/sent-pages.ts";
import { createSessions } from "../mail/pages/sessions.ts";
import { createSpeak } from "../mail/pages/speak.ts";
import { isLoopback } from "./loopback.ts";
import type { MailParts } from "./mail-parts.ts";

/**
 * Whether the page is there on which whoever reaches it reads everybody's mails and writes as anybody: only where nobody but
 * this machine does. A name of the internet says that a proxy is in front, which would come from this machine, too.
 */
export function showsSentMails({ databaseUrl, host, platform, origin, mail }: Config): boolean {
  const isOfThisMachine =
    isLoopback(host) && isSpecialUse(platform) && (origin === undefined || isLoopback(hostOf(origin)));
  return mail.provider.kind === "files" && databaseUrl === undefined && isOfThisMachine;
}

const hostOf = (origin: string): string => new URL(origin).hostname.replace(/^\[(.*)\]$/, "$1");

/** What pages have done by the parts that take mails in. */
interface TakingIn {
  readonly storeInbound: StoreInbound;
  confirmInbound(id: string): Promise<unknown>;
}

export function openMailPages(parts: MailParts, { storeInbound, confirmInbound }: TakingIn): readonly Pages[] {
  const { config, database, blobs, signer, append, log, now, salt } = parts;
  const { pool } = database;
  const behindLinks = createPagesBehindLinks({
    pool,
    origin: config.origin,
    sessions: createSessions(pool, config.mail.domain),
    speak: createSpeak({ signer, append }),
    sendFile: createSendFile({ blobs, log: log("http") }),
    readHeld: createReadHeld(pool, blobs),
    confirmInbound,
    foldBudget: createFoldBudget(Date.now),
    sourceOf: (request) => sourceOf(request, config.isProxyTrusted),
    ...{ now, salt, log: log("mail") },
  });
  if (!showsSentMails(config)) return [behindLinks];
  const sent = createSentPages({
    mails: readSentMails(join(config.dataFolder, "mail")),
    somebodyHere: `alice@${config.domains[0]}`,
    takesMailFor: createTakesMailFor({ pool, mailDomain: config.mail.domain, domains: config.domains }),
    readPageMails: createReadPageMails(pool),
    ...{ storeInbound, now, log: log("mail") },
  });
  return [behindLinks, sent];
}
