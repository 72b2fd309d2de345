// What a search says, as SQL: conditions on one text, `t`, and on its conversation as the account has it, `p`.
import { labelKey } from "../../conversation/body.ts";
import { isUnspaced, pairsOf, wordsOf } from "../../search/fold.ts";
import type { SearchNode } from "../../search/grammar.ts";
import type { Needle } from "../../search/snippet.ts";
import { hasLabelSql } from "./conversation-list.ts";
import { isErasedSql } from "./erased-sql.ts";

/** Makes a parameter of the statement; what stands for it. */
export type Parameter = (value: unknown, type: string) => string;

/** The stem of a word, in all languages in which it is that. */
export interface Stem {
  readonly stem: string;
  readonly languages: readonly string[];
}

/** What conditions are made with. */
export interface Terms {
  /** The stems of words by the word. */
  readonly stems: ReadonlyMap<string, readonly Stem[]>;
  readonly parameter: Parameter;
}

/** What a clause asks of. `conversation`: nothing of the text. `both`: of a text in a conversation. */
export type Asked = "text" | "conversation" | "both";

export function askedOf(node: Clause): Asked {
  switch (node.kind) {
    case "and":
    case "or": {
      const [first = "both", ...others] = new Set(node.nodes.map(askedOf));
      return others.length === 0 ? first : "both";
    }
    case "not":
      return askedOf(node.node);
    case "word":
    case "phrase":
    case "day":
      return "text";
    case "subject":
    case "label":
      return "conversation";
    case "is":
      return node.state === "UNREAD" || node.state === "READ" ? "both" : "conversation";
    case "in":
      return node.folder === "SENT" ? "both" : "conversation";
    case "from":
    case "to":
    case "has":
    case "before":
    case "after":
      return "both";
  }
}

/** What a day leaves of texts, as far as they tell without their conversation: no less than it leaves in the end. */
interface Day {
  readonly kind: "day";
  readonly of: "before" | "after";
  readonly at: string;
}

/** What conditions are made of. */
export type Clause = SearchNode | Day;

/** Days among these clauses as what they ask of texts alone. */
export const daysOf = (clauses: readonly SearchNode[]): readonly Day[] =>
  clauses.flatMap((clause) =>
    clause.kind === "before" || clause.kind === "after" ? [{ kind: "day", of: clause.kind, at: clause.at }] : [],
  );

/** The words that are looked for, apart from those that are left out. */
export function wordsIn(node: SearchNode): readonly string[] {
  if (node.kind === "word") return [node.word];
  return node.kind === "and" || node.kind === "or" ? node.nodes.flatMap(wordsIn) : [];
}

/** What to mark in what is found, where that is a text of this language: stems of others are in it as whole words alone. */
export function needlesIn(node: SearchNode, stems: Terms["stems"], language: string): readonly Needle[] {
  switch (node.kind) {
    case "word":
      return [
        { words: [node.word], as: "part" },
        ...(stems.get(node.word) ?? []).map(
          ({ stem, languages }) => ({ words: [stem], as: languages.includes(language) ? "start" : "whole" }) as const,
        ),
      ];
    case "phrase":
      return [{ words: node.words, as: "whole" }];
    case "subject":
      return [{ words: node.words, as: "part" }];
    case "and":
    case "or":
      return node.nodes.flatMap((part) => needlesIn(part, stems, language));
    default:
      return [];
  }
}

const stemsOf = (word: string, stems: Terms["stems"]): readonly string[] =>
  (stems.get(word) ?? []).map(({ stem }) => stem);

/** The clauses that are not joined: what is asked all over, whether or not it is left out. */
export function leavesOf(node: SearchNode): readonly SearchNode[] {
  if (node.kind === "and" || node.kind === "or") return node.nodes.flatMap(leavesOf);
  return node.kind === "not" ? leavesOf(node.node) : [node];
}

/**
 * The words of a clause as one tsquery, which every text has that has them whole: the index answers it at once, however
 * common some of them are. Null where a text without any word may fit.
 */
export function wholeQuery(node: SearchNode, stems: Terms["stems"]): string | null {
  switch (node.kind) {
    case "word":
      return isUnspaced(node.word)
        ? lexemesOf(node.word).join(" & ")
        : `(${[node.word, ...stemsOf(node.word, stems)].map(quoted).join(" | ")})`;
    case "phrase":
      return node.words.flatMap(lexemesOf).join(" & ");
    case "and": {
      const queries = node.nodes.map((part) => wholeQuery(part, stems)).filter((query) => query !== null);
      return queries.length === 0 ? null : queries.join(" & ");
    }
    case "or": {
      const queries = node.nodes.map((part) => wholeQuery(part, stems));
      return queries.includes(null) ? null : `(${queries.map((query) => `(${query})`).join(" | ")})`;
    }
    default:
      return null;
  }
}

/** Whether `wholeQuery` says all of it. */
export function isWholeQueryAll(node: SearchNode): boolean {
  if (node.kind === "and" || node.kind === "or") return node.nodes.every(isWholeQueryAll);
  return node.kind === "word" && !isUnspaced(node.word);
}

/** Whether a text may have it as a part of a word. */
export function mayBePart(node: SearchNode): boolean {
  if (node.kind === "and" || node.kind === "or") return node.nodes.some(mayBePart);
  return node.kind === "word" && isLookedForWithin(node.word);
}

