// Reads of whole logs, for exports and proofs: page by page, as of one moment, and without what is erased.
import type pg from "pg";
import type { Body, PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { KeyList } from "../protocol/key-list.ts";
import { type Entry, eventHash } from "../protocol/seal.ts";
import type { AccountId } from "./conversation-store.ts";
import { horizonOfTaken, type TakenRow, takenSql } from "./read/horizon.ts";
import { type RecordedRow, recordedColumns, recordedEventOf } from "./recorded-event.ts";
import { readSnapshot } from "./snapshot.ts";

/** Events read at once: with the longest messages, 64 MiB. */
const pageMax = 256;

/** A log up to a place. */
export interface LogPart {
  readonly conversation: Hash;
  readonly seq: number;
  /** Hash of the event there. */
  readonly head: Hash;
}

/** Reads as of one moment. */
export interface LogReads {
  /** The log, for an account up to what it may see; null where there is none, or nothing of it for them. */
  part(conversation: Hash, accountId: AccountId | null): Promise<LogPart | null>;
  /** The entries in pages, in order. Bodies and salts that are erased are null. */
  pages(part: LogPart): AsyncGenerator<readonly Entry[]>;
  /** Bodies by seq; left out where erased or owed. */
  bodiesAt(conversation: Hash, seqs: readonly number[]): Promise<ReadonlyMap<number, Body>>;
  /** The key lists that this platform has. */
  keyLists(): Promise<readonly KeyList[]>;
}

/** Reads logs as of one moment. */
export function readLogs<T>(pool: pg.Pool, use: (reads: LogReads) => Promise<T>): Promise<T> {
  return readSnapshot(pool, (client) => use(readsOf(client)));
}

function readsOf(client: pg.ClientBase): LogReads {
  const rowsOf = async (conversation: Hash, where: string, values: readonly unknown[]) => {
    const { rows } = await client.query<RecordedRow>(
      `SELECT ${recordedColumns("e")} FROM event AS e WHERE e.conversation_id = $1 AND ${where}`,
      [conversation, ...values],
    );
    return rows.map(recordedEventOf);
  };
  return {
    part: async (conversation, accountId) => {
      const { rows } = await client.query<{ seq: number; taken: readonly TakenRow[] | null }>(
        `SELECT c.seq, m.taken FROM conversation AS c ${takenSql("c.id", "$2::uuid")} WHERE c.id = $1`,
        [conversation, accountId],
      );
      const [row] = rows;
      if (!row) return null;
      const seq = accountId === null ? row.seq : Math.min(row.seq, horizonOfTaken(row.taken));
      const [last] = await rowsOf(conversation, "e.seq = $2", [seq]);
      return last ? { conversation, seq, head: eventHash(last.event) } : null;
    },
    async *pages({ conversation, seq }) {
      for (let after = 0; after < seq; ) {
        const page = await rowsOf(conversation, "e.seq > $2 AND e.seq <= $3 ORDER BY e.seq LIMIT $4", [
          ...[after, seq, pageMax],
        ]);
        const last = page.at(-1);
        if (!last) return;
        after = last.seq;
        yield page;
      }
    },
    bodiesAt: async (conversation, seqs) => {
      const found = seqs.length === 0 ? [] : await rowsOf(conversation, "e.seq = ANY($2::int[])", [seqs]);
      return new Map(found.flatMap(({ seq, body }) => (body === null ? [] : [[seq, body] as const])));
    },
    keyLists: async () => {
      const { rows } = await client.query<KeyRow>(
        "SELECT platform, key, nbf, exp, by, signature, revoked FROM platform_key ORDER BY platform, nbf, by NULLS FIRST",
      );
      const keys = Map.groupBy(rows, ({ platform }) => platform);
      return [...keys].map(([platform, ofPlatform]) => ({
        platform,
        keys: ofPlatform.map(({ key, nbf, exp, by, signature, revoked }) => ({
          key,
          nbf: nbf.toISOString(),
          exp: exp?.toISOString() ?? null,
          by,
          signature,
          revoked: revoked?.toISOString() ?? null,
        })),
      }));
    },
  };
}

interface KeyRow {
  readonly platform: PlatformName;
  readonly key: string;
  readonly nbf: Date;
  readonly exp: Date | null;
  readonly by: string | null;
  readonly signature: string;
  readonly revoked: Date | null;
}

/** The conversations that an account takes or took part in, after the id `after`, by id; at most `limit`. */
export async function conversationsOf(
  pool: pg.Pool,
  accountId: AccountId,
  after: Hash,
  limit: number,
): Promise<readonly Hash[]> {
  const { rows } = await pool.query<{ conversation_id: Hash }>(
    `SELECT conversation_id FROM participation WHERE account_id = $1 AND conversation_id > $2
    ORDER BY conversation_id LIMIT $3`,
    [accountId, after, limit],
  );
  return rows.map((row) => row.conversation_id);
}
