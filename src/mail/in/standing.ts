// How a conversation stands to a mail that belongs to it: whether it is open, who of it the sender is, who decides about others.
import type pg from "pg";
import type { Address } from "../../conversation/address.ts";
import { isExpired } from "../../conversation/decide.ts";
import type { PlatformName, Role } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../../store/conversation-store.ts";
import type { Claim, Sender } from "./decide-who.ts";
import type { Match } from "./match.ts";

export interface Standing extends Pick<Claim, "conversation" | "sender"> {
  /** Up to where somebody who takes part sees it. */
  readonly seq: number;
  /** What an answer answers that names nothing; null where nothing was said. */
  readonly latestMessage: Hash | null;
  /** The accounts here that take part. */
  readonly accounts: readonly AccountId[];
}

interface ByMail {
  readonly id: Hash;
  readonly address: Address;
  readonly role: Role;
  readonly is_active: boolean;
}

/** Null where there is no such conversation here. @param platform our own name */
export async function standingOf(
  pool: Pick<pg.Pool, "query">,
  platform: PlatformName,
  { conversation, participant }: Pick<Match, "conversation" | "participant">,
  from: Address,
  now: string,
): Promise<Standing | null> {
  const { rows } = await pool.query<{
    seq: number;
    expires_at: Date | null;
    frozen_at: Date | null;
    latest_message: Hash | null;
    named_address: Address | null;
    by_mail: readonly ByMail[];
    accounts: readonly AccountId[];
  }>({
    name: "standing",
    text: `SELECT c.seq, c.expires_at, c.frozen_at,
        (SELECT id FROM message WHERE conversation_id = c.id ORDER BY seq DESC LIMIT 1) AS latest_message,
        (SELECT r.address FROM participant AS p JOIN recipient AS r ON r.id = p.recipient_id
          WHERE p.conversation_id = c.id AND p.id = $2) AS named_address,
        coalesce((SELECT json_agg(json_build_object('id', p.id, 'address', r.address, 'role', p.role,
            'is_active', p.status = 'ACTIVE') ORDER BY p.status = 'ACTIVE' DESC, p.seq DESC)
          FROM recipient AS r JOIN participant AS p ON p.recipient_id = r.id
          WHERE r.address = $3 AND p.conversation_id = c.id AND p.mail AND p.via = $4 AND NOT p.imported), '[]') AS by_mail,
        ARRAY(SELECT account_id::text FROM participant
          WHERE conversation_id = c.id AND account_id IS NOT NULL AND status = 'ACTIVE' AND NOT imported) AS accounts
      FROM conversation AS c WHERE c.id = $1`,
    values: [conversation, participant, from, platform],
  });
  const [row] = rows;
  if (!row) return null;
  const expiresAt = row.expires_at?.toISOString() ?? null;
  const [one] = row.by_mail;
  const sender: Sender | null = one
    ? { participant: one.id, isActive: one.is_active, role: one.role, isNamed: row.named_address === from }
    : null;
  return {
    seq: row.seq,
    conversation: row.frozen_at !== null ? "FROZEN" : isExpired({ expiresAt }, now) ? "EXPIRED" : "OPEN",
    sender,
    latestMessage: row.latest_message,
    accounts: row.accounts,
  };
}

/** Who decides about a mail of a stranger: who added the participant whose mails it answers, else the earliest ADMIN with an account here. */
export async function deciderOf(
  pool: Pick<pg.Pool, "query">,
  { conversation, participant }: Pick<Match, "conversation" | "participant">,
): Promise<AccountId | null> {
  const { rows } = await pool.query<{ account_id: AccountId }>({
    name: "decider",
    text: `SELECT account_id FROM (
        SELECT p.account_id, 0 AS rank, p.seq FROM event AS e
        JOIN participant AS p ON p.conversation_id = e.conversation_id AND p.id = e.actor
        WHERE e.conversation_id = $1 AND e.id = $2 AND p.account_id IS NOT NULL AND p.status = 'ACTIVE' AND NOT p.imported
        UNION ALL
        SELECT account_id, 1, seq FROM participant
        WHERE conversation_id = $1 AND account_id IS NOT NULL AND status = 'ACTIVE' AND role = 'ADMIN' AND NOT imported) AS d
      ORDER BY rank, seq LIMIT 1`,
    values: [conversation, participant],
  });
  return rows[0]?.account_id ?? null;
}
