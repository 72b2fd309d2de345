// Rows: searching a million messages, as somebody with many conversations and as somebody with few: through the API against the
// search's own statements, and these against the plain way to ask the same.
import pg from "pg";
import { parseSearch } from "../../src/search/grammar.ts";
import { searchReads } from "../../src/store/read/search.ts";
import { startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, type Row } from "../measure.ts";
import { fillSearchData, numbersFrom, wordOf } from "../search-data.ts";
import type { Somebody, Stage } from "../stage.ts";

const inFlight = 16;
/** Of the platform, and of the pool that its statements and the plain one run on. */
const connections = 4;
const pageSize = 20;

const document = `query Search($query: String!) {
  search(query: $query, first: ${pageSize}) {
    edges { cursor node { conversation { hash subject } hits { kind at message { hash } snippet { text isHit } } } }
    pageInfo { hasNextPage }
  }
}`;

interface Statement {
  readonly name: string | null;
  readonly text: string;
  readonly values: readonly unknown[];
}

// The same question: words, or parts of words, in what the account takes part in. It asks less: of texts, not of
// conversations; not what was erased, nor since when somebody is removed.
const plainSql = `SELECT t.*, e.body->>'text' AS text FROM (
    SELECT conversation_id, kind, item, at, words_seq, ts_rank(words, $2::tsquery, 1) AS rank FROM searchable AS s
    WHERE (words @@ $2::tsquery OR folded LIKE $3)
      AND EXISTS (SELECT FROM participation AS p WHERE p.conversation_id = s.conversation_id AND p.account_id = $1)
    ORDER BY rank DESC, at DESC LIMIT ${pageSize}) AS t
  JOIN event AS e ON e.conversation_id = t.conversation_id AND e.seq = t.words_seq ORDER BY rank DESC, at DESC`;
const plainWordsSql = plainSql.replace(
  "(words @@ $2::tsquery OR folded LIKE $3)",
  "words @@ $2::tsquery AND $3::text <> ''",
);

export async function search(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [messages, rounds, seconds] = isQuick ? [100_000, 2, 2] : [1_000_000, 3, 4];
  const people = await stage.makePeople(1_000);
  const { databaseUrl } = stage;
  const { many, few } = await fillSearchData({ databaseUrl, people, messages, progress });
  await using stack = new AsyncDisposableStack();
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections, types });
  stack.defer(() => pool.end());
  const parley = stack.use(await stage.startParley("api"));
  const load = stack.use(startChild("./http-load.ts"));
  const port = Number(new URL(parley.url).port);
  const words = wordsOf(200, messages);

  const rows: Row[] = [];
  for (const [viewer, count] of [
    [people[0], many],
    [people[1], few],
  ] as const) {
    if (!viewer) throw new Error("there is nobody who searches");
    progress(`in ${count} conversations: looking for each word once`);
    const own = await Promise.all(words.map((word) => statementsOf(pool, viewer, word)));
    const plain = (text: string) =>
      words.map((word): readonly Statement[] => [
        { name: null, text, values: [viewer.accountId, `'${word}'`, `%${word}%`] },
      ]);
    const ways = {
      ours: async () => {
        // As many as take about as long, counted in a first short turn.
        const turn = (length: number): Load => ({
          port,
          inFlight,
          rate: null,
          requests: Array.from({ length }, (_, index) => requestOf(viewer, words[index % words.length] ?? "")),
          expects: '"edges"',
        });
        const measured = async (length: number) => {
          const loaded = await load.ask(turn(length), loadedSchema);
          if (loaded.failures > 0) throw new Error(`${loaded.failures} of ${length} failed: ${loaded.firstFailure}`);
          return (length * 1000) / loaded.elapsedMs;
        };
        return measured(Math.max(words.length, Math.round((await measured(inFlight * 2)) * seconds)));
      },
      own: () => rateOf(pool, own, seconds),
      plain: () => rateOf(pool, plain(plainSql), seconds),
      plainWords: () => rateOf(pool, plain(plainWordsSql), seconds),
    };
    const rates = { ours: [] as number[], own: [] as number[], plain: [] as number[], plainWords: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      for (const way of ["ours", "own", "plain", "plainWords"] as const) rates[way].push(await ways[way]());
      const shown = Object.entries(rates).map(([way, found]) => `${way} ${Math.round(found.at(-1) ?? 0)}/s`);
      progress(`in ${count} conversations: ${shown.join(", ")}`);
    }
    const perRound = (a: readonly number[], b: readonly number[]) =>
      a.map((rate, index) => (rate / (b[index] ?? 1)).toFixed(2)).join(" ");
    rows.push(
      {
        row: `search of ${messages} messages, viewer in ${count} conversations`,
        unit: "/s",
        ours: median(rates.ours),
        limit: median(rates.own),
        toReach: { ratio: { least: 0.7 } },
        told: { "limit's connections": connections, rounds: perRound(rates.ours, rates.own) },
      },
      {
        row: "… its statements against the plain EXISTS",
        unit: "/s",
        ours: median(rates.own),
        limit: median(rates.plain),
        toReach: { ratio: { least: 1 } },
        told: {
          "plain, without parts of words /s": median(rates.plainWords),
          rounds: perRound(rates.own, rates.plain),
        },
      },
    );
  }
  return rows;
}

/** Words as people look for: not the most common ones. Those that rank higher are as many as those that rank lower, on a logarithmic scale. */
function wordsOf(count: number, messages: number): readonly string[] {
  const random = numbersFrom(11);
  const [first, last] = [messages / 3_000, messages / 50];
  return Array.from({ length: count }, () => wordOf(Math.floor(first * (last / first) ** random())));
}

const requestOf = ({ token }: Somebody, query: string) => ({
  token,
  body: JSON.stringify({ query: document, variables: { query } }),
});

/** All statements that one search of the account comes to. */
async function statementsOf(pool: pg.Pool, { accountId }: Somebody, word: string): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  const reads = searchReads(async (name, text, values) => {
    statements.push({ name: name === null ? null : `read_${name}`, text, values });
    return (await pool.query({ text, values: [...values] })).rows;
  });
  const parsed = parseSearch(word);
  if (!("node" in parsed)) throw new Error(parsed.fault.message);
  await reads.search(accountId, parsed.node, { limit: pageSize, isBackward: false, after: null, before: null });
  return statements;
}

/** Searches a second, 16 in flight, each statement of one after the other. */
async function rateOf(pool: pg.Pool, searches: readonly (readonly Statement[])[], seconds: number): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < endsAt) {
        for (const { name, text, values } of searches[done++ % searches.length] ?? [])
          await pool.query({ ...(name !== null && { name }), text, values: [...values] });
      }
    }),
  );
  return (done * 1000) / (performance.now() - startedAt);
}
