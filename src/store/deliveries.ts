// How deliveries stand: of one event, to other platforms and to people here, as people are shown it; and of each platform,
// for operators.
import type pg from "pg";
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { lastAttemptsSql } from "./attempts-sql.ts";
import type { Attempt } from "./peer-store.ts";

/** How the deliveries of one event stand, by platform: as people are shown it. */
export interface PeerDelivery {
  readonly platform: PlatformName;
  readonly status: "DELIVERED" | "WAITING" | "REFUSED";
  readonly refusal: string | null;
  readonly attempts: readonly Attempt[];
}

/** The event's deliveries to other platforms, with the tries since it was recorded. */
export async function readPeerDeliveries(
  pool: pg.Pool,
  conversation: Hash,
  seq: number,
): Promise<readonly PeerDelivery[]> {
  const tried = "platform = h.platform AND at >= e.recorded_at AND (h.acked_seq < e.seq OR at <= h.changed_at)";
  const { rows } = await pool.query<{
    platform: PlatformName;
    acked_seq: number;
    refusal: string | null;
    attempts: readonly Attempt[];
  }>({
    name: "peer_deliveries",
    text: `SELECT h.platform, h.acked_seq, h.refusal, ${lastAttemptsSql("attempt", tried)} AS attempts
      FROM peer_head AS h JOIN event AS e ON e.conversation_id = h.conversation_id AND e.seq = $2
      WHERE h.conversation_id = $1 AND h.owed_seq >= $2 ORDER BY h.platform`,
    values: [conversation, seq],
  });
  return rows.map(({ platform, acked_seq, refusal, attempts }) => ({
    platform,
    status: acked_seq >= seq ? "DELIVERED" : refusal === null ? "WAITING" : "REFUSED",
    refusal: acked_seq >= seq ? null : refusal,
    attempts,
  }));
}

/** How the delivery of one event to somebody here stands. */
export interface LocalDelivery {
  /** Their id in the conversation. */
  readonly participant: Hash;
  /** Delivered once it was announced: their list has it, and their devices are told. */
  readonly status: "DELIVERED" | "WAITING";
}

/** People here whom the event goes to are shown up to so many, in the order in which they were added. */
export const localDeliveriesMost = 100;

/**
 * The event's deliveries to those who have their account here, but for whoever did it: to all who took part by then, and, as
 * who is added sees all, since then. Not to who is reached by mail or came with an archive.
 * @param horizon who was added after it is not shown
 */
export async function readLocalDeliveries(
  pool: pg.Pool,
  conversation: Hash,
  seq: number,
  horizon: number,
): Promise<readonly LocalDelivery[]> {
  const { rows } = await pool.query<{ id: Hash; is_waiting: boolean }>({
    name: "local_deliveries",
    // What was said before somebody was added came to them with that.
    text: `SELECT p.id, EXISTS (
        SELECT FROM outbox WHERE conversation_id = $1 AND outbox.seq = greatest($2, p.seq)) AS is_waiting
      FROM participant AS p JOIN event AS e ON e.conversation_id = $1 AND e.seq = $2
      WHERE p.conversation_id = $1 AND p.account_id IS NOT NULL AND NOT p.imported AND NOT p.mail
        AND p.seq <= $3 AND (p.removed_seq IS NULL OR p.removed_seq >= $2) AND p.id <> coalesce(e.actor, e.id)
      ORDER BY p.seq LIMIT ${localDeliveriesMost}`,
    values: [conversation, seq, horizon],
  });
  return rows.map(({ id, is_waiting }) => ({ participant: id, status: is_waiting ? "WAITING" : "DELIVERED" }));
}

/** Days for which tries are kept. */
export const attemptDays = 30;

/** Deletes tries that are older than is kept, at other platforms and at mails. Returns how many. */
export async function pruneAttempts(pool: pg.Pool): Promise<number> {
  let count = 0;
  for (const table of ["attempt", "mail_attempt"]) {
    const { rowCount } = await pool.query(
      `DELETE FROM ${table} WHERE at < clock_timestamp() - make_interval(days => $1)`,
      [attemptDays],
    );
    count += rowCount ?? 0;
  }
  return count;
}

/** What a platform is owed, and how it answers: for operators. */
export interface DestinationSummary {
  readonly platform: PlatformName;
  /** Conversations, and their events, that it is to get. */
  readonly waiting: { readonly conversations: number; readonly events: number };
  /** Erasures of words that it had before it left. */
  readonly erasures: number;
  /** What was said here waits for it to answer as leader. */
  readonly asking: { readonly conversations: number; readonly proposals: number };
  /** Conversations of which it refuses the next event, and why. */
  readonly refused: readonly { readonly conversation: Hash; readonly seq: number; readonly code: string }[];
  /** How often in a row it did not answer. */
  readonly failures: number;
  readonly lastAttempt: Attempt | null;
}

const refusedShown = 20;

/** Every platform that is owed something or was tried, or as leader is waited for, by name. @param own our own name: we wait for ourselves after a loss */
export async function readDestinations(pool: pg.Pool, own: PlatformName): Promise<readonly DestinationSummary[]> {
  const { rows } = await pool.query<DestinationSummary>(
    `WITH asking AS (SELECT c.leader AS platform, count(DISTINCT c.id)::int AS conversations, count(*)::int AS proposals
      FROM pending_proposal AS q JOIN conversation AS c ON c.id = q.conversation_id
      WHERE q.rejection IS NULL AND c.leader <> $1 GROUP BY c.leader)
    SELECT p.platform, coalesce(d.failures, 0) AS failures,
      (SELECT json_build_object('conversations', count(*)::int, 'events', coalesce(sum(owed_seq - acked_seq), 0)::int)
        FROM peer_head WHERE platform = p.platform AND acked_seq < owed_seq AND refusal IS NULL) AS waiting,
      (SELECT count(*)::int FROM owed_erasure WHERE platform = p.platform) AS erasures,
      json_build_object('conversations', coalesce(asking.conversations, 0), 'proposals', coalesce(asking.proposals, 0)) AS asking,
      coalesce((SELECT json_agg(json_build_object('conversation', conversation_id, 'seq', acked_seq + 1, 'code', refusal))
        FROM (SELECT * FROM peer_head WHERE platform = p.platform AND refusal IS NOT NULL
          ORDER BY changed_at DESC LIMIT ${refusedShown}) AS r), '[]') AS refused,
      ${lastAttemptsSql("attempt", "platform = p.platform", 1)}->0 AS "lastAttempt"
    FROM (SELECT platform FROM peer_head UNION SELECT platform FROM destination UNION SELECT platform FROM asking) AS p
    LEFT JOIN destination AS d USING (platform) LEFT JOIN asking USING (platform) ORDER BY p.platform`,
    [own],
  );
  return rows;
}