/** Any of the words, as a tsquery: what ranks a text. Null where there is none. */
export function rankQuery(node: SearchNode, stems: Terms["stems"]): string | null {
  const lexemes = new Set<string>();
  const collect = (part: SearchNode): void => {
    if (part.kind === "and" || part.kind === "or") part.nodes.forEach(collect);
    if (part.kind === "word")
      for (const lexeme of [...lexemesOf(part.word), ...stemsOf(part.word, stems).map(quoted)]) lexemes.add(lexeme);
    if (part.kind === "phrase") for (const lexeme of part.words.flatMap(lexemesOf)) lexemes.add(lexeme);
  };
  collect(node);
  return lexemes.size === 0 ? null : [...lexemes].join(" | ");
}

/** Parts of words are looked for from three letters on: a trigram needs as many. */
const isLookedForWithin = (word: string): boolean => !isUnspaced(word) && [...word].length >= 3;

/** A word as the index has it, as a tsquery: of a script without spaces its pairs; one character begins a pair, or is the last of its word. */
function lexemesOf(word: string): readonly string[] {
  if (!isUnspaced(word)) return [quoted(word)];
  return [...word].length === 1 ? [`${quoted(word)}:*`] : pairsOf(word).map(quoted);
}

/** A lexeme as a tsquery has it. Words are letters, digits and marks; what a stemmer made of them is quoted all the same. */
const quoted = (lexeme: string): string => `'${lexeme.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** As LIKE has it. Folded words have none of its signs; what people type as names may. */
const likeOf = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

/** The condition on the text `t` in the conversation of `p`. @param isWhole whether parts of words do not count, where words are looked for */
export function conditionSql(node: Clause, terms: Terms, isWhole = false): string {
  const { parameter } = terms;
  switch (node.kind) {
    case "and":
    case "or":
      return node.nodes.map((part) => `(${conditionSql(part, terms, isWhole)})`).join(` ${node.kind.toUpperCase()} `);
    case "not":
      return `NOT (${conditionSql(node.node, terms)})`;
    case "word":
      return wordSql(node.word, terms, isWhole);
    case "phrase":
      return phraseSql(node.words, parameter);
    case "subject":
      return `EXISTS (SELECT FROM searchable AS s JOIN event AS e ON e.conversation_id = s.conversation_id AND e.seq = s.words_seq
        WHERE s.conversation_id = p.conversation_id AND s.seq = 0 AND s.words_seq <= p.horizon
          AND s.folded LIKE ${parameter(`%${likeOf(node.words.join(" "))}%`, "text")} AND NOT ${isErasedSql("e")} OFFSET 0)`;
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
      return `${timeSql} < ${parameter(node.at, "timestamptz")}`;
    case "after":
      return `${timeSql} >= ${parameter(node.at, "timestamptz")}`;
    case "day": {
      const day = parameter(node.at, "timestamptz");
      return node.of === "after" ? `t.at >= ${day}` : `(t.kind IN ('SUBJECT', 'PERSON') OR t.at < ${day})`;
    }
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

/**
 * When a text was said. Subjects and people that came with an archive have no date of their own but that of the import, in
 * conversations whose latest words are older: they go by these.
 */
const timeSql = "CASE WHEN t.kind IN ('SUBJECT', 'PERSON') THEN least(t.at, p.sort_at) ELSE t.at END";

/** A word, whole or as its stem, or a part of a word. */
function wordSql(word: string, { stems, parameter }: Terms, isWhole: boolean): string {
  const part = () => `t.folded LIKE ${parameter(`%${likeOf(word)}%`, "text")}`;
  const whole = `t.words @@ ${parameter(wholeQuery({ kind: "word", word }, stems), "tsquery")}`;
  // Pairs of characters are in the index; the text itself says that they stand together.
  if (isUnspaced(word)) return `(${whole} AND ${part()})`;
  return isWhole || !isLookedForWithin(word) ? whole : `(${whole} OR ${part()})`;
}

/** These words side by side. The index of whole words finds them; the text itself says that they stand together. */
function phraseSql(words: readonly string[], parameter: Parameter): string {
  const [first = "", last = ""] = [words[0], words.at(-1)];
  const pattern = `%${isUnspaced(first) ? "" : " "}${likeOf(words.join(" "))}${isUnspaced(last) ? "" : " "}%`;
  return `(t.words @@ ${parameter(words.flatMap(lexemesOf).join(" & "), "tsquery")} AND t.folded LIKE ${parameter(pattern, "text")})`;
}

/** Whether `o`, whose recipient is `r`, is who was named: by address or name, or a part of either. */
function personSql(person: string, parameter: Parameter): string {
  if (person === "me") return "o.account_id = p.account_id";
  const part = parameter(`%${likeOf(person)}%`, "text");
  const words = wordsOf(person);
  // Folded, their names are among what is searched.
  const isNamed =
    words.length === 0
      ? "false"
      : `EXISTS (SELECT FROM searchable AS n WHERE n.conversation_id = o.conversation_id AND n.seq = o.seq
          AND n.folded LIKE ${parameter(`%${likeOf(words.join(" "))}%`, "text")} OFFSET 0)`;
  return `NOT o.is_erased AND (r.address LIKE ${part} OR lower(r.name) LIKE ${part} OR ${isNamed})`;
}
