// Searching: conversations in which an account may see what it looks for, best first, each with its best hits.
//
// A query is a tree of conditions on one text, `t`, and on its conversation as the account has it, `p`. The texts that
// have the words are found first, then what the account may see of them is kept. The statement has no name: it is planned
// for the values at hand, so that words that are everywhere are looked for in the account's few conversations, and an
// account with many conversations goes by the words.
import { labelKey } from "../../conversation/body.ts";
import type { Hash } from "../../protocol/hash.ts";
import { fold, isUnspaced, pairsOf } from "../../search/fold.ts";
import type { SearchNode } from "../../search/grammar.ts";
import { languagesOfWord } from "../../search/language.ts";
import { plainTextOf } from "../../search/plain-text.ts";
import type { AccountId } from "../conversation-store.ts";
import type { Query } from "./bounded-query.ts";
import { hasLabelSql, ownSql } from "./conversation-list.ts";
import { isErasedSql } from "./erased-sql.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";

/** Place of a conversation among what was found: best first, then the latest hit, then by id. */
export interface SearchCursor {
  readonly rank: number;
  readonly atMs: number;
  readonly id: Hash;
}

export type SearchHitKind = "MESSAGE" | "SUBJECT" | "FILE" | "PERSON";

/** A text in which it was found. */
export interface SearchHitRow {
  readonly kind: SearchHitKind;
  /** The message, file or participant; the conversation for its subject. */
  readonly item: Hash;
  readonly at: Date;
  /** As its author wrote it. */
  readonly text: string;
}

export interface FoundConversation {
  readonly cursor: SearchCursor;
  /** At most `hitsMax`, best first. */
  readonly hits: readonly SearchHitRow[];
}

export interface Found extends Page<FoundConversation> {
  /** What to mark in the hits, folded. */
  readonly needles: readonly string[];
}

/** Hits that are shown of each conversation. */
export const hitsMax = 3;

/** As far into a text is looked for what to quote: bounds what a page of long texts takes. */
const quotedCharacters = 20_000;

interface FoundRow {
  readonly id: Hash;
  readonly rank: number;
  readonly at_ms: number;
  readonly hits: readonly (Omit<SearchHitRow, "at"> & { readonly at: string; readonly format: string | null })[];
}

