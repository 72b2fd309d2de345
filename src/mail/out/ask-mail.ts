// Asking for a mail that tells no events: a question, a code, a notice. Written with its job, so that one is not there without the other.
import type pg from "pg";
import type { Hash } from "../../protocol/hash.ts";
import { newSecret } from "../mail-token.ts";
import { sendJobSql } from "./job-sql.ts";

/** Why a mail was not posted, as its sender is told. */
export const noticeReasons = ["NOT_A_PARTICIPANT", "MAY_NOT_WRITE", "EXPIRED", "FROZEN", "NO_WORDS"] as const;
export type NoticeReason = (typeof noticeReasons)[number];

/** What such a mail says, by kind. */
export type MailAbout =
  /** @property inbound the mail that it asks about: an id of inbound_mail */
  | { readonly kind: "CONFIRM"; readonly inbound: string }
  /** @property code six digits, for people to type */
  | { readonly kind: "CODE"; readonly code: string }
  | { readonly kind: "NOTICE"; readonly why: NoticeReason; readonly inbound: string }
  /** @property at when it ended */
  | { readonly kind: "NOTICE"; readonly why: "ENDED"; readonly at: string };

export interface AskedMail {
  readonly conversation: Hash;
  readonly participant: Hash;
  /** The mail's link shows the conversation up to here. */
  readonly upTo: number;
  readonly about: MailAbout;
}

/**
 * Asks for the mail, in the transaction of `client`. Returns its id.
 * @param domain of our mail addresses, for the Message-ID
 */
export async function askMail(
  client: Pick<pg.ClientBase, "query">,
  domain: string,
  { conversation, participant, upTo, about: { kind, ...about } }: AskedMail,
): Promise<string> {
  const id = crypto.randomUUID();
  await client.query({
    name: "ask_mail",
    text: `WITH asked AS (
        INSERT INTO mail (id, secret, conversation_id, participant, kind, up_to, about, message_id)
        VALUES ($1, $2, $3, $4, $5::"MailKind", $6, $7, $8) RETURNING id)
      SELECT ${sendJobSql("id")} FROM asked`,
    values: [id, newSecret(), conversation, participant, kind, upTo, JSON.stringify(about), messageIdOf(id, domain)],
  });
  return id;
}

/** The Message-ID of one of our mails, without angle brackets: the same at every try. */
export function messageIdOf(mailId: string, domain: string): string {
  return `${mailId}@${domain}`;
}

/**
 * What a mail of ours refers to last, without angle brackets: a second name of its own, which no mail has as its Message-ID.
 * Providers rewrite Message-IDs, and answers repeat what they answer refers to. Not the Message-ID itself: where that is kept,
 * RFC 5256 (§3, step 1.B) makes a mail that refers to itself one without a parent.
 */
export function referenceOf(mailId: string, domain: string): string {
  return `m.${mailId}@${domain}`;
}

/** The id of the mail that a Message-ID of ours, or its second name, is of; null where it is none of ours. */
export function mailIdOf(messageId: string, domain: string): string | null {
  const [, id, of] =
    /^(?:m\.)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@(.+)$/i.exec(messageId) ?? [];
  return id !== undefined && of?.toLowerCase() === domain ? id.toLowerCase() : null;
}
