// Mails that are asked for, with whom they are for.
import type pg from "pg";
import type { Role } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";

export type MailKind = "EVENTS" | "CONFIRM" | "CODE" | "NOTICE";
export type MailStatus =
  | "WAITING"
  | "SENDING"
  | "SENT"
  | "MAYBE_SENT"
  | "FAILED"
  | "BOUNCED"
  | "COMPLAINED"
  | "SUPPRESSED";

/** A mail with whom it is for. */
export interface MailRow {
  readonly id: string;
  readonly secret: Buffer;
  readonly conversation: Hash;
  readonly participant: Hash;
  readonly kind: MailKind;
  readonly upTo: number;
  readonly about: unknown;
  readonly messageId: string;
  readonly status: MailStatus;
  readonly attempts: number;
  /** How long ago it was asked for. */
  readonly ageMs: number;
  readonly triedAt: Date | null;
  /** Whom it was last handed to. */
  readonly provider: string | null;
  /** How long ago that was. */
  readonly triedMsAgo: number | null;
  /** Where they were added. */
  readonly addedSeq: number;
  readonly isActive: boolean;
  /** Whether they had left or been removed before what it tells ends: of a mail that tells them so, false. */
  readonly isTooLate: boolean;
  readonly role: Role;
  readonly isMuted: boolean;
  readonly isSuppressed: boolean;
  /** Null once erased. */
  readonly address: string | null;
  readonly name: string | null;
  /** What the reply address is made of. */
  readonly replyId: string;
  readonly replySecret: Buffer;
  readonly subject: string | null;
  /** Message-ID of the mail that the conversation began with, if it began by mail. */
  readonly begunWith: string | null;
  /** Whether it is the first mail of the conversation to them, and no mail of theirs began it. */
  readonly isFirst: boolean;
  /** Of the latest mail between them and us before this one. */
  readonly previous: string | null;
}

/** The mails of these ids, in no order. */
export async function readMails(pool: Pick<pg.Pool, "query">, ids: readonly string[]): Promise<readonly MailRow[]> {
  const { rows } = await pool.query<MailRow>({
    name: "read_mails",
    text: `SELECT mail.id, mail.secret, mail.conversation_id AS conversation, mail.participant, mail.kind, mail.up_to AS "upTo",
        mail.about, mail.message_id AS "messageId", mail.status, mail.attempts, (extract(epoch FROM clock_timestamp() - mail.created_at) * 1000)::float8 AS "ageMs", mail.tried_at AS "triedAt", mail.provider,
        (extract(epoch FROM clock_timestamp() - mail.tried_at) * 1000)::float8 AS "triedMsAgo", p.seq AS "addedSeq", p.status = 'ACTIVE' AS "isActive",
        p.status <> 'ACTIVE' AND mail.up_to IS DISTINCT FROM p.removed_seq AS "isTooLate", p.role, m.is_muted AS "isMuted",
        EXISTS (SELECT FROM suppression WHERE address = r.address) AS "isSuppressed", r.address, p.name,
        m.id AS "replyId", m.secret AS "replySecret", m.subject,
        (SELECT begun_with FROM mail_participation WHERE conversation_id = mail.conversation_id AND begun_with IS NOT NULL
          LIMIT 1) AS "begunWith",
        m.begun_with IS NULL AND previous.message_id IS NULL AS "isFirst",
        coalesce(previous.message_id, m.begun_with) AS previous
      FROM unnest($1::uuid[]) AS k(id)
      -- One by one: of a list of unknown length the planner joins the tables whole.
      CROSS JOIN LATERAL (SELECT * FROM mail WHERE id = k.id OFFSET 0) AS mail
      CROSS JOIN LATERAL (SELECT * FROM participant
        WHERE conversation_id = mail.conversation_id AND id = mail.participant OFFSET 0) AS p
      CROSS JOIN LATERAL (SELECT * FROM mail_participation
        WHERE conversation_id = mail.conversation_id AND participant = mail.participant OFFSET 0) AS m
      LEFT JOIN LATERAL (SELECT address FROM recipient WHERE id = p.recipient_id OFFSET 0) AS r ON true
      LEFT JOIN LATERAL (
        SELECT message_id FROM (
          (SELECT message_id, created_at AS at FROM mail AS earlier WHERE earlier.conversation_id = mail.conversation_id
            AND earlier.participant = mail.participant AND earlier.up_to <= mail.up_to AND earlier.created_at < mail.created_at
            ORDER BY up_to DESC, created_at DESC LIMIT 1)
          UNION ALL
          (SELECT e.body->'mail'->>'messageId', e.timestamp FROM message AS x
            JOIN event AS e ON e.conversation_id = x.conversation_id AND e.seq = x.seq
            WHERE x.conversation_id = mail.conversation_id AND x.author = mail.participant AND x.seq < mail.up_to
              AND e.body->'mail'->>'messageId' IS NOT NULL ORDER BY x.seq DESC LIMIT 1)
        ) AS known ORDER BY at DESC LIMIT 1) AS previous ON true`,
    values: [ids],
  });
  return rows;
}

/** A mail that came in and is asked about: what its confirmation is made of. */
export interface AskedAbout {
  readonly id: string;
  readonly secret: Buffer;
  readonly receivedAt: Date;
  /** How many more wait that are said to be of the same participant. */
  readonly others: number;
}

/** Null where it is gone. */
export async function readAskedAbout(pool: Pick<pg.Pool, "query">, id: string): Promise<AskedAbout | null> {
  const { rows } = await pool.query<AskedAbout>(
    `SELECT i.id, i.secret, i.received_at AS "receivedAt", (SELECT count(*)::int FROM inbound_mail AS o
        WHERE o.conversation_id = i.conversation_id AND o.participant = i.participant AND o.status = 'HELD' AND o.id <> i.id) AS others
      FROM inbound_mail AS i WHERE i.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}
