// What can be searched: rows of `searchable`, written some time after events are announced and deleted with the bodies
// that they are made of. A row is made of what is so now, whichever event it is written for: so writing it again, late, or
// out of order comes to the same.
import { setImmediate } from "node:timers/promises";
import type pg from "pg";
import { fold, indexedWords, wordPattern } from "../search/fold.ts";
import { languageOf } from "../search/language.ts";
import { plainTextOf } from "../search/plain-text.ts";
import type { Place } from "./conversation-store.ts";
import { errorCode } from "./error-code.ts";
import { isErasedSql } from "./read/erased-sql.ts";
import { type LostWords, type SearchableSource, sourcesOf } from "./searchable-sources.ts";

/** What two transactions take in turns: to write texts, of which there may be many at once; to delete those of erased bodies. */
const searchableLock = "hashtext('parley searchable')";

/**
 * Makes what these events said searchable, and unsearchable what they took the place of where their own words are not here.
 * Safe to repeat. Lets the event loop go on between texts.
 * @param client in a transaction: who erases meanwhile waits for its end, and finds what it wrote
 * @returns the places of texts that the database refuses; one by one, so that none of the others is left out
 */
export async function indexTexts(client: pg.ClientBase, places: readonly Place[]): Promise<readonly Place[]> {
  await client.query("SAVEPOINT texts");
  try {
    await client.query(`SELECT pg_advisory_xact_lock_shared(${searchableLock})`);
    const sources = await sourcesOf(client, places);
    if (sources.lost.length === 0) {
      await writeAll(client, sources.texts);
      return [];
    }
    // Others may be writing the earlier words, which they read before there were later ones: they finish first. What
    // is held goes with the savepoint, so that two never wait for each other.
    await client.query("ROLLBACK TO SAVEPOINT texts");
    await holdIndexing(client);
    const { texts, lost } = await sourcesOf(client, places);
    await writeAll(client, texts);
    await deleteEarlier(client, lost);
    return [];
  } catch (error) {
    // Data exceptions and limits, https://www.postgresql.org/docs/18/errcodes-appendix.html.
    if (!/^(22|54)/.test(errorCode(error) ?? "")) throw error;
    await client.query("ROLLBACK TO SAVEPOINT texts");
  }
  if (places.length < 2) return places;
  // One that has to write alone must not wait for what others hold, with what it wrote before in its own hands.
  await holdIndexing(client);
  const refused: Place[] = [];
  for (const place of places) refused.push(...(await indexTexts(client, [place])));
  return refused;
}

/** As much is written by one statement, about: so that long texts do not take longer than a statement may. */
const writtenCharacters = 300_000;

async function writeAll(client: pg.ClientBase, texts: readonly SearchableSource[]): Promise<void> {
  // In one order in every process, so that two never wait for each other.
  const sources = texts.toSorted((a, b) =>
    a.conversation_id < b.conversation_id ? -1 : a.conversation_id > b.conversation_id ? 1 : a.seq - b.seq,
  );
  let written: (SearchableText & { readonly language: string })[] = [];
  let characters = 0;
  for (const source of sources) {
    const text = searchableText(source);
    written.push({ ...text, language: languageOf(text.plain) });
    characters += text.folded.length;
    if (characters > writtenCharacters) {
      await write(client, written);
      written = [];
      characters = 0;
    }
    await setImmediate();
  }
  if (written.length > 0) await write(client, written);
}

/** Takes out the words that others took the place of. */
async function deleteEarlier(client: pg.ClientBase, lost: readonly LostWords[]): Promise<void> {
  await client.query({
    name: "search_delete_earlier",
    text: `DELETE FROM searchable AS s USING json_to_recordset($1::json) AS k(conversation_id text, seq int, words_seq int)
      WHERE s.conversation_id = k.conversation_id AND s.seq = k.seq AND s.words_seq <= k.words_seq`,
    values: [JSON.stringify(lost.map(({ conversation_id, seq, words_seq }) => ({ conversation_id, seq, words_seq })))],
  });
}

/** A row of `searchable` before its words are turned to lexemes. */
export interface SearchableText extends Omit<SearchableSource, "text" | "format"> {
  /** As people read it. */
  readonly plain: string;
  /** The words of the index of whole words, with spaces between. */
  readonly indexed: string;
  readonly folded: string;
}

export function searchableText({ text, format, ...row }: SearchableSource): SearchableText {
  const plain = plainTextOf(text, format);
  const words = fold(plain).match(wordPattern) ?? [];
  // A space before and behind each word: so that whole words can be looked for.
  return { ...row, plain, indexed: indexedWords(words).join(" "), folded: ` ${words.join(" ")} ` };
}

/** The lexemes of a text in a language, as SQL: its words as they are, and their stems. */
export const lexemesSql = (language: string, indexed: string, folded: string): string =>
  `CASE ${language} WHEN 'simple' THEN to_tsvector('simple', ${indexed})
    ELSE to_tsvector('simple', ${indexed}) || to_tsvector(${language}::regconfig, ${folded}) END`;

async function write(
  client: pg.ClientBase,
  written: readonly (SearchableText & { readonly language: string })[],
): Promise<void> {
  await client.query({
    name: "search_write",
    text: `INSERT INTO searchable AS s (conversation_id, seq, kind, item, words_seq, author, at, language, words, folded)
      SELECT conversation_id, seq, kind, item, words_seq, author, at, language,
        ${lexemesSql("language", "indexed", "folded")}, folded
      FROM json_to_recordset($1::json) AS k(conversation_id text, seq int, kind text, item text, words_seq int, author text,
        at timestamptz, language text, indexed text, folded text)
      ON CONFLICT (conversation_id, seq) DO UPDATE SET kind = excluded.kind, item = excluded.item,
        words_seq = excluded.words_seq, author = excluded.author, at = excluded.at,
        language = excluded.language, words = excluded.words, folded = excluded.folded
      WHERE s.words_seq <= excluded.words_seq`,
    values: [JSON.stringify(written.map(({ plain: _, ...row }) => row))],
  });
}

/** Waits for those who are making texts searchable, and keeps others from it until the transaction ends. */
export async function holdIndexing(client: pg.ClientBase): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${searchableLock})`);
}

/** Whether what the row `s` of `searchable` was made of is not there, or erased. */
export const isTextGoneSql = (s: string): string =>
  `NOT EXISTS (SELECT FROM event AS w WHERE w.conversation_id = ${s}.conversation_id AND w.seq = ${s}.words_seq
    AND w.body IS NOT NULL AND NOT ${isErasedSql("w")} OFFSET 0)`;
