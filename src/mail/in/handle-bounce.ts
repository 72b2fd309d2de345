// Mails to the sender addresses of ours: bounces, and reports of complaints. They count by the token of that address alone: what
// else stands in them anybody can write.
import type pg from "pg";
import { toAddress } from "../../accounts/accounts.ts";
import { domainOf } from "../../conversation/address.ts";
import type { Logger } from "../../observe/logger.ts";
import { idOfToken, isTokenOf } from "../mail-token.ts";
import type { Envelope } from "./inbound-mail.ts";
import { hearOfMail, type NewsOfMail } from "./news-of-mail.ts";

/** What a report says. */
export type Report = Pick<NewsOfMail, "kind" | "isPermanent" | "code" | "answer">;

export interface HandleBounceOptions {
  readonly pool: pg.Pool;
  /** Of our mails' addresses. */
  readonly mailDomain: string;
  /** What a mail reports; null where it is no report. */
  readReport(raw: Buffer): Promise<Report | null>;
  readonly log: Logger;
}

/**
 * Whether the mail came to sender addresses of ours, and so is nobody's words: where it is a report, it is noted of their mails. Safe
 * to repeat, but for the try that it notes.
 */
export function createHandleBounce({ pool, mailDomain, readReport, log }: HandleBounceOptions) {
  return async (raw: Buffer, { to }: Pick<Envelope, "to">): Promise<boolean> => {
    const tokens = to.map((typed) => bounceToken(typed, mailDomain));
    if (tokens.length === 0 || tokens.includes(null)) return false;
    const report = await readReport(raw);
    for (const token of tokens) {
      const id = report && token !== null ? await mailOfToken(pool, token) : null;
      if (report === null || id === null) log.info({ mail: id }, "a mail to a sender's address reports nothing of it");
      else await hearOfMail({ pool }, { mail: { id, providerId: null }, ...report });
    }
    return true;
  };
}

/** Null where the address is another. */
function bounceToken(typed: string, mailDomain: string): string | null {
  const address = toAddress(typed);
  if (address === null || domainOf(address) !== mailDomain) return null;
  return /^bounce\+([^@]*)@/.exec(address)?.[1] ?? null;
}

/** The mail that the token was made of for this purpose; null where there is none. */
async function mailOfToken(pool: pg.Pool, token: string): Promise<string | null> {
  const id = idOfToken(token);
  if (id === null) return null;
  const { rows } = await pool.query<{ secret: Buffer }>({
    name: "secret_of_mail",
    text: "SELECT secret FROM mail WHERE id = $1",
    values: [id],
  });
  const [row] = rows;
  return row !== undefined && isTokenOf("bounce", token, { id, secret: row.secret }) ? id : null;
}
