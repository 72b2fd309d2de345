// What an import finds: which mails are here already, and who takes part in their conversations.
import type pg from "pg";
import type { Address } from "../../conversation/address.ts";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import type { AccountId } from "../../store/conversation-store.ts";

/** The client request by which the import of a mail is known: an account imports a mail once. */
export function mailKey(id: string): string {
  return `mail:${sha256(id)}`;
}

/** Where a mail's message is. */
export interface MessagePlace {
  readonly conversation: Hash;
  readonly message: Hash;
}

/** The mails of these keys that the account imported before. */
export async function findImported(
  pool: pg.Pool,
  accountId: AccountId,
  keys: readonly string[],
): Promise<Map<string, MessagePlace>> {
  const { rows } = await pool.query<{ key: string; conversation: Hash; message: Hash }>({
    name: "find_imported",
    // A mail's request ends with its message, or with the files that belong to it.
    text: `SELECT k.client_id AS key, r.conversation_id AS conversation,
        CASE e.model WHEN 'message' THEN e.id ELSE e.item END AS message
      FROM unnest($2::text[]) AS k(client_id)
      CROSS JOIN LATERAL (SELECT * FROM client_request WHERE account_id = $1 AND client_id = k.client_id OFFSET 0) AS r
      CROSS JOIN LATERAL (
        SELECT * FROM event WHERE conversation_id = r.conversation_id AND seq = r.seq OFFSET 0) AS e
      WHERE e.model IN ('message', 'attachment')`,
    values: [accountId, keys],
  });
  return new Map(rows.map(({ key, conversation, message }) => [key, { conversation, message }]));
}

/** Who takes part in a conversation, as far as an import has to know. Moved on as it adds people. */
export interface People {
  /** The importing account's own participant; null where it does not take part, or not any more. */
  readonly own: Hash | null;
  readonly imported: Map<Address, Hash>;
  /** Who takes part by themselves: nobody else speaks for them. */
  readonly present: ReadonlySet<Address>;
  /** All who are active. */
  count: number;
}

export async function findPeopleOf(
  pool: pg.Pool,
  accountId: AccountId,
  conversations: readonly Hash[],
): Promise<Map<Hash, People>> {
  if (conversations.length === 0) return new Map();
  const { rows } = await pool.query<{
    conversation: Hash;
    id: Hash;
    imported: boolean;
    is_own: boolean;
    address: Address | null;
  }>({
    name: "find_people_of_imported",
    text: `SELECT p.conversation_id AS conversation, p.id, p.imported, p.account_id IS NOT DISTINCT FROM $2 AS is_own, r.address
      FROM participant AS p LEFT JOIN recipient AS r ON r.id = p.recipient_id
      WHERE p.conversation_id = ANY($1::text[]) AND p.status = 'ACTIVE'`,
    values: [conversations, accountId],
  });
  const found = Map.groupBy(rows, ({ conversation }) => conversation);
  const people = (conversation: Hash): People => {
    const active = found.get(conversation) ?? [];
    const archived = active.filter(({ imported }) => imported);
    const present = active.filter(({ imported }) => !imported);
    return {
      own: present.find((one) => one.is_own)?.id ?? null,
      imported: new Map(archived.flatMap(({ address, id }) => (address === null ? [] : [[address, id]]))),
      present: new Set(present.flatMap(({ address }) => address ?? [])),
      count: active.length,
    };
  };
  return new Map(conversations.map((conversation) => [conversation, people(conversation)]));
}
