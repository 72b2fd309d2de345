// What a conversation was at a place in the past: for whoever was removed there.
import type pg from "pg";
import { fold } from "../../conversation/evolve.ts";
import { emptyState, type State } from "../../conversation/state.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type EventRow, entryOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";

// A log up to a place never changes, so its fold is worth keeping: whoever was removed reads it again and again.
const folds = new WeakMap<pg.Pool, Map<string, Promise<State>>>();
const foldsMax = 50;

/** The state at a seq, and nothing after it. */
export type FoldUpTo = (conversation: Hash, horizon: number) => Promise<State>;

/** Events that are read at once: of more, all would be in memory, and others wait while they are folded. */
const eventsMax = 1_000;

/**
 * Makes the function that folds a conversation's log up to a seq. Costs the length of the log; kept for the next who asks.
 * @param pageMax events that are read at once; for tests
 */
export function createFoldUpTo(pool: pg.Pool, query: Query, pageMax = eventsMax): FoldUpTo {
  const kept = folds.get(pool) ?? new Map<string, Promise<State>>();
  folds.set(pool, kept);
  const read = async (conversation: Hash, horizon: number): Promise<State> => {
    const state = emptyState();
    for (let after = 0; after < horizon; ) {
      // Without words and signatures: the state has none.
      const rows = await query<EventRow>(
        "log",
        `SELECT conversation_id, seq, id, parent, timestamp, leader, key, platform, platform_key, actor, sent_at, action, model,
          item, value, follows, ref, NULL AS body, NULL AS salt
        FROM event WHERE conversation_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`,
        [conversation, after, horizon, pageMax],
      );
      fold(rows.map(entryOf), state);
      const last = rows.at(-1);
      if (!last) break;
      after = last.seq;
    }
    return state;
  };
  return (conversation: Hash, horizon: number): Promise<State> => {
    const key = `${conversation} ${horizon}`;
    const known = kept.get(key);
    if (known) return known;
    const folded = read(conversation, horizon);
    if (kept.size >= foldsMax) kept.clear();
    kept.set(key, folded);
    folded.catch(() => kept.get(key) === folded && kept.delete(key));
    return folded;
  };
}
