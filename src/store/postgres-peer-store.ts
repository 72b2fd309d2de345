// What is kept of other platforms, on PostgreSQL: puts the parts of this folder together behind the contract.
import type pg from "pg";
import type { PlatformName, SignedEvent } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { foreignReceipts } from "./foreign-receipts.ts";
import { lateErasures } from "./late-erasures.ts";
import { losses } from "./losses.ts";
import { owedBodies } from "./owed-bodies.ts";
import { peerHeads } from "./peer-heads.ts";
import type { PeerStore } from "./peer-store.ts";
import { pendingProposals } from "./pending-proposals.ts";
import { type ConversationRow, conversationOf } from "./rows.ts";
import { standings } from "./standings.ts";

/** @param platform our own name */
export function postgresPeerStore(pool: pg.Pool, platform: PlatformName): PeerStore {
  return {
    ...peerHeads(pool, platform),
    ...standings(pool),
    ...pendingProposals(pool),
    ...foreignReceipts(pool, platform),
    ...lateErasures(pool, platform),
    ...losses(pool, platform),
    ...owedBodies(pool),
    head: async (conversation) => {
      const { rows } = await pool.query<ConversationRow>({
        name: "peer_conversation",
        text: "SELECT * FROM conversation WHERE id = $1",
        values: [conversation],
      });
      return rows[0] ? conversationOf(rows[0]) : null;
    },
    freeze: (conversation, proof) => freeze(pool, conversation, proof),
  };
}

async function freeze(pool: pg.Pool, conversation: Hash, [one, other]: readonly [SignedEvent, SignedEvent]) {
  await pool.query(
    `WITH proved AS (
      INSERT INTO fork_proof (conversation_id, seq, one, other) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING)
    UPDATE conversation SET frozen_at = clock_timestamp() WHERE id = $1 AND frozen_at IS NULL`,
    [conversation, one.event.seq, JSON.stringify(one), JSON.stringify(other)],
  );
}
