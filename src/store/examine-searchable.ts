// Whether what is searchable of a conversation is what its events say: reads every text, and indexes it anew to compare.
import type pg from "pg";
import type { State } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import { isTextGoneSql, lexemesSql, searchableText } from "./search-index.ts";
import { makesTextSql, type SearchableSource, sourcesOf } from "./searchable-sources.ts";

const pageMax = 200;

/**
 * By seq of the row what differs: `missing`, `surplus`, or columns. What waits to be indexed does not.
 * @param client within one snapshot
 * @param state what the log comes to
 */
export async function examineSearchable(
  client: pg.ClientBase,
  conversation: Hash,
  state: State,
): Promise<ReadonlyMap<number, string>> {
  const noted = await client.query<{ seq: number }>({
    name: "doctor_noted",
    text: "SELECT seq FROM unindexed WHERE conversation_id = $1 UNION ALL SELECT seq FROM outbox WHERE conversation_id = $1",
    values: [conversation],
  });
  const waiting = new Set(noted.rows.map(({ seq }) => seq));
  const differences = new Map<number, string>();
  const expected = new Set<number>();
  for (let after = 0; ; ) {
    const seqs = await seqsAfter(client, conversation, after);
    const last = seqs.at(-1);
    if (last === undefined) break;
    after = last;
    const { texts, lost } = await sourcesOf(
      client,
      seqs.map((seq) => ({ conversation, seq })),
    );
    for (const { seq } of texts) expected.add(seq);
    // Earlier words stay until it is known that the later ones are not here.
    for (const { seq, words_seq } of lost) if (waiting.has(words_seq)) expected.add(seq);
    // What other tables have wrong is told of them.
    const judged = texts.filter((one) => !waiting.has(one.words_seq) && isLatest(one, state)).map(searchableText);
    const { rows } = await client.query<{ seq: number; what: string }>({
      name: "doctor_texts",
      text: differencesSql,
      values: [conversation, JSON.stringify(judged)],
    });
    for (const { seq, what } of rows) differences.set(seq, what);
  }
  // What is erased and whose body is still there is deleted with it.
  const { rows } = await client.query<{ seq: number }>({
    name: "doctor_searchable",
    text: `SELECT s.seq FROM searchable AS s WHERE s.conversation_id = $1 AND NOT (${isTextGoneSql("s")}
      AND EXISTS (SELECT FROM event AS w WHERE w.conversation_id = $1 AND w.seq = s.words_seq AND w.body IS NOT NULL))`,
    values: [conversation],
  });
  for (const { seq } of rows) if (!expected.has(seq)) differences.set(seq, "surplus");
  return differences;
}

function isLatest({ kind, item, words_seq }: SearchableSource, { conversation, messages }: State): boolean {
  if (kind === "SUBJECT") return conversation?.subjectSeq === words_seq;
  return kind !== "MESSAGE" || messages.get(item)?.wordsSeq === words_seq;
}

async function seqsAfter(client: pg.ClientBase, conversation: Hash, after: number): Promise<readonly number[]> {
  const { rows } = await client.query<{ seq: number }>({
    name: "doctor_text_seqs",
    text: `SELECT e.seq FROM event AS e WHERE e.conversation_id = $1 AND e.seq > $2
      AND (${makesTextSql("e")} OR e.seq = (SELECT subject_seq FROM conversation WHERE id = $1))
    ORDER BY e.seq LIMIT ${pageMax}`,
    values: [conversation, after],
  });
  return rows.map(({ seq }) => seq);
}

// In the language that the row says: which it is, is a guess.
const areWordsOthersSql = `CASE WHEN s.language::name IN (SELECT cfgname FROM pg_ts_config)
  THEN s.words <> ${lexemesSql("s.language", "k.indexed", "k.folded")} ELSE true END`;

const differencesSql = `SELECT k.seq, CASE WHEN s.seq IS NULL THEN 'missing' ELSE concat_ws(', ',
    CASE WHEN s.kind <> k.kind THEN 'kind' END, CASE WHEN s.item <> k.item THEN 'item' END,
    CASE WHEN s.words_seq <> k.words_seq THEN 'wordsSeq' END, CASE WHEN s.author IS DISTINCT FROM k.author THEN 'author' END,
    CASE WHEN s.at <> k.at THEN 'at' END, CASE WHEN s.folded <> k.folded THEN 'folded' END,
    CASE WHEN ${areWordsOthersSql} THEN 'words' END) END AS what
  FROM json_to_recordset($2::json) AS k(seq int, kind text, item text, words_seq int, author text, at timestamptz,
    indexed text, folded text)
  LEFT JOIN LATERAL (SELECT * FROM searchable WHERE conversation_id = $1 AND seq = k.seq OFFSET 0) AS s ON true
  WHERE s.seq IS NULL OR s.kind <> k.kind OR s.item <> k.item OR s.words_seq <> k.words_seq
    OR s.author IS DISTINCT FROM k.author OR s.at <> k.at OR s.folded <> k.folded
    OR ${areWordsOthersSql}`;
