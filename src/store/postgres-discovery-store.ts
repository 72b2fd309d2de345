// The store of what was found out about others, on PostgreSQL. Each write is one statement: no connection is held meanwhile.
import type pg from "pg";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import type { KeyList } from "../protocol/key-list.ts";
import type { DiscoveryStore, FoundDomain, Peer } from "./discovery-store.ts";

/** What is forgotten at once, beside what a write is about: more than comes in. */
const forgottenMax = 100;

/** Opens it. It holds no resource of its own: the pool is the caller's. */
export function postgresDiscoveryStore(pool: pg.Pool): DiscoveryStore {
  const readPeer = async (platform: PlatformName) => {
    const { rows } = await pool.query<PeerRow>({
      name: "find_peer",
      text: "SELECT * FROM peer WHERE platform = $1",
      values: [platform],
    });
    return rows[0];
  };
  return {
    domain: async (domain) => {
      const { rows } = await pool.query<DomainRow>({
        name: "find_domain",
        text: "SELECT * FROM domain WHERE domain = $1",
        values: [domain],
      });
      return rows[0] ? domainOf(rows[0]) : null;
    },

    putDomain: async ({ domain, platform, unclearSince, checkedAt, expiresAt }) => {
      await pool.query({
        name: "put_domain",
        // Skipping what is locked: two that forget the same would wait for each other.
        text: `WITH forgotten AS (
            DELETE FROM domain WHERE domain IN (
              SELECT domain FROM domain
              WHERE platform IS NULL AND expires_at < $4::timestamptz - interval '7 days' AND domain <> $1
              LIMIT ${forgottenMax} FOR UPDATE SKIP LOCKED))
          INSERT INTO domain (domain, platform, unclear_since, checked_at, expires_at) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (domain) DO UPDATE SET platform = excluded.platform, unclear_since = excluded.unclear_since,
            checked_at = excluded.checked_at, expires_at = excluded.expires_at
          WHERE domain.checked_at <= excluded.checked_at`,
        values: [domain, platform, unclearSince, checkedAt, expiresAt],
      });
    },

    peer: async (platform) => {
      const row = await readPeer(platform);
      return row ? peerOf(row) : null;
    },

    changePeer: async (platform, change) => {
      for (;;) {
        const row = await readPeer(platform);
        const peer = change(row ? peerOf(row) : null);
        if (await writePeer(pool, peer, row?.version ?? 0)) return peer;
        // Another was quicker, so it is changed on what that left.
      }
    },

    hasSeen: async (platform, key) => {
      const { rows } = await pool.query({
        name: "has_seen_key",
        text: "SELECT FROM peer_key WHERE platform = $1 AND key = $2",
        values: [platform, key],
      });
      return rows.length > 0;
    },
  };
}

/** Whether it was written: not where what is kept is of another version, 0 for none. */
async function writePeer(pool: pg.Pool, peer: Peer, version: number): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "write_peer",
    text: `WITH forgotten AS (
        DELETE FROM peer WHERE platform IN (
          SELECT platform FROM peer
          WHERE fetched_at IS NULL AND expires_at < $7::timestamptz - interval '7 days' AND platform <> $1
          LIMIT ${forgottenMax} FOR UPDATE SKIP LOCKED)),
      written AS (
        INSERT INTO peer (platform, keys, fetched_at, strange_keys, strange_since, outcome, checked_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (platform) DO UPDATE SET version = peer.version + 1, keys = excluded.keys,
          fetched_at = excluded.fetched_at, strange_keys = excluded.strange_keys,
          strange_since = excluded.strange_since, outcome = excluded.outcome, checked_at = excluded.checked_at,
          expires_at = excluded.expires_at
        WHERE peer.version = $9
        RETURNING platform),
      seen AS (
        INSERT INTO peer_key (platform, key, first_seen)
        SELECT w.platform, k.key, $7 FROM written AS w, json_to_recordset($2::json) AS k(key text)
        ON CONFLICT DO NOTHING)
      SELECT FROM written`,
    values: [
      peer.platform,
      peer.list && JSON.stringify(peer.list.keys),
      peer.fetchedAt,
      peer.strange && JSON.stringify(peer.strange.list.keys),
      peer.strange?.since ?? null,
      peer.outcome,
      peer.checkedAt,
      peer.expiresAt,
      version,
    ],
  });
  return rowCount === 1;
}

interface DomainRow {
  readonly domain: PlatformName;
  readonly platform: PlatformName | null;
  readonly unclear_since: Date | null;
  readonly checked_at: Date;
  readonly expires_at: Date;
}

function domainOf({ domain, platform, unclear_since, checked_at, expires_at }: DomainRow): FoundDomain {
  return {
    ...{ domain, platform, unclearSince: isoOf(unclear_since) },
    ...{ checkedAt: checked_at.toISOString(), expiresAt: expires_at.toISOString() },
  };
}

interface PeerRow {
  readonly platform: PlatformName;
  readonly version: number;
  readonly keys: KeyList["keys"] | null;
  readonly fetched_at: Date | null;
  readonly strange_keys: KeyList["keys"] | null;
  readonly strange_since: Date | null;
  readonly outcome: Peer["outcome"];
  readonly checked_at: Date;
  readonly expires_at: Date;
}

function peerOf(row: PeerRow): Peer {
  const { platform, keys, strange_keys: strangeKeys, outcome } = row;
  const since = isoOf(row.strange_since);
  return {
    platform,
    list: keys && { platform, keys },
    fetchedAt: isoOf(row.fetched_at),
    strange: strangeKeys && since !== null ? { list: { platform, keys: strangeKeys }, since } : null,
    outcome,
    checkedAt: row.checked_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  };
}

function isoOf(time: Date | null): Timestamp | null {
  return time?.toISOString() ?? null;
}
