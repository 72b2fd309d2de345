// Which mail a token in a link is of, and whom the mail was for.
import type pg from "pg";
import { everything } from "../../conversation/audience.ts";
import type { ParticipantStatus } from "../../conversation/state.ts";
import type { Role } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { idOfToken, isTokenOf, mailToken, type TokenPurpose, type TokenSource } from "../mail-token.ts";

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

interface LinkedRow {
  readonly id: string;
  readonly secret: Buffer;
  readonly conversation: Hash;
  readonly participant: Hash;
  readonly up_to: number;
  readonly participation_id: string;
  readonly is_muted: boolean;
  readonly role: Role;
  readonly status: ParticipantStatus;
  readonly removed_seq: number | null;
  readonly latest: Hash;
  readonly name: string | null;
  readonly address: string | null;
}

/** Of no row. What is no token is looked up as one of this: so it takes as long as what could have been one. */
const nobody: TokenSource = { id: "00000000-0000-4000-8000-000000000000", secret: new Uint8Array(32) };

/** The row that a token was made of, of those that `find` knows by id. Null for any other text, and it takes as long. */
export async function rowOfToken<Row extends TokenSource>(
  purpose: TokenPurpose,
  token: string,
  find: (id: string) => Promise<Row | undefined>,
): Promise<Row | null> {
  const id = idOfToken(token);
  const row = await find(id ?? nobody.id);
  const isRight = isTokenOf(
    purpose,
    id === null ? mailToken(purpose, nobody) : token,
    row ?? { ...nobody, id: id ?? nobody.id },
  );
  return row !== undefined && id !== null && isRight ? row : null;
}

/** @param purpose `link` or `mute`: of the other, a token opens nothing */
export async function findLinkedMail(
  pool: Pick<pg.Pool, "query">,
  purpose: "link" | "mute",
  token: string,
): Promise<LinkedMail | null> {
  const row = await rowOfToken(purpose, token, async (id) => {
    const { rows } = await pool.query<LinkedRow>({
      name: "linked_mail",
      // Who was removed sees nothing of what came after, whatever they are mailed since.
      text: `SELECT m.id, m.secret, m.conversation_id AS conversation, m.participant, least(m.up_to, p.removed_seq) AS up_to, o.id AS participation_id, o.is_muted,
          p.role, p.status, p.removed_seq, p.latest, coalesce(p.name, r.name) AS name, r.address
        FROM mail AS m JOIN mail_participation AS o USING (conversation_id, participant)
        JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.participant
        LEFT JOIN recipient AS r ON r.id = p.recipient_id WHERE m.id = $1`,
      values: [id],
    });
    return rows[0];
  });
  if (row === null) return null;
  const {
    secret: _,
    up_to: upTo,
    participation_id: participationId,
    is_muted: isMuted,
    removed_seq: removedSeq,
    ...same
  } = row;
  return { ...same, upTo, participationId, isMuted, removedSeq };
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
