// Bearer tokens: shown once, kept as their hash, looked up with a short memory.
import { randomBytes } from "node:crypto";
import DataLoader from "dataloader";
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

/** Makes all tokens of the account void, within five seconds. @returns how many there were that had not run out */
export async function revokeTokens(prisma: Database["prisma"], accountId: AccountId, now: Date): Promise<number> {
  const [valid] = await prisma.$transaction([
    prisma.token.count({ where: { accountId, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] } }),
    prisma.token.deleteMany({ where: { accountId } }),
  ]);
  return valid;
}

// How long a token that was revoked may still work.
const memoryMs = 5_000;
const memoryMax = 10_000;
// Tokens in use are looked up again together, in one query: one by one, they were a third of the queries of people talking.
const sweepEveryMs = memoryMs / 2;

interface Remembered {
  readonly hash: string;
  readonly viewer: Promise<Viewer | null>;
  readonly untilMs: number;
  /** Whether it was asked for again since it was looked up. */
  isUsed: boolean;
}

export type Authenticate = (token: string) => Promise<Viewer | null>;

/**
 * Makes the function that says whose a token is; null for none, an unknown one and one that has expired. Good answers are
 * remembered for five seconds in this process.
 * @param nowMs the process's clock, in milliseconds
 */
export function createAuthenticate({ pool }: Pick<Database, "pool">, nowMs: () => number): Authenticate {
  const memory = new Map<string, Remembered>();
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  // What is asked for in one tick, as when the tokens of all streams are checked, is looked up together.
  const loader = new DataLoader<string, Viewer | null>(
    async (hashes) => {
      const found = await find(hashes);
      return hashes.map((hash) => found.get(hash) ?? null);
    },
    { cache: false, maxBatchSize: 1_000 },
  );

  const find = async (hashes: readonly string[]): Promise<ReadonlyMap<string, Viewer>> => {
    const { rows } = await pool.query<{
      hash: string;
      account_id: string;
      recipient_id: string;
      address: string;
      name: string | null;
    }>({
      name: "find_tokens",
      text: `SELECT t.hash, t.account_id, r.id AS recipient_id, r.address, r.name
        FROM token AS t JOIN account AS a ON a.id = t.account_id JOIN recipient AS r ON r.id = a.recipient_id
        WHERE t.hash = ANY($1::text[]) AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())`,
      values: [hashes],
    });
    return new Map(
      rows.map((row) => [
        row.hash,
        { accountId: row.account_id, recipientId: row.recipient_id, address: row.address, name: row.name },
      ]),
    );
  };

  /** Tokens that are in use and soon to be looked up again. Forgets those that nobody asked for. */
  const sweep = (now: number): ReadonlyMap<string, string> => {
    const due = new Map<string, string>();
    if (now < sweptAtMs + sweepEveryMs) return due;
    sweptAtMs = now;
    for (const [token, { hash, untilMs, isUsed }] of memory) {
      if (untilMs > now + sweepEveryMs) continue;
      if (isUsed) due.set(token, hash);
      else memory.delete(token);
    }
    return due;
  };

  const lookUp = (token: string, now: number): Promise<Viewer | null> => {
    const hashes = new Map([...sweep(now), [token, sha256(token)]]);
    if (memory.size >= memoryMax) memory.clear();
    for (const [one, hash] of hashes) {
      const viewer = loader.load(hash);
      const remembered = { hash, viewer, untilMs: now + memoryMs, isUsed: false };
      memory.set(one, remembered);
      // A failed look-up says nothing about the token, and no token at all is not worth a place.
      const forget = () => memory.get(one) === remembered && memory.delete(one);
      viewer.then((known) => known ?? forget(), forget);
      if (one === token) remembered.isUsed = true;
    }
    return memory.get(token)?.viewer ?? Promise.resolve(null);
  };

  return async (token) => {
    if (!token.startsWith(prefix) || token.length > 100) return null;
    const now = nowMs();
    const known = memory.get(token);
    if (!known || known.untilMs <= now) return lookUp(token, now);
    known.isUsed = true;
    return known.viewer;
  };
}
