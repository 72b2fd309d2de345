// Searching: conversations in which an account may see what it looks for, best first, each with its best hits.
import type { Hash } from "../../protocol/hash.ts";
import type { SearchNode } from "../../search/grammar.ts";
import { languagesOfWord } from "../../search/language.ts";
import { plainTextOf } from "../../search/plain-text.ts";
import type { Needle } from "../../search/snippet.ts";
import type { AccountId } from "../conversation-store.ts";
import type { Query } from "./bounded-query.ts";
import type { SeenConversationRow } from "./conversations.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";
import { needlesIn, type Stem, type Terms, wordsIn } from "./search-conditions.ts";
import {
  type Extent,
  type FoundRow,
  hasOtherClauses,
  hasParts,
  isBefore,
  isLedByWords,
  type Lead,
  type LeadRow,
  leadStatement,
  listStatement,
  lookStatement,
  type QuotedRow,
  type Search,
  type SearchCursor,
  type Statement,
} from "./search-statement.ts";

/** A text in which it was found. */
export interface SearchHitRow {
  readonly kind: QuotedRow["kind"];
  /** The message, file or participant; the conversation for its subject. */
  readonly item: Hash;
  readonly at: Date;
  /** As its author wrote it. */
  readonly text: string;
  /** What to mark in it. */
  readonly needles: readonly Needle[];
}

export interface FoundConversation {
  readonly cursor: SearchCursor;
  /** The conversation, as the account sees it. */
  readonly row: SeenConversationRow;
  /** At most `hitsMax`, best first. */
  readonly hits: readonly SearchHitRow[];
}

export type Found = Page<FoundConversation>;

/** Where one way of searching becomes better than another. */
export interface SearchBounds {
  /** Up to so many conversations, an account's texts are counted. */
  readonly fewConversations: number;
  /** So many texts are read rather than asked of the index: that takes about 20 ms. */
  readonly fewTexts: number;
  /** From so many on, to ask of what was found whether its conversation is the account's beats listing the account's first. */
  readonly manyConversations: number;
}

const usualBounds: SearchBounds = { fewConversations: 200, fewTexts: 5_000, manyConversations: 2_000 };

export function searchReads(query: Query, bounds: SearchBounds = usualBounds) {
  /** The stems of words by the word, in the languages that it may be of. The word itself is none. */
  const stemsOf = async (words: readonly string[]): Promise<Terms["stems"]> => {
    const asked = words.flatMap((word) => languagesOfWord(word).map((language) => ({ word, language })));
    if (asked.length === 0) return new Map();
    const rows = await query<Stem & { readonly word: string }>(
      "search_stems",
      `SELECT word, stem, array_agg(language) AS languages FROM unnest($1::text[], $2::text[]) AS k(word, language)
      CROSS JOIN LATERAL unnest(ts_lexize((language || '_stem')::regdictionary, word)) AS stem
      WHERE stem <> word AND stem <> '' GROUP BY word, stem`,
      [asked.map(({ word }) => word), asked.map(({ language }) => language)],
    );
    return Map.groupBy(rows, ({ word }) => word);
  };

  const extentOf = async (accountId: AccountId): Promise<Extent> => {
    const { fewConversations, fewTexts, manyConversations } = bounds;
    const [row] = await query<{ conversations: number; events: number | null }>(
      "search_extent",
      `SELECT conversations, CASE WHEN conversations <= $2::int THEN (
          SELECT coalesce(sum(c.seq), 0) FROM (SELECT conversation_id FROM participation WHERE account_id = $1) AS p
          CROSS JOIN LATERAL (SELECT seq FROM conversation WHERE id = p.conversation_id OFFSET 0) AS c) END AS events
      FROM (SELECT count(*) AS conversations FROM (
        SELECT FROM participation WHERE account_id = $1 LIMIT $3::int) AS p) AS own`,
      [accountId, fewConversations, manyConversations],
    );
    const { conversations = 0, events = 0 } = row ?? {};
    if (events !== null && events <= fewTexts) return "few texts";
    return conversations < manyConversations ? "some conversations" : "many conversations";
  };

  const run = <Row extends object>({ name = null, text, values }: Statement & { readonly name?: string | null }) =>
    query<Row>(name === null ? null : `search_${name}`, text, values);

  /** The rows of a page and one more, where there is. */
  const byWords = async (search: Search, lead: Lead): Promise<readonly FoundRow[]> => {
    const { limit, isBackward } = search.request;
    if (!isBackward) {
      // A few more than the page has, for some may be gone; many more, where it takes more than words.
      const most = hasOtherClauses(search.node) ? 10 * (limit + 10) : limit + 10;
      const leads = await run<LeadRow>(leadStatement(search, lead, most));
      const last = leads.at(-1);
      if (!last) return [];
      const found = await run<FoundRow>(lookStatement(search, leads));
      const lowest = found.at(-1);
      const isFirst = leads.length < most || (lowest && found.length > limit && isBefore(lowest, last));
      const isWhole = lowest ? !lowest.isUnsure : !leads.some(({ isCut }) => isCut);
      if (isFirst && isWhole) return found;
    }
    return run<FoundRow>(lookStatement(search, lead));
  };

  const pageRows = async (search: Search, extent: Extent): Promise<readonly FoundRow[]> => {
    const { node, request } = search;
    if (!isLedByWords(node)) return run<FoundRow>(listStatement(search));
    if (!hasParts(node)) return byWords(search, { extent, isWhole: true });
    // Parts of words come last, and cost the most to find: they are looked for where whole words do not fill the page.
    const mayFill = extent !== "few texts" && !request.isBackward && request.after?.rank !== 0;
    const rows = mayFill ? await byWords(search, { extent, isWhole: true }) : [];
    return rows.length > request.limit ? rows : byWords(search, { extent, isWhole: false });
  };

  return {
    /** A page of conversations in which the account may see what it looks for. */
    search: async (accountId: AccountId, node: SearchNode, request: PageRequest<SearchCursor>): Promise<Found> => {
      const [stems, extent] = await Promise.all([stemsOf([...new Set(wordsIn(node))]), extentOf(accountId)]);
      const rows = await pageRows({ accountId, node, stems, request }, extent);
      const page = pageOf(rows, request);
      return {
        ...page,
        nodes: page.nodes.map(({ rank, at, hits, ...row }) => ({
          cursor: { id: row.id, rank, at },
          row,
          hits: hits.map(({ kind, item, at, text, format, language }) => ({
            kind,
            item,
            at: new Date(at),
            text: plainTextOf(text, format),
            needles: needlesIn(node, stems, language),
          })),
        })),
      };
    },
  };
}
