// The statements that find a page of conversations.
//
// Where words are looked for, the index leads to the texts that have them. Each conversation's best text says its place: how well it
// fits, then when it was said. From the best on, as many conversations are taken as a page has and a few more; then they are looked
// into: what the account may see of them, and what else is asked. So a place is an upper bound until its conversation is looked into,
// and where it turns out lower, or too many are left out, all of them are. To look into all at once took ten times as long as to find
// them; and the statement that does it has a name, for to plan it took as long as to run it. The one that leads has none: it is
// planned for its words.
//
// Where nothing leads to texts, the account's conversations are gone through in the order of its list, the latest first.
import type { SearchNode } from "../../search/grammar.ts";
import type { AccountId } from "../conversation-store.ts";
import { ownSql } from "./conversation-list.ts";
import { type SeenConversationRow, seenColumns } from "./conversations.ts";
import { isErasedSql } from "./erased-sql.ts";
import { horizonSql } from "./horizon.ts";
import type { PageRequest } from "./page.ts";
import {
  askedOf,
  type Clause,
  conditionSql,
  daysOf,
  isWholeQueryAll,
  leavesOf,
  mayBePart,
  rankQuery,
  type Terms,
  wholeQuery,
} from "./search-conditions.ts";

/** Place of a conversation among what was found: best first, then the latest, then by id. */
export interface SearchCursor {
  readonly rank: number;
  /** Of the best text, in milliseconds; where nothing ranks, of the conversation in the account's list, in microseconds. */
  readonly at: number;
  readonly id: string;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** How many conversations the account has: where there are few texts, it is quicker to read them than to ask the index. */
export type Extent = "few texts" | "some conversations" | "many conversations";

export interface Search {
  readonly accountId: AccountId;
  readonly node: SearchNode;
  readonly stems: Terms["stems"];
  readonly request: PageRequest<SearchCursor>;
}

/** Texts that are shown of each conversation. */
export const hitsMax = 3;

/** As far into a text is looked for what to quote: bounds what a page of long texts takes. */
const quotedCharacters = 20_000;

/** The clauses of a search that have to hold all, by what they are asked of. */
interface Clauses {
  /** Of words, which the index finds. */
  readonly words: readonly SearchNode[];
  readonly text: readonly Clause[];
  readonly conversation: readonly SearchNode[];
  readonly both: readonly SearchNode[];
}

function clausesOf(node: SearchNode): Clauses {
  const clauses = node.kind === "and" ? node.nodes : [node];
  const asking = (what: string) => clauses.filter((clause) => askedOf(clause) === what);
  const isOfWords = (clause: SearchNode) => wholeQuery(clause, new Map()) !== null;
  return {
    words: asking("text").filter(isOfWords),
    text: [...asking("text").filter((clause) => !isOfWords(clause)), ...daysOf(clauses)],
    conversation: asking("conversation"),
    both: asking("both"),
  };
}

/** Whether words lead to texts; else conversations are gone through. */
export const isLedByWords = (node: SearchNode): boolean => clausesOf(node).words.length > 0;

/** Whether parts of words may be found where whole words are not. */
export const hasParts = (node: SearchNode): boolean => clausesOf(node).words.some(mayBePart);

/** Whether a text that has the words may be none of what is looked for. */
export const hasOtherClauses = (node: SearchNode): boolean => clausesOf(node).both.length > 0;

// A place is one number: rank above the time, which is counted from year 1 so that it is never below 0.
const timeBits = 49;
const yearOneMs = 62_135_596_800_000;
const rankMax = 8_000;
const placeSql = (rank: string, atMs: string): string =>
  `((${rank})::bigint << ${timeBits}) + (${atMs})::bigint + ${yearOneMs}`;
const placeOf = ({ rank, at }: SearchCursor): string =>
  String((BigInt(rank) << BigInt(timeBits)) + BigInt(at) + BigInt(yearOneMs));

class Builder implements Terms {
  readonly values: unknown[];
  readonly stems: Terms["stems"];
  readonly #request: PageRequest<SearchCursor>;

  constructor({ accountId, stems, request }: Search) {
    this.values = [accountId];
    this.stems = stems;
    this.#request = request;
  }

  readonly parameter = (value: unknown, type: string): string => `$${this.values.push(value)}::${type}`;

  /** All of these conditions. */
  all(clauses: readonly Clause[], isWhole = false): string {
    return [...clauses].map((clause) => ` AND (${conditionSql(clause, this, isWhole)})`).join("");
  }

