// Bearer tokens: shown once, kept as their hash, looked up with a short memory.
import { randomBytes } from "node:crypto";
import { sha256 } from "../protocol/hash.ts";
import type { AccountId } from "../store/conversation-store.ts";
import type { Database } from "../store/database.ts";
import type { Viewer } from "./accounts.ts";

/** So that people and secret scanners recognise one. */
const prefix = "parley_";

/** Makes a token for the account: `parley_` and 32 random bytes. It cannot be read again, only replaced. */
export async function issueToken(prisma: Database["prisma"], accountId: AccountId): Promise<string> {
  const token = prefix + randomBytes(32).toString("base64url");
  await prisma.token.create({ data: { hash: sha256(token), accountId } });
  return token;
}

// How long a token that was revoked may still work: one look-up serves a burst of requests.
const memoryMs = 5_000;
const memoryMax = 10_000;

export type Authenticate = (token: string) => Promise<Viewer | null>;

/**
 * Makes the function that says whose a token is; null for none, an unknown one and one that has expired. Good answers are
 * remembered for five seconds in this process.
 * @param nowMs the process's clock, in milliseconds
 */
export function createAuthenticate({ pool }: Pick<Database, "pool">, nowMs: () => number): Authenticate {
  const memory = new Map<string, { readonly viewer: Promise<Viewer | null>; readonly until: number }>();
  const find = async (hash: string): Promise<Viewer | null> => {
    const { rows } = await pool.query<{
      account_id: string;
      recipient_id: string;
      address: string;
      name: string | null;
    }>({
      name: "find_token",
      text: `SELECT t.account_id, r.id AS recipient_id, r.address, r.name
        FROM token AS t JOIN account AS a ON a.id = t.account_id JOIN recipient AS r ON r.id = a.recipient_id
        WHERE t.hash = $1 AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())`,
      values: [hash],
    });
    const row = rows[0];
    return row
      ? { accountId: row.account_id, recipientId: row.recipient_id, address: row.address, name: row.name }
      : null;
  };
  return async (token) => {
    if (!token.startsWith(prefix) || token.length > 100) return null;
    const known = memory.get(token);
    if (known && known.until > nowMs()) return known.viewer;
    const viewer = find(sha256(token));
    if (memory.size >= memoryMax) memory.clear();
    memory.set(token, { viewer, until: nowMs() + memoryMs });
    // A failed look-up says nothing about the token, and no token at all is not worth a place.
    const forget = () => memory.delete(token);
    viewer.then((found) => found ?? forget(), forget);
    return viewer;
  };
}
