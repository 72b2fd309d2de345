// A mail to reply addresses of several conversations is a mail to each of them: its sender wrote to both. It is parted into
// copies, and what becomes of one (posted, held, kept, refused) is nothing to the others.
import type { Authentication, Envelope } from "./inbound-mail.ts";
import type { InboundRow } from "./inbound-rows.ts";
import { cluesOf, tokensByConversation } from "./match.ts";
import type { IncomingMail } from "./parse-incoming.ts";
import { createStoreInbound, type StoreInboundOptions } from "./store-inbound.ts";

export interface SetApart {
  readonly row: InboundRow;
  readonly mail: IncomingMail;
  readonly raw: Buffer;
  /** Whose mail it is: the same of all copies. */
  readonly authentication: Authentication;
}

/**
 * Stores a copy for each of the conversations but the first, with the job that works it through. Safe to repeat at any point.
 * @returns the mail's row, which is to the first conversation alone, and to whom else it was
 */
export async function setApart(
  { pool, blobs, mailDomain }: StoreInboundOptions & { readonly mailDomain: string },
  { row, mail, raw, authentication }: SetApart,
): Promise<InboundRow> {
  const [first, ...others] = await tokensByConversation(pool, cluesOf(row.envelope, mail, mailDomain));
  if (first === undefined || others.length === 0) return row;
  const addressesOf = (tokens: readonly string[]) => tokens.map((token) => `reply+${token}@${mailDomain}`);
  const store = createStoreInbound({ pool, blobs });
  for (const [conversation, tokens] of others) {
    const envelope = { ...row.envelope, to: addressesOf(tokens) };
    await store({ key: `${row.id} ${conversation}`, envelope, raw, authentication });
  }
  const elsewhere = row.envelope.to.filter((address) => !/^reply\+/i.test(address));
  const envelope: Envelope = { ...row.envelope, to: [...addressesOf(first[1]), ...elsewhere] };
  // For whoever works it through again, or confirms it.
  await pool.query({
    name: "set_apart",
    text: "UPDATE inbound_mail SET envelope = $2 WHERE id = $1",
    values: [row.id, JSON.stringify(envelope)],
  });
  return { ...row, envelope };
}
