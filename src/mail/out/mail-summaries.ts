// Mails that need a person, as operators are shown them; and sending one again.
import type pg from "pg";
import type { Hash } from "../../protocol/hash.ts";
import { lastAttemptsSql, utcSql } from "../../store/attempts-sql.ts";
import type { Attempt } from "../../store/peer-store.ts";
import { sendLater } from "./mail-state.ts";
import type { MailKind, MailStatus } from "./read-mails.ts";

/** A mail that did not simply go out. */
export interface MailSummary {
  readonly id: string;
  readonly kind: MailKind;
  readonly status: MailStatus;
  readonly conversation: Hash;
  /** Null once erased. */
  readonly address: string | null;
  readonly attempts: number;
  readonly triedAt: string | null;
  readonly lastAttempt: Attempt | null;
}

const summaryShown = 200;

/** Mails of these states, those that changed last first; of those that wait, only what was tried. At most 200. */
export async function readMailSummaries(pool: pg.Pool): Promise<readonly MailSummary[]> {
  const { rows } = await pool.query<MailSummary>(
    `SELECT mail.id, mail.kind, mail.status, mail.conversation_id AS conversation, r.address, mail.attempts,
      ${utcSql("mail.tried_at")} AS "triedAt",
      ${lastAttemptsSql("mail_attempt", "mail_id = mail.id", 1)}->0 AS "lastAttempt"
    FROM mail JOIN participant AS p ON p.conversation_id = mail.conversation_id AND p.id = mail.participant
    LEFT JOIN recipient AS r ON r.id = p.recipient_id
    WHERE mail.status IN ('SENDING', 'MAYBE_SENT', 'FAILED', 'BOUNCED', 'COMPLAINED', 'SUPPRESSED')
      OR (mail.status = 'WAITING' AND mail.attempts > 0)
    ORDER BY mail.status = 'MAYBE_SENT' DESC, mail.changed_at DESC LIMIT ${summaryShown}`,
  );
  return rows;
}

/** Why a mail is not sent again: there is none of this id; it is on its way or out; its address is suppressed, or erased; or it has nothing to say any more. */
export type NotResent = "UNKNOWN" | "NOT_NOW" | "SUPPRESSED" | "ERASED" | "EMPTY";

/** Has a mail sent again of which that was not to be said, or that was not taken. A worker sees to it. */
export async function resendMail(pool: pg.Pool, id: string): Promise<NotResent | null> {
  const { rows } = await pool.query<{
    status: MailStatus;
    address: string | null;
    isSuppressed: boolean;
    isEmpty: boolean;
    isDue: boolean;
  }>(
    `WITH found AS (
      SELECT mail.id, mail.status, r.address, EXISTS (SELECT FROM suppression WHERE address = r.address) AS "isSuppressed",
        mail.kind = 'CODE' AND mail.about = '{}' AS "isEmpty"
      FROM mail JOIN participant AS p ON p.conversation_id = mail.conversation_id AND p.id = mail.participant
      LEFT JOIN recipient AS r ON r.id = p.recipient_id WHERE mail.id = $1),
    due AS (
      UPDATE mail SET status = 'WAITING', changed_at = clock_timestamp() FROM found
      WHERE mail.id = found.id AND mail.status IN ('MAYBE_SENT', 'FAILED', 'BOUNCED', 'SUPPRESSED')
        AND found.address IS NOT NULL AND NOT found."isSuppressed" AND NOT found."isEmpty" RETURNING mail.id)
    SELECT found.*, EXISTS (SELECT FROM due) AS "isDue" FROM found`,
    [id],
  );
  const [found] = rows;
  if (!found) return "UNKNOWN";
  if (found.isDue) {
    await sendLater(pool, id, 0);
    return null;
  }
  if (found.address === null) return "ERASED";
  if (found.isEmpty) return "EMPTY";
  return found.isSuppressed ? "SUPPRESSED" : "NOT_NOW";
}
