// What is heard of a mail of ours after it was handed over: that it arrived, came back, or was unwanted. Who tells has proved that
// they may: by the token of the mail's envelope, or by the webhooks' password and the provider's own id of it.
import type pg from "pg";
import { inTransaction } from "../../store/transaction.ts";
import { firstBytes, suppress } from "../suppression.ts";

export interface NewsOfMail {
  /** @property id of the mail @property providerId what the provider calls it: has to fit; null: not told */
  readonly mail:
    | { readonly id: string; readonly providerId: string | null }
    | { readonly id: null; readonly providerId: string };
  /** `delayed`: it is still being tried. */
  readonly kind: "bounced" | "delivered" | "delayed" | "complained";
  /** Of what bounced: whether the address gets no mail any more. */
  readonly isPermanent: boolean;
  /** A status as of RFC 3463, or the provider's word. */
  readonly code: string;
  /** What the other side said. */
  readonly answer: string;
}

/**
 * What it is from now on, and what it may have been: a complaint has the last word. One that is to be tried again, for it was not known whether
 * it went out, did.
 */
const changes = {
  bounced: { to: "BOUNCED", from: ["WAITING", "SENDING", "SENT", "MAYBE_SENT"] },
  complained: { to: "COMPLAINED", from: ["WAITING", "SENDING", "SENT", "MAYBE_SENT", "BOUNCED"] },
  delivered: { to: "SENT", from: ["WAITING", "SENDING", "MAYBE_SENT"] },
  delayed: { to: "SENT", from: ["WAITING", "SENDING", "MAYBE_SENT"] },
} as const;

/** Whether there is such a mail. Safe to repeat, but for the try that it notes. */
export async function hearOfMail({ pool }: { readonly pool: pg.Pool }, news: NewsOfMail): Promise<boolean> {
  const { kind, isPermanent, code, answer } = news;
  const { to, from } = changes[kind];
  return inTransaction(pool, async (client) => {
    const mail = await findMail(client, news.mail);
    if (mail === null) return false;
    await client.query({
      name: "hear_of_mail",
      text: `WITH noted AS (INSERT INTO mail_attempt (mail_id, code, answer) VALUES ($1, $4, $5))
        UPDATE mail SET status = $2::"MailStatus", changed_at = clock_timestamp(), provider_id = coalesce(provider_id, $6)
        WHERE id = $1 AND status::text = ANY($3::text[])`,
      values: [mail.id, to, from, code, firstBytes(answer), news.mail.providerId],
    });
    // To the address that we wrote to, whichever the news name.
    const reason = kind === "complained" ? "COMPLAINT" : kind === "bounced" && isPermanent ? "HARD_BOUNCE" : null;
    const { address } = mail;
    if (reason !== null && address !== null) await suppress(client, { address, reason, answer, mailId: mail.id });
    return true;
  });
}

async function findMail(
  client: pg.ClientBase,
  { id, providerId }: NewsOfMail["mail"],
): Promise<{ readonly id: string; readonly address: string | null } | null> {
  const { rows } = await client.query<{ id: string; address: string | null }>({
    name: "mail_of_news",
    // What went out and was not recorded yet has no id of the provider's to compare.
    text: `SELECT m.id, r.address FROM mail AS m
      LEFT JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.participant
      LEFT JOIN recipient AS r ON r.id = p.recipient_id
      WHERE m.attempts > 0 AND CASE WHEN $1::uuid IS NULL THEN m.provider_id = $2
        ELSE m.id = $1 AND ($2::text IS NULL OR m.provider_id IS NULL OR m.provider_id = $2) END
      FOR UPDATE OF m`,
    values: [id, providerId],
  });
  return rows[0] ?? null;
}
