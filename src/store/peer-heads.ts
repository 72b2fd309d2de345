// How far other platforms have the conversations that we lead: what they are owed, what they acknowledged, and whether
// they answer.
import type pg from "pg";
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Debt, Head, OwedDestination, PeerStore } from "./peer-store.ts";

type PeerHeads = Pick<
  PeerStore,
  | "owe"
  | "debts"
  | "passedOver"
  | "destinationsOwed"
  | "neighbours"
  | "headsToCompare"
  | "acknowledged"
  | "refused"
  | "remind"
  | "attempted"
  | "failures"
  | "viasOf"
  | "platformsIn"
>;

/** @param pool or one connection of it @param platform our own name: it is owed nothing */
export function peerHeads(pool: Pick<pg.ClientBase, "query">, platform: PlatformName): PeerHeads {
  return {
    owe: async (places) => {
      if (places.length === 0) return [];
      const { rows } = await pool.query<OwedDestination>({
        name: "owe",
        // Rows are locked in one order in every process, so that two announcers never deadlock.
        text: `WITH k AS (SELECT * FROM json_to_recordset($1::json) AS k(conversation text, first int, seq int)),
          owed AS (
            INSERT INTO peer_head AS h (conversation_id, platform, owed_seq, is_owed, is_sure)
            -- Where another platform led before us, it may have most of it.
            SELECT k.conversation, p.via, max(p.up_to), true, c.leader_latest IS NULL
            FROM k JOIN conversation AS c ON c.id = k.conversation
            CROSS JOIN LATERAL (
              SELECT via, coalesce(removed_seq, k.seq) AS up_to FROM participant
              WHERE conversation_id = k.conversation AND via <> $2 AND (removed_seq IS NULL OR removed_seq >= k.first) OFFSET 0
            ) AS p
            -- What gave the lead away was still sequenced here.
            WHERE c.leader = $2 OR EXISTS (
              SELECT FROM event WHERE conversation_id = k.conversation AND seq BETWEEN k.first AND k.seq AND leader = $2)
            GROUP BY k.conversation, p.via, c.leader_latest ORDER BY k.conversation, p.via
            ON CONFLICT (conversation_id, platform) DO UPDATE SET
              owed_seq = greatest(h.owed_seq, excluded.owed_seq),
              is_owed = h.refusal IS NULL AND (NOT h.is_sure OR h.acked_seq < greatest(h.owed_seq, excluded.owed_seq)),
              changed_at = CASE WHEN h.is_owed THEN h.changed_at ELSE clock_timestamp() END
            RETURNING platform)
          SELECT DISTINCT platform, coalesce(failures, 0) = 0 AS "isAnswering" FROM owed LEFT JOIN destination USING (platform)`,
        values: [
          JSON.stringify(places.map(({ conversation, first, seq }) => ({ conversation, first, seq }))),
          platform,
        ],
      });
      return rows;
    },

    debts: async (to, limit) => {
      const { rows } = await pool.query<Debt>({
        name: "debts",
        text: `SELECT conversation_id AS conversation, acked_seq AS after, owed_seq AS "upTo", is_sure AS "isSure",
            CASE acked_seq WHEN 0 THEN ARRAY(
              (SELECT seq FROM participant
                WHERE conversation_id = h.conversation_id AND via = $1 AND NOT is_erased ORDER BY seq LIMIT 1)
              UNION
              SELECT e.seq FROM conversation AS c JOIN event AS e ON e.conversation_id = c.id AND e.id = c.leader_latest
              -- Who was removed before that hears nothing of it.
              WHERE c.id = h.conversation_id AND e.seq <= h.owed_seq ORDER BY seq) ELSE '{}' END AS introduction
          FROM peer_head AS h
          WHERE platform = $1 AND is_owed ORDER BY changed_at, conversation_id LIMIT $2`,
        values: [to, limit],
      });
      return rows;
    },

    passedOver: async (to, conversations) => {
      if (conversations.length === 0) return;
      await pool.query({
        name: "passed_over",
        text: `WITH held AS MATERIALIZED (
            SELECT conversation_id FROM peer_head WHERE platform = $1 AND conversation_id = ANY($2::text[]) AND is_owed
            ORDER BY conversation_id FOR UPDATE)
          UPDATE peer_head AS h SET changed_at = clock_timestamp()
          FROM held WHERE h.conversation_id = held.conversation_id AND h.platform = $1`,
        values: [to, conversations],
      });
    },

    neighbours: async () => {
      const { rows } = await pool.query<{ platform: PlatformName }>(
        // Who leads may owe something of what we left, too; who follows shares what we are in.
        `SELECT platform FROM (
          SELECT platform FROM peer_head UNION SELECT leader FROM conversation
          UNION SELECT via FROM participant AS p WHERE status = 'ACTIVE' AND via <> $1 AND EXISTS (
            SELECT FROM participant WHERE conversation_id = p.conversation_id AND via = $1 AND status = 'ACTIVE')
        ) AS known WHERE platform <> $1`,
        [platform],
      );
      return rows.map((row) => row.platform);
    },

    headsToCompare: async (to, leaders, after, limit) => {
      const { rows } = await pool.query<Head>(
        `SELECT id AS conversation, seq, head AS hash FROM conversation AS c
        WHERE leader = ANY($3::text[]) AND id > $4 AND frozen_at IS NULL AND 2 = (
          SELECT count(DISTINCT via) FROM participant WHERE conversation_id = c.id AND via IN ($1, $2) AND status = 'ACTIVE')
        ORDER BY id LIMIT $5`,
        [to, platform, leaders, after, limit],
      );
      return rows;
    },

    destinationsOwed: async () => {
      const { rows } = await pool.query<{ platform: PlatformName }>(
        `SELECT DISTINCT platform FROM (
          SELECT platform FROM peer_head WHERE is_owed UNION ALL SELECT platform FROM owed_receipt
          UNION ALL SELECT platform FROM owed_erasure UNION ALL SELECT platform FROM loss WHERE NOT is_told) AS owed`,
      );
      return rows.map((row) => row.platform);
    },

    acknowledged: async (by, places) => {
      if (places.length === 0) return;
      await pool.query({
        name: "acknowledged",
        text: `WITH k AS (SELECT * FROM unnest($2::text[], $3::int[]) AS k(conversation, seq)),
          held AS MATERIALIZED (
            SELECT h.conversation_id FROM k JOIN peer_head AS h ON h.conversation_id = k.conversation AND h.platform = $1
            ORDER BY h.conversation_id FOR UPDATE OF h)
          UPDATE peer_head AS h SET acked_seq = k.seq, is_owed = k.seq < h.owed_seq, is_sure = true, refusal = NULL,
            changed_at = clock_timestamp()
          FROM k JOIN held ON held.conversation_id = k.conversation
          WHERE h.conversation_id = k.conversation AND h.platform = $1`,
        values: [by, places.map(({ conversation }) => conversation), places.map(({ seq }) => seq)],
      });
    },

    refused: async (by, { conversation, seq }, code) => {
      await pool.query(
        `UPDATE peer_head SET acked_seq = $3 - 1, is_owed = false, is_sure = true, refusal = $4, changed_at = clock_timestamp()
        WHERE conversation_id = $1 AND platform = $2`,
        [conversation, by, seq, code],
      );
    },

    remind: async (to) => {
      await pool.query(
        `WITH answering AS (UPDATE destination SET failures = 0, changed_at = clock_timestamp() WHERE platform = $1)
        UPDATE peer_head SET is_owed = true, refusal = NULL, changed_at = clock_timestamp()
        WHERE platform = $1 AND (acked_seq < owed_seq OR NOT is_sure) AND NOT is_owed`,
        [to],
      );
    },

    attempted: async (to, { at, code, answer }, isAnswering) => {
      await pool.query(
        `WITH noted AS (INSERT INTO attempt (platform, at, code, answer) VALUES ($1, $2, $3, $4))
        INSERT INTO destination AS d (platform, failures) VALUES ($1, $5) ON CONFLICT (platform) DO UPDATE SET
          failures = CASE $5 WHEN 0 THEN 0 ELSE d.failures + 1 END, changed_at = clock_timestamp()`,
        [to, at, code, answer, isAnswering ? 0 : 1],
      );
    },

    failures: async (of) => {
      const { rows } = await pool.query<{ failures: number }>("SELECT failures FROM destination WHERE platform = $1", [
        of,
      ]);
      return rows[0]?.failures ?? 0;
    },

    viasOf: async (conversation, participants) => {
      const { rows } = await pool.query<{ id: Hash; via: PlatformName }>({
        name: "vias_of",
        text: "SELECT id, via FROM participant WHERE conversation_id = $1 AND id = ANY($2::text[])",
        values: [conversation, participants],
      });
      return new Map(rows.map(({ id, via }) => [id, via]));
    },

    platformsIn: async (conversation) => {
      const { rows } = await pool.query<{ platform: PlatformName }>({
        name: "platforms_in",
        text: `SELECT DISTINCT platform FROM (
            SELECT via AS platform FROM participant WHERE conversation_id = $1 AND status = 'ACTIVE'
            UNION ALL SELECT leader FROM conversation WHERE id = $1) AS p WHERE platform <> $2 ORDER BY platform`,
        values: [conversation, platform],
      });
      return rows.map((row) => row.platform);
    },
  };
}
