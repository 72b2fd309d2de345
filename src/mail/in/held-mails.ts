// Mails that are held until their sender confirms them: all of them, as operators see them, and those in one participant's name.
// Above a budget their address is not asked by itself: then they are seen here, and asked about by hand.
import type pg from "pg";
import type { Address } from "../../conversation/address.ts";
import type { Hash } from "../../protocol/hash.ts";
import { inTransaction } from "../../store/transaction.ts";
import type { TokenSource } from "../mail-token.ts";
import { askMail } from "../out/ask-mail.ts";

export interface HeldSummary {
  readonly id: string;
  readonly receivedAt: Date;
  /** Whose it says it is. Null once erased. */
  readonly address: Address | null;
  readonly conversation: Hash;
  /** Why it is held: a code. */
  readonly reason: string | null;
  /** Whether their address was asked by a mail. */
  readonly isAsked: boolean;
}

const summariesShown = 200;

/** The latest first. At most 200. */
export async function readHeldMails(pool: Pick<pg.Pool, "query">): Promise<readonly HeldSummary[]> {
  const { rows } = await pool.query<HeldSummary>(
    `SELECT i.id, i.received_at AS "receivedAt", r.address, i.conversation_id AS conversation, i.reason,
      EXISTS (SELECT FROM mail AS m WHERE m.conversation_id = i.conversation_id AND m.participant = i.participant
        AND m.kind = 'CONFIRM' AND m.about->>'inbound' = i.id::text) AS "isAsked"
    FROM inbound_mail AS i LEFT JOIN participant AS p ON p.conversation_id = i.conversation_id AND p.id = i.participant
    LEFT JOIN recipient AS r ON r.id = p.recipient_id
    WHERE i.status = 'HELD' ORDER BY i.received_at DESC, i.id LIMIT ${summariesShown}`,
  );
  return rows;
}

/**
 * Has their address asked by a mail whether it is theirs, whatever was asked before: nobody but they can say so. Asked for again,
 * there is another mail. @param domain of our mail addresses @returns false where no such mail is held
 */
export function askAboutHeld(pool: pg.Pool, domain: string, id: string): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ conversation: Hash; participant: Hash; upTo: number }>(
      `SELECT i.conversation_id AS conversation, i.participant, c.seq AS "upTo"
      FROM inbound_mail AS i JOIN conversation AS c ON c.id = i.conversation_id
      WHERE i.id = $1 AND i.status = 'HELD' AND i.participant IS NOT NULL FOR UPDATE OF i`,
      [id],
    );
    const [held] = rows;
    if (held) await askMail(client, domain, { ...held, about: { kind: "CONFIRM", inbound: id } });
    return held !== undefined;
  });
}

/** A mail in somebody's name that waits for them; with its secret, what its confirmation is made of. */
export interface HeldOf extends TokenSource {
  readonly receivedAt: Date;
}

/** So many are shown to who is asked about them. */
export const heldOfMax = 50;

/** The latest first. One more than are shown, where there are more. */
export async function readHeldOf(
  pool: Pick<pg.Pool, "query">,
  { conversation, participant }: { readonly conversation: Hash; readonly participant: Hash },
): Promise<readonly HeldOf[]> {
  const { rows } = await pool.query<HeldOf>({
    name: "held_of",
    text: `SELECT id, secret, received_at AS "receivedAt" FROM inbound_mail
      WHERE conversation_id = $1 AND participant = $2 AND status = 'HELD' ORDER BY received_at DESC, id LIMIT ${heldOfMax + 1}`,
    values: [conversation, participant],
  });
  return rows;
}
