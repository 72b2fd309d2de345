// How the mails of one event stand, as people are shown it.
import type pg from "pg";
import type { Hash } from "../../protocol/hash.ts";
import { lastAttemptsSql } from "../../store/attempts-sql.ts";
import type { Attempt } from "../../store/peer-store.ts";
import type { MailStatus } from "./read-mails.ts";

/** How the delivery of an event to a participant by mail stands. */
export interface MailDelivery {
  readonly participant: Hash;
  /** Null once erased. */
  readonly address: string | null;
  readonly status:
    | "WAITING"
    | "DELIVERED"
    | "REFUSED"
    | Extract<MailStatus, "MAYBE_SENT" | "BOUNCED" | "COMPLAINED" | "SUPPRESSED">;
  /** Of what was not taken, the code. */
  readonly refusal: string | null;
  readonly attempts: readonly Attempt[];
}

/** Those who take part by mail are shown up to so many. */
export const mailDeliveriesMost = 100;

const shownAs: Readonly<Record<MailStatus, MailDelivery["status"]>> = {
  WAITING: "WAITING",
  SENDING: "WAITING",
  SENT: "DELIVERED",
  MAYBE_SENT: "MAYBE_SENT",
  FAILED: "REFUSED",
  BOUNCED: "BOUNCED",
  COMPLAINED: "COMPLAINED",
  SUPPRESSED: "SUPPRESSED",
};

/** The event's deliveries to participants by mail, in the order in which these were added. */
export async function readMailDeliveries(
  pool: pg.Pool,
  conversation: Hash,
  seq: number,
): Promise<readonly MailDelivery[]> {
  const { rows } = await pool.query<{
    participant: Hash;
    address: string | null;
    status: MailStatus | null;
    attempts: readonly Attempt[];
  }>({
    name: "mail_deliveries",
    text: `SELECT p.id AS participant, r.address, mail.status, ${lastAttemptsSql("mail_attempt", "mail_id = mail.id")} AS attempts
      FROM participant AS p JOIN delivery AS d ON d.conversation_id = p.conversation_id AND d.participant = p.id AND d.seq = $2
      LEFT JOIN mail ON mail.id = d.mail_id LEFT JOIN recipient AS r ON r.id = p.recipient_id
      WHERE p.conversation_id = $1 AND p.mail ORDER BY p.seq LIMIT ${mailDeliveriesMost}`,
    values: [conversation, seq],
  });
  return rows.map(({ participant, address, status, attempts }) => {
    const shown = shownAs[status ?? "WAITING"];
    const last = attempts.at(-1)?.code ?? null;
    return {
      participant,
      address,
      status: shown,
      refusal: shown === "REFUSED" ? last : null,
      // Answers name whom the mail was to.
      attempts: attempts.map((one) => (address === null ? { ...one, answer: "" } : one)),
    };
  });
}
