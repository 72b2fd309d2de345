// Reads of whole logs, for exports and proofs: page by page, as of one moment, and without what is erased.
import type pg from "pg";
import type { Body, PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { KeyList, ListedKey } from "../protocol/key-list.ts";
import { type Entry, eventHash } from "../protocol/seal.ts";
import type { AccountId } from "./conversation-store.ts";
import { horizonSql } from "./read/horizon.ts";
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
  /** This platform's keys, and of the others that signed in the log those that it holds, where they name what signed. */
  keyLists(part: Pick<LogPart, "conversation" | "seq">): Promise<readonly KeyList[]>;
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
    return rows.map((row) => {
      const recorded = recordedEventOf(row);
      return { ...recorded, hash: eventHash(recorded.event) };
    });
  };
  return {
    part: async (conversation, accountId) => {
      const { rows } = await client.query<{ seq: number; horizon: number | null }>(
        `SELECT c.seq, m.horizon FROM conversation AS c ${horizonSql("c.id", "$2::uuid")} WHERE c.id = $1`,
        [conversation, accountId],
      );
      const [row] = rows;
      if (!row) return null;
      const seq = accountId === null ? row.seq : Math.min(row.seq, row.horizon ?? 0);
      const [last] = await rowsOf(conversation, "e.seq = $2", [seq]);
      return last ? { conversation, seq, head: last.hash } : null;
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
    keyLists: async ({ conversation, seq }) => {
      const own = await client.query<KeyRow>(
        "SELECT platform, key, nbf, exp, by, signature, revoked FROM platform_key ORDER BY place",
      );
      const peers = await client.query<{ platform: PlatformName; keys: KeyList["keys"]; used: readonly string[] }>(
        `SELECT platform, keys, used FROM peer JOIN (
          SELECT platform, array_agg(DISTINCT key) AS used FROM (
            SELECT leader AS platform, key FROM event WHERE conversation_id = $1 AND seq <= $2
            UNION ALL SELECT platform, platform_key FROM event WHERE conversation_id = $1 AND seq <= $2) AS u
          GROUP BY platform) AS used USING (platform)
        WHERE keys IS NOT NULL ORDER BY platform`,
        [conversation, seq],
      );
      const [first] = own.rows;
      const ours = first ? [{ platform: first.platform, keys: own.rows.map(listedKeyOf) }] : [];
      // A list that the operator accepted instead of another says nothing of what was signed by the keys before.
      const theirs = peers.rows.filter(({ keys, used }) => used.every((key) => keys.some((one) => one.key === key)));
      return [...ours, ...theirs.map(({ platform, keys }) => ({ platform, keys }))];
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

function listedKeyOf({ key, nbf, exp, by, signature, revoked }: KeyRow): ListedKey {
  return {
    ...{ key, nbf: nbf.toISOString(), exp: exp?.toISOString() ?? null, by, signature },
    revoked: revoked?.toISOString() ?? null,
  };
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
