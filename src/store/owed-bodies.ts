// Words that have not come with their events: which they are, and putting them in place when they come.
import type pg from "pg";
import { bodyFault } from "../conversation/body.ts";
import { isCommitted } from "../protocol/seal.ts";
import type { OwedBody, PeerStore } from "./peer-store.ts";
import { isErasedSql } from "./read/erased-sql.ts";

export function owedBodies(pool: pg.Pool): Pick<PeerStore, "owedBodies" | "fillBodies"> {
  return {
    owedBodies: async (conversation, limit) => {
      const { rows } = await pool.query<OwedBody>({
        name: "owed_bodies",
        text: `SELECT e.seq, e.platform FROM event AS e
          WHERE e.conversation_id = $1 AND e.ref IS NOT NULL AND e.body IS NULL AND NOT ${isErasedSql("e")}
          ORDER BY e.seq LIMIT $2`,
        values: [conversation, limit],
      });
      return rows;
    },

    fillBodies: async (conversation, entries) => {
      const fitting = entries.filter(({ event: { proposal }, body, salt }) => {
        if (body === null || salt === null) return false;
        return isCommitted(proposal, body, salt) && bodyFault(proposal.model, body) === null;
      });
      if (fitting.length === 0) return 0;
      const rows = fitting.map(({ event, body, salt }) => ({ seq: event.seq, ref: event.proposal.ref, body, salt }));
      const { rows: filled } = await pool.query<{ count: number }>({
        name: "fill_bodies",
        text: `WITH filled AS (
            UPDATE event AS e SET body = k.body, salt = k.salt
            FROM json_to_recordset($2::json) AS k(seq int, ref text, body jsonb, salt text)
            WHERE e.conversation_id = $1 AND e.seq = k.seq AND e.ref = k.ref AND e.body IS NULL AND NOT ${isErasedSql("e")}
            RETURNING e.seq, e.id, e.model, e.body),
          named AS (
            UPDATE participant AS p SET name = f.body->>'name',
              recipient_id = (SELECT id FROM recipient WHERE address = f.body->>'address')
            FROM filled AS f WHERE p.conversation_id = $1 AND p.id = f.id AND f.body ? 'address'),
          -- One that waits to be announced anyhow is there already. Files are searched by the date that their message says.
          told AS (INSERT INTO outbox (conversation_id, seq) SELECT $1, seq FROM filled
            UNION SELECT $1, a.seq FROM filled AS f CROSS JOIN LATERAL (
              SELECT seq FROM attachment WHERE conversation_id = $1 AND message = f.id AND removed_seq IS NULL OFFSET 0) AS a
            WHERE f.model = 'message' AND f.body->'mail'->>'date' IS NOT NULL
            ON CONFLICT DO NOTHING)
          SELECT count(*) FROM filled`,
        values: [conversation, JSON.stringify(rows)],
      });
      return filled[0]?.count ?? 0;
    },
  };
}
