// Puts together the pages of email: those behind links in mails, and in development what went out.
import type { Pages } from "../http/listen.ts";
import { createPagesBehindLinks } from "../mail/pages/pages-behind-links.ts";
import { createSessions } from "../mail/pages/sessions.ts";
import { createSpeak } from "../mail/pages/speak.ts";
import type { MailParts } from "./open-mail.ts";

type Parts = Pick<MailParts, "config" | "database" | "signer" | "append" | "log" | "now" | "salt">;

export function openMailPages({ config, database: { pool }, signer, append, log, now, salt }: Parts): readonly Pages[] {
  const behindLinks = createPagesBehindLinks({
    pool,
    origin: config.origin,
    sessions: createSessions(pool, config.mail.domain),
    speak: createSpeak({ signer, append, now, salt }),
    now,
    log: log("mail"),
  });
  return [behindLinks];
}
