// What was said here and waits for the leader of its conversation: kept before it is sent, until it is in the log.
import type pg from "pg";
import type { Rejection } from "../conversation/rejection.ts";
import type { PlatformName, SignedProposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { PeerStore, PendingProposal } from "./peer-store.ts";

interface PendingRow {
  readonly id: Hash;
  readonly conversation_id: Hash;
  readonly account_id: string;
  readonly client_id: string | null;
  readonly proposal: SignedProposal;
  readonly created_at: Date;
  readonly rejection: Rejection | null;
}

const pendingOf = (row: PendingRow): PendingProposal => ({
  id: row.id,
  conversation: row.conversation_id,
  accountId: row.account_id,
  clientId: row.client_id,
  proposal: row.proposal,
  createdAt: row.created_at.toISOString(),
  rejection: row.rejection,
});

/** As `mayWait` of conversation/may-wait.ts. */
const waits = `rejection IS NULL AND proposal->'proposal'->>'action' = 'add'
  AND proposal->'proposal'->>'model' IN ('message', 'attachment')`;

type Pendings = Pick<
  PeerStore,
  | "keepPending"
  | "pendingIn"
  | "firstPending"
  | "conversationsPending"
  | "pendingWith"
  | "settled"
  | "failed"
  | "dropPending"
>;

export function pendingProposals(pool: pg.Pool): Pendings {
  return {
    keepPending: async ({ id, conversation, accountId, clientId, proposal, createdAt }) => {
      const { rows } = await pool.query<PendingRow>({
        name: "keep_pending",
        text: `WITH kept AS (
            INSERT INTO pending_proposal (id, conversation_id, account_id, client_id, proposal, created_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING *)
          SELECT * FROM kept UNION ALL
          SELECT * FROM pending_proposal WHERE id = $1 OR (account_id = $3 AND client_id = $4)`,
        values: [id, conversation, accountId, clientId, JSON.stringify(proposal), createdAt],
      });
      const [row] = rows;
      if (!row) throw new Error("a pending proposal was taken away while it was kept: try again");
      return pendingOf(row);
    },

    pendingIn: async (conversation, limit) => {
      const { rows } = await pool.query<PendingRow>({
        name: "pending_in",
        text: `SELECT * FROM pending_proposal WHERE conversation_id = $1 AND ${waits} ORDER BY position LIMIT $2`,
        values: [conversation, limit],
      });
      return rows.map(pendingOf);
    },

    firstPending: async (conversation) => {
      const { rows } = await pool.query<Pick<PendingRow, "id" | "created_at">>({
        name: "first_pending",
        text: `SELECT id, created_at FROM pending_proposal
          WHERE conversation_id = $1 AND ${waits} ORDER BY position LIMIT 1`,
        values: [conversation],
      });
      const [row] = rows;
      return row ? { id: row.id, createdAt: row.created_at.toISOString() } : null;
    },

    conversationsPending: async () => {
      const { rows } = await pool.query<{ conversation: Hash; leader: PlatformName }>(
        `SELECT c.id AS conversation, c.leader FROM conversation AS c
        WHERE c.id IN (SELECT conversation_id FROM pending_proposal WHERE rejection IS NULL)`,
      );
      return rows;
    },

    pendingWith: async (leader, until) => {
      const { rows } = await pool.query<{ id: Hash }>({
        name: "pending_with",
        text: `SELECT id FROM conversation WHERE leader = $1 AND id IN (
          SELECT conversation_id FROM pending_proposal WHERE rejection IS NULL AND created_at <= $2)`,
        values: [leader, until],
      });
      return rows.map(({ id }) => id);
    },

    settled: async (conversation, ids) => {
      if (ids.length === 0) return;
      await pool.query({
        name: "settle_pending",
        // In one statement with the client's request, so that a crash leaves both or neither.
        text: `WITH gone AS (
            DELETE FROM pending_proposal AS p USING event AS e
            WHERE p.id = ANY($2::text[]) AND e.conversation_id = $1 AND e.id = p.id
            RETURNING p.account_id, p.client_id, e.conversation_id, e.seq)
          INSERT INTO client_request (account_id, client_id, conversation_id, seq)
          SELECT * FROM gone WHERE client_id IS NOT NULL ON CONFLICT DO NOTHING`,
        values: [conversation, ids],
      });
    },

    failed: async (id, rejection) => {
      await pool.query("UPDATE pending_proposal SET rejection = $2 WHERE id = $1", [id, JSON.stringify(rejection)]);
    },

    dropPending: async (id) => {
      await pool.query("DELETE FROM pending_proposal WHERE id = $1", [id]);
    },
  };
}

/** What an account said in the conversation that is not in the log, in the order in which it was said. */
export async function readPending(
  pool: pg.Pool,
  conversation: Hash,
  accountId: string,
): Promise<readonly PendingProposal[]> {
  const { rows } = await pool.query<PendingRow>({
    name: "read_pending",
    text: "SELECT * FROM pending_proposal WHERE conversation_id = $1 AND account_id = $2 ORDER BY position LIMIT 1000",
    values: [conversation, accountId],
  });
  return rows.map(pendingOf);
}

/** Those of these that are in no log. */
export async function readPendingById(pool: pg.Pool, ids: readonly Hash[]): Promise<readonly PendingProposal[]> {
  if (ids.length === 0) return [];
  const { rows } = await pool.query<PendingRow>({
    name: "pending_by_id",
    text: "SELECT * FROM pending_proposal WHERE id = ANY($1::text[]) ORDER BY position",
    values: [ids],
  });
  return rows.map(pendingOf);
}