export function searchReads(query: Query) {
  /** The stems of words by the word, in the languages that it may be of. The word itself is none. */
  const stemsOf = async (words: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> => {
    const asked = words.flatMap((word) => languagesOfWord(word).map((language) => ({ word, language })));
    if (asked.length === 0) return new Map();
    const rows = await query<{ word: string; stems: readonly string[] }>(
      "search_stems",
      `SELECT word, array_agg(DISTINCT stem) AS stems FROM unnest($1::text[], $2::text[]) AS k(word, language)
      CROSS JOIN LATERAL unnest(ts_lexize((language || '_stem')::regdictionary, word)) AS stem
      WHERE stem <> word AND stem <> '' GROUP BY word`,
      [asked.map(({ word }) => word), asked.map(({ language }) => language)],
    );
    return new Map(rows.map(({ word, stems }) => [word, stems]));
  };

  return {
    /** A page of conversations in which the account may see what it looks for. */
    search: async (accountId: AccountId, node: SearchNode, request: PageRequest<SearchCursor>): Promise<Found> => {
      const stems = await stemsOf([...new Set(wordsIn(node))]);
      const { text, values } = searchStatement(accountId, node, stems, request);
      const rows = await query<FoundRow>(null, text, values);
      const page = pageOf(rows, request);
      return {
        ...page,
        nodes: page.nodes.map(({ id, rank, at_ms, hits }) => ({
          cursor: { id, rank, atMs: at_ms },
          hits: hits.map(({ kind, item, at, text, format }) => ({
            kind,
            item,
            at: new Date(at),
            text: plainTextOf(text, format),
          })),
        })),
        needles: needlesIn(node, stems),
      };
    },
  };
}

/** The single words that are looked for, without those that are left out. */
function wordsIn(node: SearchNode): readonly string[] {
  if (node.kind === "word") return [node.word];
  return node.kind === "and" || node.kind === "or" ? node.nodes.flatMap(wordsIn) : [];
}

function needlesIn(node: SearchNode, stems: ReadonlyMap<string, readonly string[]>): readonly string[] {
  switch (node.kind) {
    case "word":
      return [node.word, ...(stems.get(node.word) ?? [])];
    case "phrase":
    case "subject":
      return node.words;
    case "and":
    case "or":
      return node.nodes.flatMap((part) => needlesIn(part, stems));
    default:
      return [];
  }
}

/** Whether the condition is one on a text alone, which the indexes of words answer. */
function isOnText(node: SearchNode): boolean {
  if (node.kind === "and" || node.kind === "or") return node.nodes.every(isOnText);
  if (node.kind === "not") return isOnText(node.node);
  return ["word", "phrase", "before", "after"].includes(node.kind);
}

const statesOf = (node: SearchNode): readonly SearchNode[] =>
  node.kind === "and" || node.kind === "or"
    ? node.nodes.flatMap(statesOf)
    : node.kind === "not"
      ? statesOf(node.node)
      : [node];

function searchStatement(
  accountId: AccountId,
  node: SearchNode,
  stems: ReadonlyMap<string, readonly string[]>,
  { isBackward, after, before, limit }: PageRequest<SearchCursor>,
) {
  const values: unknown[] = [accountId];
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`;
  const clauses = node.kind === "and" ? node.nodes : [node];
  const sqlOf = (part: SearchNode) => `(${conditionSql(part, stems, parameter)})`;
  const onText = clauses.filter(isOnText).map(sqlOf);
  const others = clauses.filter((clause) => !isOnText(clause)).map(sqlOf);
  // What was put away is found where it is asked for.
  const asked = statesOf(node);
  const isAnywhere = asked.some(({ kind }) => kind === "in");
  if (!isAnywhere) onText.push("p.folder NOT IN ('SPAM', 'TRASH')");
  if (!isAnywhere && !asked.some((one) => one.kind === "is" && one.state === "HIDDEN")) onText.push("NOT p.is_hidden");
  const words = wordsIn(node);
  const rankedQuery = rankQuery(node, stems);
  // Whole words and their stems rank a text; its kind, how much they weigh in it; parts of words find, and rank last.
  const rank =
    words.length === 0 && rankedQuery === null
      ? "0"
      : `round(1000 * ts_rank(t.words, ${parameter(rankedQuery, "tsquery")}, 1)
          * CASE t.kind WHEN 'SUBJECT' THEN 4 WHEN 'PERSON' THEN 1 ELSE 2 END)::int`;
  const bound = (cursor: SearchCursor | null, operator: string) =>
    cursor === null
      ? ""
      : `AND (rank, at_ms, id) ${operator} (${parameter(cursor.rank, "int")}, ${parameter(cursor.atMs, "bigint")}, ${parameter(cursor.id, "text")})`;
  const direction = isBackward ? "ASC" : "DESC";
  const order = (alias: string) => `${alias}rank ${direction}, ${alias}at_ms ${direction}, ${alias}id ${direction}`;
  const text = `WITH hit AS MATERIALIZED (
      SELECT t.conversation_id, t.seq, t.kind, t.item, t.words_seq, t.author, t.at, p.account_id, ${rank} AS rank
      FROM searchable AS t JOIN participation AS p ON p.conversation_id = t.conversation_id AND p.account_id = $1
      WHERE ${onText.length === 0 ? "true" : onText.join("\n AND ")}
    ), own AS MATERIALIZED (
      SELECT p.*, own.* FROM (SELECT DISTINCT conversation_id, account_id FROM hit) AS h
      CROSS JOIN LATERAL (SELECT * FROM participation WHERE conversation_id = h.conversation_id AND account_id = h.account_id OFFSET 0) AS p
      CROSS JOIN LATERAL (${ownSql}) AS own
    ), seen AS MATERIALIZED (
      SELECT t.* FROM hit AS t JOIN own AS p USING (conversation_id)
      CROSS JOIN LATERAL (SELECT * FROM event WHERE conversation_id = t.conversation_id AND seq = t.words_seq OFFSET 0) AS w
      WHERE t.seq <= p.horizon AND t.words_seq <= p.horizon ${others.map((other) => `AND ${other}`).join("\n")}
        AND w.body IS NOT NULL AND NOT ${isErasedSql("w")}
    ), found AS (
      SELECT conversation_id AS id, max(rank) AS rank, (extract(epoch FROM max(at)) * 1000)::bigint AS at_ms
      FROM seen GROUP BY conversation_id
    ), page AS (
      SELECT * FROM found WHERE true ${bound(after, "<")} ${bound(before, ">")} ORDER BY ${order("")} LIMIT ${limit + 1}
    )
    SELECT page.id, page.rank, page.at_ms, best.hits FROM page CROSS JOIN LATERAL (
      SELECT json_agg(json_build_object('kind', kind, 'item', item, 'at', at, 'format', w.body->>'format', 'text', left(
        coalesce(w.body->>'text', w.body->>'subject', w.body->>'title', concat_ws(' ', w.body->>'name', w.body->>'address')),
        ${quotedCharacters})) ORDER BY one.rank DESC, at DESC, one.seq DESC) AS hits
      FROM (SELECT * FROM seen WHERE conversation_id = page.id ORDER BY rank DESC, at DESC, seq DESC LIMIT ${hitsMax}) AS one
      CROSS JOIN LATERAL (SELECT body FROM event WHERE conversation_id = page.id AND seq = one.words_seq OFFSET 0) AS w
    ) AS best ORDER BY ${order("page.")}`;
  return { text, values };
}

type Parameter = (value: unknown, type: string) => string;

/** Any of the words, as a tsquery's text; null where there is none. */
function rankQuery(node: SearchNode, stems: ReadonlyMap<string, readonly string[]>): string | null {
  const lexemes = new Set<string>();
  const collect = (part: SearchNode): void => {
    if (part.kind === "and" || part.kind === "or") part.nodes.forEach(collect);
    if (part.kind === "word")
      for (const lexeme of [...lexemesOf(part.word), ...(stems.get(part.word) ?? [])]) lexemes.add(lexeme);
    if (part.kind === "phrase") for (const lexeme of part.words.flatMap(lexemesOf)) lexemes.add(lexeme);
  };
  collect(node);
  return lexemes.size === 0 ? null : [...lexemes].map(quoted).join(" | ");
}

const lexemesOf = (word: string): readonly string[] => (isUnspaced(word) ? pairsOf(word) : [word]);

/** A lexeme as a tsquery has it. Words are letters, digits and marks; what a stemmer made of them is quoted all the same. */
const quoted = (lexeme: string): string => `'${lexeme.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** As LIKE has it. Folded words have none of its signs; what people type as names may. */
const likeOf = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

/** The condition on the text `t` in the conversation of `p`. */
function conditionSql(node: SearchNode, stems: ReadonlyMap<string, readonly string[]>, parameter: Parameter): string {
  const inner = (part: SearchNode) => conditionSql(part, stems, parameter);
  switch (node.kind) {
    case "and":
    case "or":
      return node.nodes.map((part) => `(${inner(part)})`).join(` ${node.kind.toUpperCase()} `);
    case "not":
      return `NOT (${inner(node.node)})`;
    case "word":
      return wordSql("t", node.word, stems.get(node.word) ?? [], parameter);
    case "phrase":
      return phraseSql("t", node.words, parameter);
    case "subject":
      return `EXISTS (SELECT FROM searchable AS s JOIN event AS e ON e.conversation_id = s.conversation_id AND e.seq = s.words_seq
        WHERE s.conversation_id = t.conversation_id AND s.seq = 0 AND s.words_seq <= p.horizon
          AND ${subjectSql(node.words, parameter)} AND NOT ${isErasedSql("e")} OFFSET 0)`;
    case "from":
      return `(t.kind IN ('MESSAGE', 'FILE') AND EXISTS (SELECT FROM participant AS o LEFT JOIN recipient AS r ON r.id = o.recipient_id
        WHERE o.conversation_id = t.conversation_id AND o.id = t.author AND ${personSql(node.person, parameter)} OFFSET 0))`;
    case "to":
      return `(t.kind IN ('MESSAGE', 'FILE') AND EXISTS (SELECT FROM participant AS o LEFT JOIN recipient AS r ON r.id = o.recipient_id
        WHERE o.conversation_id = t.conversation_id AND o.id <> t.author AND o.seq <= p.horizon AND ${personSql(node.person, parameter)} OFFSET 0))`;
    case "label":
      return hasLabelSql(parameter(labelKey(node.name), "text"));
    case "has":
      return `(t.kind = 'FILE' OR (t.kind = 'MESSAGE' AND EXISTS (SELECT FROM attachment AS f WHERE f.conversation_id = t.conversation_id
        AND f.message = t.item AND f.seq <= p.horizon AND (f.removed_seq IS NULL OR f.removed_seq > p.horizon) OFFSET 0)))`;
    case "before":
      return `t.at < ${parameter(node.at, "timestamptz")}`;
    case "after":
      return `t.at >= ${parameter(node.at, "timestamptz")}`;
    case "is":
      switch (node.state) {
        case "UNREAD":
          return "(t.kind = 'MESSAGE' AND t.seq > p.read_up_to AND t.author <> ALL (p.ids))";
        case "READ":
          return "(t.kind = 'MESSAGE' AND (t.seq <= p.read_up_to OR t.author = ANY (p.ids)))";
        case "MUTED":
          return "p.is_muted";
        case "PINNED":
          return "p.is_pinned";
        case "HIDDEN":
          return "p.is_hidden";
      }
      break;
    case "in":
      if (node.folder === "ANYWHERE") return "true";
      if (node.folder === "SENT") return "(t.kind IN ('MESSAGE', 'FILE') AND t.author = ANY (p.ids))";
      return `p.folder::text = ${parameter(node.folder, "text")}`;
  }
}

/** A word, whole or as its stem, or a part of a word of three letters or more. */
function wordSql(t: string, word: string, stems: readonly string[], parameter: Parameter): string {
  const part = () => `${t}.folded LIKE ${parameter(`%${likeOf(word)}%`, "text")}`;
  if (isUnspaced(word)) {
    const pairs = pairsOf(word).map(quoted).join(" & ");
    // One character begins a pair, or is the last of its word.
    const isOne = [...word].length === 1;
    return `(${t}.words @@ ${parameter(isOne ? `${pairs}:*` : pairs, "tsquery")} AND ${part()})`;
  }
  const whole = `${t}.words @@ ${parameter([word, ...stems].map(quoted).join(" | "), "tsquery")}`;
  return [...word].length < 3 ? whole : `(${whole} OR ${part()})`;
}

/** These words side by side. The index of whole words finds them; the text itself says that they stand together. */
function phraseSql(t: string, words: readonly string[], parameter: Parameter): string {
  const lexemes = words.flatMap(lexemesOf).map(quoted).join(" & ");
  const [first = "", last = ""] = [words[0], words.at(-1)];
  const pattern = `%${isUnspaced(first) ? "" : " "}${likeOf(words.join(" "))}${isUnspaced(last) ? "" : " "}%`;
  const hasOne = words.some((word) => isUnspaced(word) && [...word].length === 1);
  return `(${hasOne ? "" : `${t}.words @@ ${parameter(lexemes, "tsquery")} AND `}${t}.folded LIKE ${parameter(pattern, "text")})`;
}

const subjectSql = (words: readonly string[], parameter: Parameter): string =>
  `s.folded LIKE ${parameter(`%${likeOf(words.join(" "))}%`, "text")}`;

/** Whether `o`, whose recipient is `r`, is who was named: by address or name, or a part of either. */
function personSql(person: string, parameter: Parameter): string {
  if (person === "me") return "o.account_id = p.account_id";
  const part = parameter(`%${likeOf(person)}%`, "text");
  const name = parameter(`%${likeOf(fold(person))}%`, "text");
  return `NOT o.is_erased AND (r.address LIKE ${part} OR lower(o.name) LIKE ${name} OR lower(r.name) LIKE ${name})`;
}
