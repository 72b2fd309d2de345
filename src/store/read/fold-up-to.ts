// What a conversation was at a place in the past: for whoever was removed there.
import type pg from "pg";
import { fold } from "../../conversation/evolve.ts";
import type { State } from "../../conversation/state.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type EventRow, entryOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";

// A log up to a place never changes, so its fold is worth keeping: whoever was removed reads it again and again.
const folds = new WeakMap<pg.Pool, Map<string, State>>();
const foldsMax = 50;

/** Makes the function that folds a conversation's log up to a seq. Costs the length of the log; kept for the next who asks. */
export function createFoldUpTo(pool: pg.Pool, query: Query) {
  const kept = folds.get(pool) ?? new Map<string, State>();
  folds.set(pool, kept);
  return async (conversation: Hash, horizon: number): Promise<State> => {
    const key = `${conversation} ${horizon}`;
    const known = kept.get(key);
    if (known) return known;
    // Without words and signatures: the state has none.
    const rows = await query<EventRow>(
      "log",
      `SELECT conversation_id, seq, id, parent, timestamp, leader, key, platform, platform_key, actor, sent_at, action, model,
        item, value, follows, ref, NULL AS body, NULL AS salt
      FROM event WHERE conversation_id = $1 AND seq <= $2 ORDER BY seq`,
      [conversation, horizon],
    );
    const folded = fold(rows.map(entryOf));
    if (kept.size >= foldsMax) kept.clear();
    kept.set(key, folded);
    return folded;
  };
}
