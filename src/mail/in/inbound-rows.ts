// Rows of inbound_mail as they are worked through: read, and told what became of them.
import type pg from "pg";
import { z } from "zod";
import type { Address } from "../../conversation/address.ts";
import type { SignedProposal } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId, Person } from "../../store/conversation-store.ts";
import { inTransaction } from "../../store/transaction.ts";
import { type Authentication, authenticationSchema, type Envelope, envelopeSchema } from "./inbound-mail.ts";

export type InboundStatus = "WAITING" | "POSTED" | "HELD" | "KEPT" | "IGNORED" | "REFUSED";

/** What is shown of a mail that waits for somebody's decision. */
export const toldSchema = z.object({
  from: z.object({ address: z.string(), name: z.string().nullable() }),
  subject: z.string(),
  /** Their first words. */
  preview: z.string(),
});
export type Told = z.infer<typeof toldSchema>;

/** What a mail becomes: made once, and appended as it is by every try. */
export interface Becoming {
  readonly conversation: Hash;
  readonly participant: Hash;
  readonly message: Hash;
  readonly proposals: readonly SignedProposal[];
  /** Of proposals that publish the conversation: the mail that it begins with, and everybody who is in it. Else null. */
  readonly begins: {
    readonly messageId: string;
    readonly subject: string | null;
    readonly people: readonly (readonly [Address, Person])[];
  } | null;
  /** By which the same words are known again; null of those that begin a conversation. */
  readonly words: string | null;
}

export interface InboundRow {
  readonly id: string;
  readonly receivedAt: Date;
  readonly envelope: Envelope;
  readonly status: InboundStatus;
  readonly reason: string | null;
  /** Null: not found out yet. */
  readonly authentication: Authentication | null;
  readonly conversation: Hash | null;
  readonly participant: Hash | null;
  readonly message: Hash | null;
  readonly keptFor: AccountId | null;
  readonly told: Told | null;
  readonly becoming: Becoming | null;
}

export interface StoredInbound {
  readonly id: string;
  readonly received_at: Date;
  readonly envelope: unknown;
  readonly status: InboundStatus;
  readonly reason: string | null;
  readonly authentication: unknown;
  readonly conversation_id: Hash | null;
  readonly participant: Hash | null;
  readonly message: Hash | null;
  readonly kept_for: AccountId | null;
  readonly told: unknown;
  readonly proposals: Becoming | null;
}

export const inboundRowOf = (row: StoredInbound): InboundRow => ({
  id: row.id,
  receivedAt: row.received_at,
  envelope: envelopeSchema.parse(row.envelope),
  status: row.status,
  reason: row.reason,
  authentication: row.authentication === null ? null : authenticationSchema.parse(row.authentication),
  conversation: row.conversation_id,
  participant: row.participant,
  message: row.message,
  keptFor: row.kept_for,
  told: row.told === null ? null : toldSchema.parse(row.told),
  becoming: row.proposals,
});

type Client = Pick<pg.ClientBase, "query">;

export async function readInbound(client: Client, id: string): Promise<InboundRow | null> {
  const { rows } = await client.query<StoredInbound>({
    name: "read_inbound",
    text: "SELECT * FROM inbound_mail WHERE id = $1",
    values: [id],
  });
  return rows[0] ? inboundRowOf(rows[0]) : null;
}

/** Found out about a mail: whose it is, and its Message-ID. */
export interface FoundOut {
  readonly authentication: Authentication;
  readonly messageId: string | null;
}

/** What became of a mail. */
export interface Outcome {
  readonly status: Exclude<InboundStatus, "WAITING">;
  /** A code; null: nothing to say. */
  readonly reason: string | null;
  readonly conversation?: Hash | null;
  readonly participant?: Hash | null;
  readonly message?: Hash | null;
  readonly keptFor?: AccountId | null;
  readonly told?: Told | null;
  readonly words?: string | null;
  /** Left out: nothing new. */
  readonly found?: FoundOut;
}

/** Says what became of a mail, unless that was decided meanwhile. Safe to repeat. Returns whether it is so now by this. */
export async function settleInbound(client: Client, id: string, outcome: Outcome): Promise<boolean> {
  const { status, reason, conversation = null, participant = null, message = null, keptFor = null } = outcome;
  const { rowCount } = await client.query({
    name: "settle_inbound",
    text: `UPDATE inbound_mail SET status = $2::"InboundStatus", reason = $3, conversation_id = $4, participant = $5,
        message = $6, kept_for = $7, told = $8, words = $9, proposals = NULL, changed_at = clock_timestamp(),
        authentication = coalesce($10, authentication), message_id = coalesce($11, message_id)
      WHERE id = $1 AND status IN ('WAITING', 'HELD', 'KEPT')`,
    values: [
      ...[id, status, reason, conversation, participant, message, keptFor],
      outcome.told ? JSON.stringify(outcome.told) : null,
      outcome.words ?? null,
      outcome.found ? JSON.stringify(outcome.found.authentication) : null,
      outcome.found?.messageId ?? null,
    ],
  });
  return rowCount === 1;
}

/** Keeps what was found out of a mail that is not settled yet. */
export async function noteInbound(client: Client, id: string, { authentication, messageId }: FoundOut): Promise<void> {
  await client.query({
    name: "note_inbound",
    text: "UPDATE inbound_mail SET authentication = $2, message_id = $3 WHERE id = $1",
    values: [id, JSON.stringify(authentication), messageId],
  });
}

/**
 * Keeps what the mail becomes, before the first try. Returns what was kept first; null where another copy of the mail
 * (the same Message-ID, of the same participant) is or becomes a message already, or where it was decided about meanwhile:
 * who comes late would make other proposals, of which a leader elsewhere does not know that they are the same.
 */
export function keepBecoming(
  pool: pg.Pool,
  id: string,
  messageId: string | null,
  becoming: Becoming,
): Promise<Becoming | null> {
  return inTransaction(pool, async (client) => {
    const { conversation, participant, begins } = becoming;
    // A mail to several addresses comes as often: of its copies one goes first.
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`inbound ${messageId ?? id}`]);
    const { rows } = await client.query<{ proposals: Becoming | null }>({
      name: "keep_becoming",
      // Of a mail that begins a conversation, a copy is one to somebody whom this one is to.
      text: `UPDATE inbound_mail AS this SET proposals = coalesce(proposals, $2), conversation_id = $3, participant = $4, message_id = $5
        WHERE id = $1 AND status IN ('WAITING', 'HELD', 'KEPT') AND NOT EXISTS (
          SELECT FROM inbound_mail AS other
          WHERE other.message_id = $5 AND other.id <> $1 AND (other.status = 'POSTED' OR other.proposals IS NOT NULL)
            AND CASE WHEN $6 THEN other.envelope->'to' ?| ARRAY(SELECT jsonb_array_elements_text(this.envelope->'to'))
              ELSE other.participant = $4 AND other.conversation_id = $3 END)
        RETURNING proposals`,
      values: [id, JSON.stringify(becoming), conversation, participant, messageId, begins !== null],
    });
    return rows[0]?.proposals ?? null;
  });
}

/** Forgets what a mail was to become: nobody takes it any more, and it has to be made anew. */
export async function forgetBecoming(client: Client, id: string): Promise<void> {
  await client.query({
    name: "forget_becoming",
    text: "UPDATE inbound_mail SET proposals = NULL WHERE id = $1",
    values: [id],
  });
}
