// What can be searched: rows of `searchable`, written when events are announced and deleted with the bodies that they
// are made of. A row is made of what is so now, whichever event it is written for: so writing it again, late, or out
// of order comes to the same.
import type pg from "pg";
import type { MessageFormat } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { fold, indexedWords, wordPattern } from "../search/fold.ts";
import { languageOf } from "../search/language.ts";
import { plainTextOf } from "../search/plain-text.ts";
import type { Place } from "./conversation-store.ts";
import { isErasedSql } from "./read/erased-sql.ts";

/** As much of a text is searched: a tsvector has 1 MiB at most. */
const searchedCharacters = 100_000;

interface SourceRow {
  readonly conversation_id: Hash;
  readonly seq: number;
  readonly kind: "MESSAGE" | "SUBJECT" | "FILE" | "PERSON";
  readonly item: Hash;
  readonly words_seq: number;
  readonly author: Hash | null;
  readonly at: Date;
  readonly text: string;
  readonly format: MessageFormat | null;
}

// The places may be 500; each source goes by a primary key, whatever a generic plan thinks of it.
const sourcesSql = `WITH told AS MATERIALIZED (
    SELECT e.conversation_id, e.seq, e.id, e.item, e.action, e.model FROM unnest($1::text[], $2::int[]) AS k(conversation_id, seq)
    CROSS JOIN LATERAL (SELECT * FROM event WHERE conversation_id = k.conversation_id AND seq = k.seq OFFSET 0) AS e
    WHERE e.action IN ('publish', 'add', 'modify')
  ), source AS (
    SELECT DISTINCT m.conversation_id, m.seq, 'MESSAGE' AS kind, m.id AS item, m.words_seq, m.author
    FROM told AS t CROSS JOIN LATERAL (SELECT * FROM message WHERE conversation_id = t.conversation_id
      AND id = CASE t.action WHEN 'add' THEN t.id ELSE t.item END OFFSET 0) AS m
    WHERE t.model = 'message'
    UNION ALL
    SELECT DISTINCT c.id, 0, 'SUBJECT', c.id, c.subject_seq, NULL
    FROM told AS t CROSS JOIN LATERAL (SELECT * FROM conversation WHERE id = t.conversation_id OFFSET 0) AS c
    WHERE t.model = 'subject'
    UNION ALL
    SELECT conversation_id, seq, CASE model WHEN 'attachment' THEN 'FILE' ELSE 'PERSON' END, id, seq, NULL
    FROM told WHERE model IN ('attachment', 'conversation') OR (model = 'participant' AND action = 'add')
  )
  SELECT s.conversation_id, s.seq, s.kind, s.item, s.words_seq, coalesce(s.author, w.actor, w.id) AS author,
    coalesce((w.body->'mail'->>'date')::timestamptz, a.timestamp) AS at, w.body->>'format' AS format,
    left(coalesce(w.body->>'text', w.body->>'subject', w.body->>'title', concat_ws(' ', w.body->>'name', w.body->>'address')), ${searchedCharacters}) AS text
  FROM source AS s
  CROSS JOIN LATERAL (SELECT * FROM event WHERE conversation_id = s.conversation_id AND seq = s.words_seq OFFSET 0) AS w
  CROSS JOIN LATERAL (SELECT timestamp FROM event WHERE conversation_id = s.conversation_id
    AND seq = CASE s.seq WHEN 0 THEN s.words_seq ELSE s.seq END OFFSET 0) AS a
  WHERE w.body IS NOT NULL AND NOT ${isErasedSql("w")}`;

/** Makes what these events said searchable. Safe to repeat. */
export async function indexTexts(pool: pg.Pool, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return;
  const { rows } = await pool.query<SourceRow>({
    name: "search_sources",
    text: sourcesSql,
    values: [places.map(({ conversation }) => conversation), places.map(({ seq }) => seq)],
  });
  if (rows.length === 0) return;
  const written = rows
    .map(({ text, format, ...row }) => {
      const plain = plainTextOf(text, format);
      const words = fold(plain).match(wordPattern) ?? [];
      return {
        ...row,
        language: languageOf(plain),
        indexed: indexedWords(words).join(" "),
        // A space before and behind each word: so that whole words can be looked for.
        folded: ` ${words.join(" ")} `,
      };
    })
    // In one order in every process, so that two never wait for each other.
    .toSorted((a, b) =>
      a.conversation_id < b.conversation_id ? -1 : a.conversation_id > b.conversation_id ? 1 : a.seq - b.seq,
    );
  await pool.query({
    name: "search_write",
    text: `INSERT INTO searchable AS s (conversation_id, seq, kind, item, words_seq, author, at, language, words, folded)
      SELECT conversation_id, seq, kind, item, words_seq, author, at, language,
        CASE language WHEN 'simple' THEN to_tsvector('simple', indexed)
          ELSE to_tsvector('simple', indexed) || to_tsvector(language::regconfig, folded) END, folded
      FROM json_to_recordset($1::json) AS k(conversation_id text, seq int, kind text, item text, words_seq int, author text,
        at timestamptz, language text, indexed text, folded text)
      ON CONFLICT (conversation_id, seq) DO UPDATE SET words_seq = excluded.words_seq, at = excluded.at,
        language = excluded.language, words = excluded.words, folded = excluded.folded
      WHERE s.words_seq < excluded.words_seq`,
    values: [JSON.stringify(written)],
  });
  // Erased between the two: whoever erases deletes rows after the bodies, so one of us sees it.
  await pool.query({
    name: "search_unwrite",
    text: `DELETE FROM searchable AS s USING unnest($1::text[], $2::int[]) AS k(conversation_id, seq), event AS w
      WHERE s.conversation_id = k.conversation_id AND s.seq = k.seq
        AND w.conversation_id = k.conversation_id AND w.seq = s.words_seq AND w.body IS NULL`,
    values: [written.map((row) => row.conversation_id), written.map(({ seq }) => seq)],
  });
}

/** Deletes what was made searchable of what is erased in the conversation: after its bodies. Safe to repeat. */
export async function unindexErased(pool: pg.Pool, conversation: Hash): Promise<void> {
  await pool.query(
    `DELETE FROM searchable AS s USING event AS w
    WHERE s.conversation_id = $1 AND w.conversation_id = $1 AND w.seq = s.words_seq AND ${isErasedSql("w")}`,
    [conversation],
  );
}
