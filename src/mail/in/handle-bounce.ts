// Mails to the sender addresses of ours: bounces, and reports of complaints. They count by the token of that address alone: what
// else stands in them anybody can write.
import type pg from "pg";
import { toAddress } from "../../accounts/accounts.ts";
import { domainOf } from "../../conversation/address.ts";
import type { Logger } from "../../observe/logger.ts";
import type { Envelope } from "./inbound-mail.ts";
import { hearOfMail, type NewsOfMail } from "./news-of-mail.ts";
import { parseIncoming } from "./parse-incoming.ts";
import { type Report, reportOf } from "./report.ts";
import { rowIdOfToken } from "./row-id-of-token.ts";

export interface HandleBounceOptions {
  readonly pool: pg.Pool;
  /** Of our mails' addresses. */
  readonly mailDomain: string;
  readonly log: Logger;
}

/**
 * Whether the mail came to sender addresses of ours, and so is nobody's words: where it is a report, it is noted of their mails. Safe
 * to repeat, but for the try that it notes.
 */
export function createHandleBounce({ pool, mailDomain, log }: HandleBounceOptions) {
  return async (raw: Buffer, { to }: Pick<Envelope, "to">): Promise<boolean> => {
    const tokens = to.map((typed) => bounceToken(typed, mailDomain));
    if (tokens.length === 0 || tokens.includes(null)) return false;
    const mail = await parseIncoming(raw);
    const report = "refused" in mail ? null : reportedBy(reportOf(mail));
    for (const token of tokens) {
      const id = report && token !== null ? await rowIdOfToken(pool, "bounce", token) : null;
      if (report === null || id === null) log.info({ mail: id }, "a mail to a sender's address reports nothing of it");
      else await hearOfMail({ pool }, { mail: { id, providerId: null }, ...report });
    }
    return true;
  };
}

type Reported = Pick<NewsOfMail, "kind" | "isPermanent" | "code" | "answer">;

/** What is reported of the first recipient: our mails have one. Null where nothing is. */
function reportedBy(report: Report | null): Reported | null {
  const [recipient] = report?.recipients ?? [];
  if (report === null || recipient === undefined) return null;
  const { outcome, status, diagnostic: answer } = recipient;
  if (report.kind === "complaint") {
    // RFC 5965 §7.3, RFC 6591 §3: others are no complaints of a person.
    const isComplaint = !["not-spam", "auth-failure"].includes(answer.toLowerCase());
    return { kind: isComplaint ? "complained" : "delivered", isPermanent: isComplaint, code: "complaint", answer };
  }
  const kind = outcome === "delayed" || outcome === "delivered" ? outcome : "bounced";
  const isPermanent = outcome === "failed" && isOfTheAddress(status);
  return { kind, isPermanent, code: status ?? outcome, answer };
}

/**
 * Whether the status (RFC 3463 §3) says that the address takes no mail, now and later: nobody is there, or not any more. A full
 * mailbox, a policy, a size say nothing of tomorrow; and who says nothing at all is not believed to say that.
 */
function isOfTheAddress(status: string | null): boolean {
  return status !== null && (/^5\.1\.\d+$/.test(status) || status === "5.2.1");
}

/** Null where the address is another. */
function bounceToken(typed: string, mailDomain: string): string | null {
  const address = toAddress(typed);
  if (address === null || domainOf(address) !== mailDomain) return null;
  return /^bounce\+([^@]*)@/.exec(address)?.[1] ?? null;
}
