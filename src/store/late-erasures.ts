// Words that are erased after a platform left: which platforms are still to hear of it, and what it takes away here.
import type pg from "pg";
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Place } from "./conversation-store.ts";
import { eraseBodies } from "./erase.ts";
import { lastLed } from "./last-led-sql.ts";
import type { PeerStore } from "./peer-store.ts";

type LateErasures = Pick<PeerStore, "oweErasures" | "erasuresFor" | "erasuresTried" | "erasuresTold" | "eraseLate">;

const listed = (places: readonly Place[]) => [
  places.map(({ conversation }) => conversation),
  places.map(({ seq }) => seq),
];

/** @param platform our own name */
export function lateErasures(pool: pg.Pool, platform: PlatformName): LateErasures {
  return {
    oweErasures: async (places) => {
      if (places.length === 0) return [];
      const { rows } = await pool.query<{ platform: PlatformName }>({
        name: "owe_erasures",
        text: `WITH erasing AS (
            SELECT e.conversation_id, e.seq, made.seq AS made_seq
            FROM unnest($1::text[], $2::int[]) AS k(conversation_id, seq)
            JOIN event AS e USING (conversation_id, seq)
            JOIN event AS made ON made.conversation_id = e.conversation_id AND made.id = e.item
            WHERE e.leader = $3),
          gone AS (
            SELECT conversation_id, via, greatest(max(removed_seq), (
              SELECT ${lastLed("p.via")} FROM conversation AS c WHERE c.id = p.conversation_id)) AS reach
            FROM participant AS p
            WHERE conversation_id IN (SELECT conversation_id FROM erasing) AND via <> $3
              AND via <> (SELECT leader FROM conversation WHERE id = p.conversation_id)
            GROUP BY conversation_id, via HAVING bool_and(removed_seq IS NOT NULL)),
          owed AS (
            INSERT INTO owed_erasure (platform, conversation_id, seq)
            SELECT gone.via, conversation_id, erasing.seq FROM erasing JOIN gone USING (conversation_id)
            WHERE gone.reach >= erasing.made_seq AND gone.reach < erasing.seq ORDER BY 1, 2, 3
            ON CONFLICT DO NOTHING RETURNING platform)
          SELECT DISTINCT platform FROM owed`,
        values: [...listed(places), platform],
      });
      return rows.map((row) => row.platform);
    },

    erasuresFor: async (to, limit) => {
      const { rows } = await pool.query<Place>({
        name: "erasures_for",
        text: `SELECT conversation_id AS conversation, seq FROM owed_erasure
          WHERE platform = $1 ORDER BY tried_at, conversation_id, seq LIMIT $2`,
        values: [to, limit],
      });
      return rows;
    },

    erasuresTried: async (to, places) => {
      if (places.length === 0) return;
      await pool.query({
        name: "erasures_tried",
        text: `UPDATE owed_erasure AS o SET tried_at = clock_timestamp()
          FROM unnest($2::text[], $3::int[]) AS k(conversation_id, seq)
          WHERE o.platform = $1 AND o.conversation_id = k.conversation_id AND o.seq = k.seq`,
        values: [to, ...listed(places)],
      });
    },

    erasuresTold: async (to, places) => {
      if (places.length === 0) return;
      await pool.query({
        name: "erasures_told",
        text: `DELETE FROM owed_erasure AS o USING unnest($2::text[], $3::int[]) AS k(conversation_id, seq)
          WHERE o.platform = $1 AND o.conversation_id = k.conversation_id AND o.seq = k.seq`,
        values: [to, ...listed(places)],
      });
    },

    eraseLate: (conversation, seqs) => eraseLate(pool, conversation, seqs),
  };
}

async function eraseLate(pool: pg.Pool, conversation: Hash, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await pool.query({
    name: "erase_late",
    text: `WITH erased AS (
        UPDATE event SET erased_late = true WHERE conversation_id = $1 AND seq = ANY($2::int[]) RETURNING id)
      UPDATE participant AS p SET recipient_id = NULL, name = NULL FROM erased
      WHERE p.conversation_id = $1 AND p.id = erased.id`,
    values: [conversation, seqs],
  });
  await eraseBodies(pool, conversation);
}
