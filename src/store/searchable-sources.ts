// Which texts there are to search, as they are now: the latest words of messages, the latest subject, titles of files, and
// who somebody is. Of what is erased, none.
import type pg from "pg";
import type { MessageFormat } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Place } from "./conversation-store.ts";
import { isErasedSql } from "./read/erased-sql.ts";

/** As much of a text is searched: a tsvector has 1 MiB at most. */
const searchedCharacters = 100_000;

/** Whether an event of this kind has a text that is searched. */
export function hasText(action: string, model: string): boolean {
  if (action === "modify") return model === "message" || model === "subject";
  return action === "publish" || (action === "add" && model !== "label");
}

/** Whether the event `e` makes something that has a text, as SQL: its seq is that of the text, but for subjects. */
export const makesTextSql = (e: string): string =>
  `(${e}.action = 'publish' OR (${e}.action = 'add' AND ${e}.model <> 'label'))`;

/** What is to be searched no more: of its latest words there are none here, and earlier ones may be in `searchable`. */
export interface LostWords {
  readonly conversation_id: Hash;
  readonly seq: number;
  /** Of the words that are erased, or have not come yet. */
  readonly words_seq: number;
}

/** One text that is to be searched, and its place in `searchable`. */
export interface SearchableSource {
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
    -- Of what came by mail the mail's date, also where it was changed since; of a file that of the mail it came with.
    least(CASE s.kind WHEN 'FILE' THEN (
        SELECT f.body->'mail'->>'date' FROM message AS m JOIN event AS f ON f.conversation_id = m.conversation_id AND f.seq = m.seq
        WHERE m.conversation_id = s.conversation_id AND m.id = w.item)
      ELSE a.body->'mail'->>'date' END::timestamptz, a.timestamp) AS at, w.body->>'format' AS format,
    left(coalesce(w.body->>'text', w.body->>'subject', w.body->>'title', concat_ws(' ', w.body->>'name', w.body->>'address')), ${searchedCharacters}) AS text,
    is_lost
  FROM source AS s
  CROSS JOIN LATERAL (SELECT * FROM event WHERE conversation_id = s.conversation_id AND seq = s.words_seq OFFSET 0) AS w
  CROSS JOIN LATERAL (SELECT timestamp, body FROM event WHERE conversation_id = s.conversation_id
    AND seq = CASE s.seq WHEN 0 THEN s.words_seq ELSE s.seq END OFFSET 0) AS a
  CROSS JOIN LATERAL (SELECT w.body IS NULL OR ${isErasedSql("w")} AS is_lost OFFSET 0) AS l
  -- Before its first words an item had none.
  WHERE NOT is_lost OR s.words_seq <> s.seq`;

export interface Sources {
  readonly texts: readonly SearchableSource[];
  readonly lost: readonly LostWords[];
}

/** The texts that these events, or later ones of the same item, said. Each is given once, in no order. */
export async function sourcesOf(client: pg.ClientBase, places: readonly Place[]): Promise<Sources> {
  const { rows } = await client.query<SearchableSource & { readonly is_lost: boolean }>({
    name: "search_sources",
    text: sourcesSql,
    values: [places.map(({ conversation }) => conversation), places.map(({ seq }) => seq)],
  });
  return {
    texts: rows.filter((row) => !row.is_lost).map(({ is_lost: _, ...source }) => source),
    lost: rows.filter((row) => row.is_lost),
  };
}
