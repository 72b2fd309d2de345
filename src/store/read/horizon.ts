// How far an account sees, from the database's rows: said once, for everybody who asks the database.
import { horizonOf } from "../../conversation/audience.ts";
import type { ParticipantStatus } from "../../conversation/state.ts";

/** One participation, as its row says it. */
export interface TakenRow {
  readonly status: ParticipantStatus;
  readonly removed_seq: number | null;
}

/**
 * Joins `m.taken`, a `TakenRow[]`: every participation of an account in a conversation; null where they never took part.
 * @param conversation its id, and `account` the account's, as SQL
 */
export function takenSql(conversation: string, account: string): string {
  return `CROSS JOIN LATERAL (
      SELECT json_agg(json_build_object('status', status, 'removed_seq', removed_seq)) AS taken
      FROM participant WHERE conversation_id = ${conversation} AND account_id = ${account}
    ) AS m`;
}

/** The highest seq that an account with these participations may see; 0: nothing. */
export function horizonOfTaken(taken: readonly TakenRow[] | null): number {
  return horizonOf((taken ?? []).map(({ status, removed_seq }) => ({ status, removedSeq: removed_seq })));
}
