// What is lost when a database is replaced by an older copy: that we lost something, until everybody has told us what they
// have; and that others did, until we have told them.
import type pg from "pg";
import type { PlatformName } from "../protocol/event.ts";
import { lastLed } from "./last-led-sql.ts";
import type { FoundLost, Loss, PeerStore } from "./peer-store.ts";

type Losses = Pick<PeerStore, "doubt" | "lossFor" | "lossTold" | "endDoubts" | "unsettle" | "isUnsettled">;

const names = (rows: readonly { readonly platform: PlatformName }[]) => rows.map(({ platform }) => platform);

/** Nobody is waited for any more, whatever they have. */
export async function settleLosses(pool: pg.Pool): Promise<void> {
  await pool.query("UPDATE loss SET is_told = true");
}

/** @param pool or one connection of it @param platform our own name */
export function losses(pool: Pick<pg.ClientBase, "query">, platform: PlatformName): Losses {
  return {
    doubt: async ({ at, askAt, waitUntil }, found: FoundLost | null) => {
      const { rows } = await pool.query<{ platform: PlatformName }>(
        // Also those of our own people alone: somebody elsewhere may have been added since.
        `WITH known AS MATERIALIZED (
          SELECT name FROM (SELECT via AS name FROM participant UNION SELECT leader FROM conversation) AS named
          WHERE name <> $1),
        here AS MATERIALIZED (
          SELECT name FROM known WHERE EXISTS (SELECT FROM participant WHERE conversation_id = $5 AND via = known.name)
            OR EXISTS (SELECT FROM conversation WHERE id = $5 AND leader = known.name)),
        -- Our own row keeps when we lost something last.
        begun AS MATERIALIZED (
          SELECT $5::text IS NULL OR NOT EXISTS (SELECT FROM loss WHERE platform = $1 AND at > $6) AS is_new),
        doubtful AS (
          UPDATE conversation SET in_doubt = true FROM begun
          WHERE NOT in_doubt AND (is_new OR id = $5) AND EXISTS (SELECT FROM known)),
        kept AS (
          INSERT INTO loss (platform, at, ask_at, wait_until, is_told)
          SELECT name, $2::timestamptz, $3::timestamptz, $4::timestamptz, false FROM known CROSS JOIN begun
          WHERE is_new OR (NOT EXISTS (SELECT FROM loss WHERE NOT is_told)
            AND (name IN (SELECT name FROM here) OR NOT EXISTS (SELECT FROM here)))
          UNION ALL SELECT $1, $2, $3, $4, true FROM begun WHERE is_new AND EXISTS (SELECT FROM known)
          ON CONFLICT (platform) DO UPDATE
          SET at = excluded.at, ask_at = excluded.ask_at, wait_until = excluded.wait_until, is_told = excluded.is_told
          RETURNING platform, is_told),
        tried AS (
          UPDATE destination SET failures = 0, changed_at = clock_timestamp()
          WHERE failures > 0 AND platform IN (SELECT platform FROM kept))
        SELECT platform FROM kept WHERE NOT is_told`,
        [platform, at, askAt, waitUntil, found?.conversation ?? null, found?.sequencedAt ?? null],
      );
      return names(rows);
    },

    lossFor: async (to, now) => {
      const { rows } = await pool.query<{ [Name in keyof Loss]: Date }>({
        name: "loss_for",
        text: `SELECT at, ask_at AS "askAt", wait_until AS "waitUntil" FROM loss
          WHERE platform = $1 AND NOT is_told AND ask_at <= $2`,
        values: [to, now],
      });
      const [loss] = rows;
      return loss
        ? {
            at: loss.at.toISOString(),
            askAt: loss.askAt.toISOString(),
            waitUntil: loss.waitUntil.toISOString(),
          }
        : null;
    },

    lossTold: async (by) => {
      await pool.query("UPDATE loss SET is_told = true WHERE platform = $1", [by]);
    },

    endDoubts: async (now) => {
      const known = await pool.query("SELECT FROM loss WHERE platform <> $1 LIMIT 1", [platform]);
      if (known.rowCount === 0) return [];
      const { rows } = await pool.query<{ platform: PlatformName }>(
        `WITH kept AS (
        INSERT INTO loss (platform, at, ask_at, wait_until)
        SELECT name, at, ask_at, wait_until FROM (
          SELECT via AS name FROM conversation AS c JOIN participant AS p ON p.conversation_id = c.id
          WHERE c.in_doubt AND p.status = 'ACTIVE'
          UNION SELECT leader FROM conversation WHERE in_doubt) AS others
        CROSS JOIN (SELECT at, ask_at, wait_until FROM loss WHERE platform <> $1 ORDER BY at DESC LIMIT 1) AS loss
        WHERE name <> $1 ON CONFLICT DO NOTHING RETURNING platform),
        tried AS (
          UPDATE destination SET failures = 0, changed_at = clock_timestamp()
          WHERE failures > 0 AND platform IN (SELECT platform FROM kept))
        SELECT platform FROM kept`,
        [platform],
      );
      await pool.query(
        `UPDATE conversation AS c SET in_doubt = false WHERE in_doubt AND NOT EXISTS (
          SELECT FROM loss AS l WHERE NOT is_told AND (wait_until > $1 OR l.platform = c.leader OR EXISTS (
            SELECT FROM participant WHERE conversation_id = c.id AND via = l.platform AND status = 'ACTIVE')))`,
        [now],
      );
      await pool.query("DELETE FROM loss WHERE platform <> $1 AND NOT EXISTS (SELECT FROM loss WHERE NOT is_told)", [
        platform,
      ]);
      return names(rows);
    },

    unsettle: async (by, at, now) => {
      await pool.query(
        `WITH lost AS (
          INSERT INTO destination AS d (platform, lost_at, unsettled_at) VALUES ($1, $2, $4)
          ON CONFLICT (platform) DO UPDATE SET lost_at = excluded.lost_at, unsettled_at = excluded.unsettled_at
          WHERE d.lost_at IS NULL OR (
            excluded.lost_at > d.lost_at AND excluded.unsettled_at >= d.unsettled_at + interval '1 minute')
          RETURNING platform),
        theirs AS (
          SELECT c.id, c.leader, CASE
              WHEN c.leader = $1 OR bool_or(p.removed_seq IS NULL) THEN c.seq
              ELSE greatest(max(p.removed_seq), ${lastLed("$1")})
            END AS reach
          FROM conversation AS c LEFT JOIN participant AS p ON p.conversation_id = c.id AND p.via = $1
          -- Asked first, and once: nothing is read for a loss that is known.
          WHERE EXISTS (SELECT FROM lost) AND (c.leader = $1 OR p.id IS NOT NULL) GROUP BY c.id),
        erased AS (
          INSERT INTO owed_erasure (platform, conversation_id, seq)
          SELECT $1, t.id, e.seq FROM theirs AS t JOIN event AS e ON e.conversation_id = t.id AND e.seq > t.reach
          JOIN event AS made ON made.conversation_id = e.conversation_id AND made.id = e.item AND made.seq <= t.reach
          WHERE e.leader = $3 AND e.action = 'remove' AND (e.model <> 'participant' OR e.value = '"ERASE"')
          ON CONFLICT DO NOTHING)
        INSERT INTO peer_head AS h (conversation_id, platform, owed_seq, is_owed, is_sure)
        SELECT id, $1, reach, true, false FROM theirs ORDER BY id
        ON CONFLICT (conversation_id, platform) DO UPDATE SET owed_seq = greatest(h.owed_seq, excluded.owed_seq),
          is_owed = true, is_sure = false, refusal = NULL, changed_at = clock_timestamp()`,
        [by, at, platform, now],
      );
      const { rowCount } = await pool.query("SELECT FROM destination WHERE platform = $1 AND lost_at >= $2", [by, at]);
      return rowCount === 1;
    },

    isUnsettled: async (by) => {
      const { rowCount } = await pool.query(
        `SELECT FROM peer_head AS h JOIN conversation AS c ON c.id = h.conversation_id
        WHERE h.platform = $1 AND h.is_owed AND (NOT h.is_sure OR c.leader <> $2) LIMIT 1`,
        [by, platform],
      );
      return rowCount === 1;
    },
  };
}
