// Which mail a token in a link is of, and whom the mail was for.
import type pg from "pg";
import { everything } from "../../conversation/audience.ts";
import type { ParticipantStatus } from "../../conversation/state.ts";
import type { Role } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { TokenSource } from "../mail-token.ts";
import { rowOfToken } from "./row-of-token.ts";

export interface LinkedMail {
  readonly id: string;
  readonly conversation: Hash;
  readonly participant: Hash;
  /** What its link shows ends here. */
  readonly upTo: number;
  /** Of mail_participation. */
  readonly participationId: string;
  readonly isMuted: boolean;
  /** Of the participant, as they are now. */
  readonly role: Role;
  readonly status: ParticipantStatus;
  readonly removedSeq: number | null;
  readonly latest: Hash;
  /** Null where nobody said, or it was erased. */
  readonly name: string | null;
  /** Null once erased. */
  readonly address: string | null;
}

/** @param purpose `link` or `mute`: of the other, a token opens nothing */
export async function findLinkedMail(
  pool: Pick<pg.Pool, "query">,
  purpose: "link" | "mute",
  token: string,
): Promise<LinkedMail | null> {
  const row = await rowOfToken(purpose, token, async (id) => {
    const { rows } = await pool.query<LinkedMail & TokenSource>({
      name: "linked_mail",
      // Who was removed sees nothing of what came after, whatever they are mailed since.
      text: `SELECT m.id, m.secret, m.conversation_id AS conversation, m.participant, least(m.up_to, p.removed_seq) AS "upTo",
          o.id AS "participationId", o.is_muted AS "isMuted", p.role, p.status, p.removed_seq AS "removedSeq", p.latest, coalesce(p.name, r.name) AS name, r.address
        FROM mail AS m JOIN mail_participation AS o USING (conversation_id, participant)
        JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.participant
        LEFT JOIN recipient AS r ON r.id = p.recipient_id WHERE m.id = $1`,
      values: [id],
    });
    return rows[0];
  });
  if (row === null) return null;
  const { secret: _, ...mail } = row;
  return mail;
}

/** The last place that whom the mail was for sees, once they have shown that it was. */
export function horizonOf({ status, removedSeq, upTo }: Pick<LinkedMail, "status" | "removedSeq" | "upTo">): number {
  return status === "ACTIVE" ? everything : (removedSeq ?? upTo);
}

/** An address that is told to who knows it already. */
export function masked(address: string): string {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, 1)}•••${address.slice(at)}`;
}
