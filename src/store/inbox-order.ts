// Inbox order: new words bring a conversation up in the list of everybody here who takes part; back, where somebody had
// filed it away; and among what may be unread. Words of one's own only bring it up.
import type pg from "pg";
import type { Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Place } from "./conversation-store.ts";
import { broughtBackSql, type ParticipationChange } from "./participation.ts";

/** New words, and which participant said them. */
export interface Said extends Place {
  readonly timestamp: Timestamp;
  readonly author: Hash;
}

/**
 * Raises each conversation to its latest words' time, in all lists at once; never lowers it, so doing it again is harmless.
 * Returns where it brought conversations back (and at times one that somebody filed at that moment).
 */
export async function raiseInInbox(pool: pg.Pool, words: readonly Said[]): Promise<readonly ParticipationChange[]> {
  if (words.length === 0) return [];
  const raised = [...Map.groupBy(words, ({ conversation }) => conversation)].map(([conversation_id, said]) => {
    const [latest, ...earlier] = said.toSorted((a, b) => b.seq - a.seq);
    return {
      conversation_id,
      at: said
        .map(({ timestamp }) => timestamp)
        .toSorted()
        .at(-1),
      seq: latest?.seq,
      author: latest?.author,
      // For the author of the latest, the latest by somebody else.
      other_seq: earlier.find(({ author }) => author !== latest?.author)?.seq ?? 0,
      authors: [...new Set(said.map(({ author }) => author))],
    };
  });
  const { rows } = await pool.query<ParticipationChange>({
    name: "raise_in_inbox",
    // An upsert, for it goes by the primary key whatever the planner thinks, and visits each row once: as an update with a
    // join it took three times as long. Everybody who takes part has a row, so nothing is inserted. Rows are locked in one
    // order in every process, so that two announcers never deadlock.
    text: `WITH raised AS (
      INSERT INTO participation AS p (conversation_id, account_id, sort_at, words_seq, may_be_unread, has_said)
      SELECT k.conversation_id, m.account_id, k.at, max(m.words_seq), bool_or(m.words_seq > m.read_up_to), bool_or(m.has_said)
      FROM json_to_recordset($1::json)
        AS k(conversation_id text, at timestamptz, seq int, author text, other_seq int, authors text[])
      CROSS JOIN LATERAL (
        SELECT account_id, read_up_to, id = ANY (k.authors) AS has_said,
          CASE WHEN id = k.author THEN k.other_seq ELSE k.seq END AS words_seq
        FROM participant
        WHERE conversation_id = k.conversation_id AND account_id IS NOT NULL AND status = 'ACTIVE' OFFSET 0
      ) AS m
      GROUP BY k.conversation_id, m.account_id, k.at
      ORDER BY k.conversation_id, m.account_id
      ON CONFLICT (conversation_id, account_id) DO UPDATE SET
        sort_at = greatest(p.sort_at, excluded.sort_at),
        words_seq = greatest(p.words_seq, excluded.words_seq),
        may_be_unread = p.may_be_unread OR excluded.may_be_unread,
        has_said = p.has_said OR excluded.has_said,
        filed_seq = greatest(p.filed_seq, CASE WHEN p.folder = 'ARCHIVE' OR p.is_hidden THEN excluded.words_seq END),
        ${broughtBackSql("p", "excluded.words_seq > p.filed_seq")}
      WHERE p.sort_at < excluded.sort_at OR p.words_seq < excluded.words_seq OR p.has_said < excluded.has_said
      RETURNING p.conversation_id AS conversation, p.account_id AS "accountId", p.filed_seq, p.words_seq, p.folder, p.is_hidden)
      SELECT conversation, "accountId" FROM raised
      WHERE filed_seq = words_seq AND words_seq > 0 AND folder <> 'ARCHIVE' AND NOT is_hidden`,
    values: [JSON.stringify(raised)],
  });
  return rows;
}
