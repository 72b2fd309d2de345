// Who of the accounts here sees how far: read for a batch of events at once, or for the subscribers that ask in one tick.
import DataLoader from "dataloader";
import type pg from "pg";
import { horizonOf } from "../conversation/audience.ts";
import type { ParticipantStatus } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId } from "../store/conversation-store.ts";
import { type HeadRow, headColumns } from "../store/read/conversations.ts";
import { horizonSql } from "../store/read/horizon.ts";

/** A conversation and its audience at one moment, so that whoever is in the audience may see the head. */
export interface Gathering {
  readonly head: HeadRow;
  /** Up to which seq each account here may see. */
  readonly audience: ReadonlyMap<AccountId, number>;
  /** Accounts that took part before, by the participant that they were added anew as. */
  readonly addedAnew: ReadonlyMap<Hash, AccountId>;
}

/** In the order in which they were added. */
type Taken = readonly (readonly [AccountId, ParticipantStatus, number | null, Hash])[];

/** Reads conversations with their audiences, in one statement: one moment for both. */
export async function readGatherings(
  pool: pg.Pool,
  conversations: readonly Hash[],
): Promise<ReadonlyMap<Hash, Gathering>> {
  const { rows } = await pool.query<HeadRow & { readonly taken: Taken }>({
    name: "read_gatherings",
    text: `SELECT ${headColumns("c")}, m.taken FROM conversation AS c CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_array(account_id, status, removed_seq, id) ORDER BY seq), '[]') AS taken
        FROM participant WHERE conversation_id = c.id AND account_id IS NOT NULL
      ) AS m WHERE c.id = ANY($1::text[])`,
    values: [conversations],
  });
  return new Map(
    rows.map(({ taken, ...head }) => [head.id, { head, audience: audienceOf(taken), addedAnew: addedAnewOf(taken) }]),
  );
}

function audienceOf(taken: Taken): ReadonlyMap<AccountId, number> {
  const audience = new Map<AccountId, number>();
  for (const [accountId, status, removedSeq] of taken) {
    const horizon = horizonOf([{ status, removedSeq }]);
    audience.set(accountId, Math.max(horizon, audience.get(accountId) ?? 0));
  }
  return audience;
}

function addedAnewOf(taken: Taken): ReadonlyMap<Hash, AccountId> {
  const before = new Set<AccountId>();
  const addedAnew = new Map<Hash, AccountId>();
  for (const [accountId, , , participant] of taken) {
    if (before.has(accountId)) addedAnew.set(participant, accountId);
    before.add(accountId);
  }
  return addedAnew;
}

/** Up to which seq an account may see a conversation now; 0: nothing. */
export type ReadHorizon = (accountId: AccountId, conversation: Hash) => Promise<number>;

/**
 * Makes the function that looks up horizons: never remembered, but one query for all that is asked in one tick, and one
 * look-up for all that ask for the same.
 */
export function createReadHorizon(pool: pg.Pool): ReadHorizon {
  const loader = new DataLoader<{ readonly accountId: AccountId; readonly conversation: Hash }, number, string>(
    async (keys) => {
      // Whoever asks from here on may ask because of what was committed since.
      loader.clearAll();
      const { rows } = await pool.query<{ readonly horizon: number | null }>({
        name: "read_horizons",
        text: `SELECT m.horizon FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k(conversation_id, account_id, place)
          ${horizonSql("k.conversation_id", "k.account_id")} ORDER BY k.place`,
        values: [keys.map(({ conversation }) => conversation), keys.map(({ accountId }) => accountId)],
      });
      return rows.map(({ horizon }) => horizon ?? 0);
    },
    { cacheKeyFn: ({ accountId, conversation }) => `${accountId} ${conversation}`, maxBatchSize: 1_000 },
  );
  return (accountId, conversation) => loader.load({ accountId, conversation });
}
