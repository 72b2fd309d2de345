// How far an account sees, asked of the database: said once, for everybody who asks it.
import { everything } from "../../conversation/audience.ts";

/**
 * Joins `m.horizon`: the highest seq that an account may see of a conversation; null where it never took part. As
 * `horizonOf` has it.
 * @param conversation its id, and `account` the account's, as SQL
 */
export function horizonSql(conversation: string, account: string): string {
  return `CROSS JOIN LATERAL (
      SELECT max(CASE WHEN status = 'ACTIVE' THEN ${everything} ELSE coalesce(removed_seq, 0) END) AS horizon
      FROM participant WHERE conversation_id = ${conversation} AND account_id = ${account}
    ) AS m`;
}
