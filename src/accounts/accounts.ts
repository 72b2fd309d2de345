// Accounts: local recipients who can sign in, and whom an address belongs to.

import { domainToASCII } from "node:url";
import { type Address, domainOf, isAddress } from "../conversation/address.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { AccountId, Person } from "../store/conversation-store.ts";
import type { Database } from "../store/database.ts";

/** Who is signed in. */
export interface Viewer {
  readonly accountId: AccountId;
  readonly recipientId: string;
  readonly address: Address;
  readonly name: string | null;
}

/** What this platform serves. */
export interface Serving {
  readonly platform: PlatformName;
  /** The domains whose addresses are accounts here; the first is the one that people are told. */
  readonly domains: readonly PlatformName[];
}

/** The account cannot be made. The message says why, and what to do. */
class AccountError extends ExplainedError {
  override readonly name = "AccountError";
}

/**
 * What people type as an address, in its one form: trimmed, lower case, NFC, the domain in A-labels (RFC 5891). Null
 * where it is none.
 */
export function toAddress(typed: string): Address | null {
  const text = typed.trim().normalize("NFC").toLowerCase();
  const at = text.lastIndexOf("@");
  const address = `${text.slice(0, at)}@${domainToASCII(text.slice(at + 1))}`;
  return at > 0 && isAddress(address) ? address : null;
}

/**
 * Makes an account, or finds the one that is there.
 * @throws AccountError where the address is none, or of another domain
 */
export async function ensureAccount(
  prisma: Database["prisma"],
  typed: string,
  { platform, domains }: Serving,
): Promise<{ readonly viewer: Viewer; readonly isNew: boolean }> {
  const address = toAddress(typed);
  if (address === null) throw new AccountError(`"${typed}" is not an address. Write it as name@${domains[0]}.`);
  if (!domains.includes(domainOf(address))) {
    throw new AccountError(
      `This platform serves ${domains.join(", ")}. An account here has an address there, say alice@${domains[0]}.`,
    );
  }
  const name = address.slice(0, 1).toUpperCase() + address.slice(1, address.lastIndexOf("@"));
  const recipient = await prisma.recipient.upsert({
    where: { address },
    create: { address, kind: "LOCAL", platform, name },
    update: {},
    include: { account: true },
  });
  const account =
    recipient.account ??
    (await prisma.account.upsert({
      where: { recipientId: recipient.id },
      create: { recipientId: recipient.id },
      update: {},
    }));
  return {
    viewer: { accountId: account.id, recipientId: recipient.id, address, name: recipient.name },
    isNew: recipient.account === null,
  };
}

/** Who has this address here; null where nobody has. @param typed as people type addresses */
export async function findViewer(prisma: Database["prisma"], typed: string): Promise<Viewer | null> {
  const address = toAddress(typed);
  if (address === null) return null;
  const recipient = await prisma.recipient.findUnique({ where: { address }, include: { account: true } });
  return recipient?.account
    ? { accountId: recipient.account.id, recipientId: recipient.id, address, name: recipient.name }
    : null;
}

/** Whose these addresses are, for those that are accounts here; others are left out. */
export async function findPeople(
  { pool }: Pick<Database, "pool">,
  addresses: readonly Address[],
): Promise<ReadonlyMap<Address, Person>> {
  if (addresses.length === 0) return new Map();
  const { rows } = await pool.query<{ address: Address; recipient_id: string; account_id: string }>({
    name: "find_people",
    text: `SELECT r.address, r.id AS recipient_id, a.id AS account_id
      FROM recipient AS r JOIN account AS a ON a.recipient_id = r.id WHERE r.address = ANY($1::text[])`,
    values: [addresses],
  });
  return new Map(rows.map((row) => [row.address, { recipientId: row.recipient_id, accountId: row.account_id }]));
}
