// Whether what a row wrote holds.
import type pg from "pg";
import { followAll } from "../src/conversation/follow.ts";
import { type EventRow, entryOf } from "../src/store/rows.ts";
import { now } from "./stage.ts";

/** Logs that are followed from their first signature to their last: of the others the rows look at less. */
const followedMax = 20;

/** @throws where one of the first of these logs does not hold */
export async function checkLogs(pool: pg.Pool, conversations: readonly string[]): Promise<void> {
  for (const conversation of conversations.slice(0, followedMax)) {
    const log = await pool.query<EventRow>("SELECT * FROM event WHERE conversation_id = $1 ORDER BY seq", [
      conversation,
    ]);
    const followed = followAll(log.rows.map(entryOf), now());
    if (!("state" in followed))
      throw new Error(`the log of ${conversation} does not hold at ${followed.seq}: ${JSON.stringify(followed.fault)}`);
  }
}
