// How conversations stand here, and how much of each a platform may have: of many in one statement, for a batch of another
// platform's asks for as many as it has conversations.
import DataLoader from "dataloader";
import type pg from "pg";
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { lastLed } from "./last-led-sql.ts";
import type { PeerStore, Standing } from "./peer-store.ts";
import { type ConversationRow, conversationOf } from "./rows.ts";

interface Asked {
  readonly platform: PlatformName;
  readonly conversation: Hash;
}

/** @param pool or one connection of it */
export function standings(pool: Pick<pg.ClientBase, "query">): Pick<PeerStore, "standing" | "reachOf"> {
  // Of the moment: nothing is kept.
  const loader = new DataLoader<Asked, Standing | null>((asked) => readStandings(pool, asked), {
    cache: false,
    maxBatchSize: 500,
  });
  const standing = (platform: PlatformName, conversation: Hash) => loader.load({ platform, conversation });
  return { standing, reachOf: async (...asked) => (await standing(...asked))?.reach ?? 0 };
}

async function readStandings(
  pool: Pick<pg.ClientBase, "query">,
  asked: readonly Asked[],
): Promise<readonly (Standing | null)[]> {
  const { rows } = await pool.query<ConversationRow & { readonly place: number; readonly reach: number | null }>({
    name: "standings",
    // JSON and LIMIT, as in `load_heads`: whatever there is, each conversation is found by its key.
    text: `SELECT k.place, c.*, CASE
        WHEN c.leader = k.platform OR EXISTS (
          SELECT FROM participant WHERE conversation_id = c.id AND via = k.platform AND removed_seq IS NULL) THEN 2147483647
        -- Whoever led has what it sequenced, also where nobody of theirs took part any more.
        ELSE greatest(
          (SELECT max(removed_seq) FROM participant WHERE conversation_id = c.id AND via = k.platform),
          ${lastLed("k.platform")}) END AS reach
      FROM json_to_recordset($1::json) AS k(place int, platform text, conversation text)
      CROSS JOIN LATERAL (SELECT * FROM conversation WHERE id = k.conversation LIMIT 1) AS c`,
    values: [JSON.stringify(asked.map((one, place) => ({ place, ...one })))],
  });
  const standings = asked.map((): Standing | null => null);
  for (const { place, reach, ...row } of rows) standings[place] = { head: conversationOf(row), reach: reach ?? 0 };
  return standings;
}