  /** What was put away is found where it is asked for. */
  inSight(node: SearchNode): string {
    const asked = leavesOf(node);
    if (asked.some(({ kind }) => kind === "in")) return "true";
    const isHiddenAsked = asked.some((one) => one.kind === "is" && one.state === "HIDDEN");
    return `p.folder NOT IN ('SPAM', 'TRASH')${isHiddenAsked ? "" : " AND NOT p.is_hidden"}`;
  }

  /** Whether a place lies between the page's cursors. */
  between(place: string, id: string, placeOf: (cursor: SearchCursor) => unknown): string {
    const { after, before } = this.#request;
    const bound = (cursor: SearchCursor | null, operator: string) =>
      cursor === null
        ? ""
        : ` AND (${place}, ${id}) ${operator} (${this.parameter(placeOf(cursor), "bigint")}, ${this.parameter(cursor.id, "text")})`;
    return `${bound(after, "<")}${bound(before, ">")}`;
  }

  get direction(): string {
    return this.#request.isBackward ? "ASC" : "DESC";
  }

  /** One more than the page has. */
  get limit(): number {
    return this.#request.limit + 1;
  }
}

/** The conversation of `id` as the account, $1, has it. */
const participationSql = (id: string): string => `(SELECT p.*, own.* FROM (
    SELECT conversation_id, account_id, folder, is_hidden, is_muted, is_pinned, sort_at FROM participation
    WHERE conversation_id = ${id} AND account_id = $1 OFFSET 0) AS p
  CROSS JOIN LATERAL (${ownSql}) AS own OFFSET 0)`;

/** Where the account, $1, keeps it. */
const ownSight = (id: string): string => `(SELECT folder, is_hidden FROM participation
    WHERE conversation_id = ${id} AND account_id = $1 OFFSET 0)`;

/** That the account may see the text `t`, whose words are the event `w`'s. */
const isSeenSql = `t.seq <= p.horizon AND t.words_seq <= p.horizon AND w.body IS NOT NULL AND NOT ${isErasedSql("w")}`;
const wordsOfText = `(SELECT * FROM event WHERE conversation_id = t.conversation_id AND seq = t.words_seq OFFSET 0)`;

/** A conversation to look into, and where in it. */
export interface LeadRow {
  readonly id: string;
  /** Of the best texts, best first: at most `leadsMax`, where `isCut` there are more. */
  readonly seqs: readonly number[];
  /** As text, for they are larger than numbers here may be. */
  readonly places: readonly string[];
  readonly isCut: boolean;
}

/** Texts of one conversation that are led to. */
const leadsMax = 20;

/** Which texts words lead to. */
export interface Lead {
  readonly extent: Extent;
  /** Whether parts of words do not count, of which all that has the words whole ranks higher. */
  readonly isWhole: boolean;
}

/** The conversations that words lead to, of which the first `most` are to be looked into. Gives `LeadRow`s, best first. */
export function leadStatement(search: Search, lead: Lead, most: number): Statement {
  const build = new Builder(search);
  return { text: leadSql(build, search, lead, most), values: build.values };
}

/** @param most null: all */
function leadSql(build: Builder, { node, request }: Search, { extent, isWhole }: Lead, most: number | null): string {
  const { parameter, stems } = build;
  const clauses = clausesOf(node);
  const whole = clauses.words.map((clause) => `(${wholeQuery(clause, stems)})`).join(" & ");
  const hasWholeSql = `t.words @@ ${parameter(whole, "tsquery")}${build.all(
    clauses.words.filter((clause) => !isWholeQueryAll(clause)),
    true,
  )}`;
  const isFitting = `${isWhole ? hasWholeSql : `true${build.all(clauses.words)}`}${build.all(clauses.text)}`;
  // What kind of text it is counts as well; parts of words find, and rank last.
  const weight = `least(${rankMax}, greatest(1, round(1000 * ts_rank(t.words, ${parameter(rankQuery(node, stems), "tsquery")}, 1)
    * CASE t.kind WHEN 'SUBJECT' THEN 4 WHEN 'PERSON' THEN 1 ELSE 2 END)))::int`;
  const rank = isWhole ? weight : `CASE WHEN ${hasWholeSql} THEN ${weight} ELSE 0 END`;
  const ownIds = "SELECT conversation_id FROM participation WHERE account_id = $1";
  const hits = {
    "few texts": `(${ownIds} OFFSET 0) AS o CROSS JOIN LATERAL (
        SELECT * FROM searchable WHERE conversation_id = o.conversation_id OFFSET 0) AS t WHERE ${isFitting}`,
    "some conversations": `(SELECT * FROM searchable AS t WHERE ${isFitting} OFFSET 0) AS t
      WHERE t.conversation_id IN (${ownIds})`,
    "many conversations": `searchable AS t WHERE ${isFitting}`,
  }[extent];
  // Those before the page may still come to lie on it.
  const earlier = (after: SearchCursor): string =>
    `(SELECT count(*) FROM best WHERE (place, id) >= (${parameter(placeOf(after), "bigint")}, ${parameter(after.id, "text")}))`;
  const inOrder = most === null ? "" : "ORDER BY place DESC, id DESC";
  const leads = (what: string) =>
    `(array_agg(${what} ORDER BY hit.place DESC, hit.seq DESC))${most === null ? "" : `[:${leadsMax}]`}`;
  return `WITH hit AS MATERIALIZED (
      SELECT t.conversation_id AS id, t.seq, ${placeSql(rank, "date_part('epoch', t.at) * 1000")} AS place FROM ${hits}
    ), best AS (
      SELECT id, max(place) AS place FROM hit GROUP BY id
    ), taken AS MATERIALIZED (
      SELECT best.id, best.place FROM (SELECT * FROM best ${inOrder}) AS best
      CROSS JOIN LATERAL ${clauses.conversation.length > 0 ? participationSql("best.id") : ownSight("best.id")} AS p
      WHERE ${build.inSight(node)}${build.all(clauses.conversation)}
      ${most === null ? "" : `${inOrder} LIMIT ${most}${request.after ? ` + ${earlier(request.after)}` : ""}`}
    )
    SELECT id, ${leads("hit.seq")} AS seqs, ${leads("hit.place::text")} AS places, count(*) > ${leadsMax} AS "isCut"
    FROM taken JOIN hit USING (id) GROUP BY id, taken.place ORDER BY taken.place DESC, id DESC`;
}

/** What is found when conversations are looked into: the conversation, and where in it. */
export interface FoundRow extends SeenConversationRow {
  /** As text. */
  readonly place: string;
  readonly rank: number;
  readonly at: number;
  readonly hits: readonly QuotedRow[];
  /** Of all of them: whether texts that were left out might have been found. */
  readonly isUnsure: boolean;
}

/** A text in which it was found. */
export interface QuotedRow {
  readonly kind: "MESSAGE" | "SUBJECT" | "FILE" | "PERSON";
  /** The message, file or participant; the conversation for its subject. */
  readonly item: string;
  readonly at: string;
  readonly format: string | null;
  /** That it is indexed in. */
  readonly language: string;
  /** As its author wrote it. */
  readonly text: string;
}

/**
 * What the account may see of these conversations, and what else is asked of them: one more than the page has. Gives
 * `FoundRow`s.
 * @param leads from `leadStatement`; or which texts to look into, all of them
 */
export function lookStatement(
  search: Search,
  leads: readonly LeadRow[] | Lead,
): Statement & { readonly name: string | null } {
  const { node } = search;
  const build = new Builder(search);
  const { direction, limit, parameter } = build;
  const isGiven = "length" in leads;
  const led = isGiven
    ? `(SELECT id, seqs::int[], places::bigint[], is_cut FROM unnest(${parameter(
        leads.map(({ id }) => id),
        "text[]",
      )}, ${parameter(
        leads.map(({ seqs }) => `{${seqs.join()}}`),
        "text[]",
      )}, ${parameter(
        leads.map(({ places }) => `{${places.join()}}`),
        "text[]",
      )}, ${parameter(
        leads.map(({ isCut }) => isCut),
        "boolean[]",
      )}) AS led(id, seqs, places, is_cut))`
    : `(SELECT id, seqs, places::bigint[], false AS is_cut FROM (${leadSql(build, search, leads, null)}) AS led)`;
  const { both } = clausesOf(node);
  const text = `WITH looked AS (
      SELECT led.id, led.is_cut, seen.place, seen.seqs FROM ${led} AS led CROSS JOIN LATERAL ${participationSql("led.id")} AS p
      CROSS JOIN LATERAL (
        SELECT max(place) AS place, array_agg(seq ORDER BY place DESC, seq DESC) AS seqs FROM (
          SELECT hit.place, hit.seq
          FROM (SELECT * FROM unnest(led.seqs, led.places) AS hit(seq, place) ORDER BY place DESC, seq DESC) AS hit
          CROSS JOIN LATERAL (SELECT * FROM searchable WHERE conversation_id = led.id AND seq = hit.seq OFFSET 0) AS t
          CROSS JOIN LATERAL ${wordsOfText} AS w
          WHERE ${isSeenSql}${build.all(both)} LIMIT ${hitsMax}) AS one
      ) AS seen
    ), page AS (
      SELECT id, place, seqs FROM looked WHERE place IS NOT NULL${build.between("place", "id", placeOf)}
      ORDER BY place ${direction}, id ${direction} LIMIT ${parameter(limit, "int")}
    )
    SELECT ${seenColumns}, place::text, (place >> ${timeBits})::int AS rank, (place & ((1::bigint << ${timeBits}) - 1)) - ${yearOneMs} AS at, hits,
      (SELECT coalesce(bool_or(is_cut AND coalesce(cardinality(seqs), 0) < ${hitsMax}), false) FROM looked) AS "isUnsure"
    FROM ${quotedSql("page")} ORDER BY page.place ${direction}, page.id ${direction}`;
  const { after, before } = search.request;
  // One of a few texts, where nothing is asked but words.
  const name = isGiven && both.length === 0 ? `look${after ? "_after" : ""}${before ? "_before" : ""}` : null;
  return { name, text, values: build.values };
}

/** Whether a conversation that was found lies before all that were not looked into, the last of which is given. */
export function isBefore(found: FoundRow, last: LeadRow): boolean {
  const [place, highest] = [BigInt(found.place), BigInt(last.places[0] ?? 0)];
  return place > highest || (place === highest && found.id >= last.id);
}

/** Goes through the account's conversations in the order of its list: one more than the page has. Gives `FoundRow`s. */
export function listStatement(search: Search): Statement {
  const { node } = search;
  const build = new Builder(search);
  const { direction, limit } = build;
  const clauses = clausesOf(node);
  const leaves = leavesOf(node);
  // Who asks for subjects wants to see them.
  const first = leaves.some(({ kind }) => kind === "subject") ? "(t.kind = 'SUBJECT') DESC," : "";
  // What is unread is among this, for what is searchable is announced.
  const isPerhapsUnread = clauses.both.some((clause) => clause.kind === "is" && clause.state === "UNREAD")
    ? " AND p.may_be_unread"
    : "";
  const atUs = "(extract(epoch FROM p.sort_at) * 1000000)::bigint";
  const text = `WITH page AS (
      SELECT p.conversation_id AS id, own.place, seen.seqs
      FROM (SELECT p.*, ${atUs} AS place FROM participation AS p
        WHERE account_id = $1 AND ${build.inSight(node)}${isPerhapsUnread}${build.between(atUs, "p.conversation_id", ({ at }) => at)}
        ORDER BY sort_at ${direction}, conversation_id ${direction}) AS own
      CROSS JOIN LATERAL ${participationSql("own.conversation_id")} AS p
      CROSS JOIN LATERAL (
        SELECT array_agg(seq ORDER BY n) AS seqs FROM (
          SELECT t.seq, row_number() OVER () AS n FROM (
            SELECT * FROM searchable AS t WHERE conversation_id = p.conversation_id AND seq <= p.horizon AND words_seq <= p.horizon
              ${build.all([...clauses.text, ...clauses.both])} ORDER BY ${first} t.at DESC, t.seq DESC) AS t
          CROSS JOIN LATERAL ${wordsOfText} AS w WHERE ${isSeenSql} LIMIT ${hitsMax}) AS one
      ) AS seen
      WHERE true${build.all(clauses.conversation)} AND seen.seqs IS NOT NULL
      ORDER BY own.sort_at ${direction}, own.conversation_id ${direction} LIMIT ${limit}
    )
    SELECT ${seenColumns}, place::text, 0 AS rank, place AS at, hits, false AS "isUnsure"
    FROM ${quotedSql("page")} ORDER BY page.place ${direction}, page.id ${direction}`;
  return { text, values: build.values };
}

/** Rows of `page` with the texts of its `seqs`, and with the conversation as the account sees it. */
const quotedSql = (page: string): string => `${page} CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('kind', t.kind, 'item', t.item, 'at', t.at, 'format', w.body->>'format', 'language', t.language, 'text', left(
      coalesce(w.body->>'text', w.body->>'subject', w.body->>'title', concat_ws(' ', w.body->>'name', w.body->>'address')),
      ${quotedCharacters})) ORDER BY hit.n) AS hits
    FROM unnest(${page}.seqs) WITH ORDINALITY AS hit(seq, n)
    CROSS JOIN LATERAL (SELECT * FROM searchable WHERE conversation_id = ${page}.id AND seq = hit.seq OFFSET 0) AS t
    CROSS JOIN LATERAL ${wordsOfText} AS w
  ) AS quoted
  CROSS JOIN LATERAL (SELECT * FROM conversation WHERE id = ${page}.id OFFSET 0) AS c ${horizonSql("c.id", "$1")}`;
