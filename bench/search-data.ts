// What is searched in the bench: messages of made-up words, used as often as words of a language are, written straight into the tables.
import pg from "pg";
import type { Somebody } from "./stage.ts";

export interface SearchDataOptions {
  readonly databaseUrl: string;
  /** The first two search: one takes part in `many` conversations, the other in `few`. All others are in the rest. */
  readonly people: readonly Somebody[];
  readonly messages: number;
  progress(text: string): void;
}

/** How many conversations the first two of the people take part in. */
export interface SearchData {
  readonly many: number;
  readonly few: number;
}

const messagesInEach = 50;
const few = 20;
const manyMax = 10_000;
const vocabularySize = 50_000;
const [wordsMin, wordsMax] = [8, 28];
const syllables = [..."bdfgklmnprst"].flatMap((consonant) => [..."aeiou"].map((vowel) => `${consonant}${vowel}`));

/** The word that is used `rank`th most, from 0. Words have syllables in common, as those of languages do. */
export function wordOf(rank: number): string {
  let word = "";
  for (let left = rank + syllables.length; left > 0; left = Math.floor(left / syllables.length))
    word += syllables[left % syllables.length] ?? "";
  return word;
}

/** How often a word is used goes with one through its rank (Zipf's law). @param random from 0 to 1 */
export const rankOf = (random: number): number => Math.floor(vocabularySize ** random) - 1;

/** The same numbers in every run, from 0 to 1. */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const idSql = (text: string): string => `translate(rtrim(encode(sha256((${text})::bytea), 'base64'), '='), '+/', '-_')`;

/** Fills the database, in the order in which people would have said it: what one conversation has is all over the tables. */
export async function fillSearchData(options: SearchDataOptions): Promise<SearchData> {
  const { databaseUrl, people, messages, progress } = options;
  const conversations = Math.floor(messages / messagesInEach);
  const many = Math.min(manyMax, Math.floor(conversations / 2));
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 2,
    options: "-c synchronous_commit=off -c maintenance_work_mem=400MB -c max_parallel_maintenance_workers=0",
  });
  try {
    progress(`making up ${messages} messages`);
    await pool.query("CREATE SCHEMA search_data");
    await pool.query("CREATE UNLOGGED TABLE search_data.text (n int, text text)");
    await makeTexts(pool, messages);
    await pool.query("CREATE UNLOGGED TABLE search_data.person (n int, recipient uuid, account uuid)");
    await pool.query(
      `INSERT INTO search_data.person SELECT n - 1, recipient, account
      FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS p(recipient, account, n)`,
      [people.map(({ recipientId }) => recipientId), people.map(({ accountId }) => accountId)],
    );
    await pool.query(`CREATE UNLOGGED TABLE search_data.talk AS SELECT id, row_number() OVER (ORDER BY id)::int - 1 AS n
      FROM (SELECT ${idSql("'conversation ' || i")} COLLATE "C" AS id FROM generate_series(1, ${conversations}) AS i) AS t`);
    await pool.query("ANALYZE search_data.text, search_data.person, search_data.talk");
    progress("writing events");
    const indexes = await dropIndexes(pool, ["event", "message", "searchable"]);
    for (const sql of beginningsSql(conversations, many, people.length)) await pool.query(sql);
    await pool.query(saidSql(conversations));
    progress("writing messages and what is searched");
    await Promise.all([pool.query(messagesSql), pool.query(searchableSql)]);
    progress(`building ${indexes.length} indexes`);
    await Promise.all(indexes.map((sql) => pool.query(sql)));
    progress("vacuuming");
    await pool.query("DROP SCHEMA search_data CASCADE");
    await pool.query("VACUUM (ANALYZE)");
    await pool.query("CHECKPOINT");
  } finally {
    await pool.end();
  }
  return { many, few };
}

/** In JavaScript: PostgreSQL takes a word from an array of 50,000 by walking through it, and comes to no end. */
async function makeTexts(pool: pg.Pool, count: number): Promise<void> {
  const random = numbersFrom(7);
  const batch = 20_000;
  for (let from = 0; from < count; from += batch) {
    const texts = Array.from({ length: Math.min(batch, count - from) }, () =>
      Array.from({ length: wordsMin + Math.floor(random() * (wordsMax - wordsMin)) }, () =>
        wordOf(rankOf(random())),
      ).join(" "),
    );
    await pool.query(
      "INSERT INTO search_data.text SELECT $1::int + i - 1, text FROM unnest($2::text[]) WITH ORDINALITY AS t(text, i)",
      [from, texts],
    );
  }
}

/** Drops the indexes of these tables, the largest of which are built last. Returns what builds them again. */
async function dropIndexes(pool: pg.Pool, tables: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; table: string; sql: string; is_key: boolean }>(
    `SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS table, pg_get_indexdef(i.indexrelid) AS sql, i.indisprimary AS is_key
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS m ON m.oid = c.relam
    WHERE i.indrelid = ANY($1::text[]::regclass[]) ORDER BY m.amname <> 'gin'`,
    [tables],
  );
  for (const { name, table, is_key } of rows)
    await pool.query(is_key ? `ALTER TABLE ${table} DROP CONSTRAINT ${name}` : `DROP INDEX ${name}`);
  return rows.map(({ table, name, sql, is_key }) =>
    is_key
      ? `ALTER TABLE ${table} ADD CONSTRAINT ${name} PRIMARY KEY (conversation_id, ${table === "message" ? "id" : "seq"})`
      : sql,
  );
}

// Places in each log: 1 begins, 2 is the subject, 3 and 4 add people, from 5 on there are messages.
const firstMessage = 5;
const last = firstMessage + messagesInEach - 1;

/** As wide as real ones. No signature of them holds: nobody asks. */
const eventSql = (columns: {
  readonly seq: string;
  readonly id: string;
  readonly actor: string;
  readonly kind: readonly [action: string, model: string];
  readonly body: string;
  readonly from: string;
}): string => {
  const { seq, id, actor, kind, body, from } = columns;
  return `INSERT INTO event (conversation_id, seq, id, parent, timestamp, leader, key, signature, platform, platform_key, actor,
      sent_at, action, model, ref, body, salt)
    SELECT talk.id, ${seq}, ${id}, repeat('h', 43), timestamptz '2026-01-01' + make_interval(mins => ${seq} * 1000 + talk.n % 1000),
      'localhost', repeat('k', 43), repeat('s', 86), 'localhost', repeat('k', 43), ${actor},
      now(), '${kind[0]}', '${kind[1]}', repeat('r', 43), ${body}, repeat('s', 43)
    FROM search_data.talk AS talk ${from}`;
};

/** Conversations of three people each, with a subject. */
const beginningsSql = (conversations: number, many: number, people: number): readonly string[] => [
  `INSERT INTO participant (conversation_id, id, seq, recipient_id, account_id, name, role, status, via, mail, imported, latest, is_erased)
    SELECT id, who, seq, recipient, account, 'Person ' || person.n, CASE seq WHEN 1 THEN 'ADMIN' ELSE 'WRITER' END::"Role", 'ACTIVE',
      'localhost', false, false, who, false
    FROM (SELECT talk.id, talk.n, place.seq, CASE place.seq WHEN 1 THEN talk.id ELSE ${idSql("'person ' || talk.n || ' ' || place.seq")} END AS who
      FROM search_data.talk AS talk CROSS JOIN (VALUES (1), (3), (4)) AS place(seq)) AS one
    JOIN search_data.person AS person ON person.n = CASE
      WHEN seq = 3 AND one.n % ${Math.floor(conversations / many)} = 0 THEN 0
      WHEN seq = 4 AND one.n % ${Math.floor(conversations / few)} = 1 THEN 1
      ELSE 2 + (one.n * 7 + seq * 331) % ${people - 2} END`,
  `INSERT INTO participation (conversation_id, account_id, sort_at)
    SELECT conversation_id, account_id, now() FROM participant JOIN search_data.talk AS talk ON talk.id = conversation_id`,
  `INSERT INTO conversation (id, seq, head, timestamp, created_at, leader, participants, admins, subject_seq)
    SELECT id, ${last}, repeat('h', 43), now(), now(), 'localhost', 3, 1, 2 FROM search_data.talk`,
  "ANALYZE participant",
  eventSql({
    seq: "p.seq",
    id: "p.id",
    actor: "NULLIF(talk.id, p.id)",
    kind: ["add", "participant"],
    body: "jsonb_build_object('address', 'person@localhost', 'name', p.name)",
    from: "JOIN participant AS p ON p.conversation_id = talk.id ORDER BY p.seq, talk.id",
  }),
  "UPDATE event SET action = 'publish', model = 'conversation' WHERE seq = 1 AND conversation_id IN (SELECT id FROM search_data.talk)",
  eventSql({
    seq: "2",
    id: idSql("'subject ' || talk.n"),
    actor: "talk.id",
    kind: ["modify", "subject"],
    body: "jsonb_build_object('subject', text.text)",
    from: "JOIN search_data.text AS text ON text.n = talk.n ORDER BY talk.id",
  }),
];

const saidSql = (conversations: number): string =>
  eventSql({
    seq: "place.seq",
    id: idSql("'message ' || text.n"),
    actor: "p.id",
    kind: ["add", "message"],
    body: "jsonb_build_object('format', 'PLAIN', 'text', text.text, 'mentions', '[]'::jsonb, 'mail', NULL)",
    from: `CROSS JOIN generate_series(${firstMessage}, ${last}) AS place(seq)
      JOIN search_data.text AS text ON text.n = (place.seq - ${firstMessage}) * ${conversations} + talk.n
      JOIN participant AS p ON p.conversation_id = talk.id AND p.seq = (ARRAY[1, 3, 4])[1 + place.seq % 3]
      ORDER BY place.seq, talk.id`,
  });

// Of these conversations: there may be those of other rows.
const eventsSql = "(SELECT * FROM event WHERE conversation_id IN (SELECT id FROM search_data.talk))";

const messagesSql = `INSERT INTO message (conversation_id, id, seq, author, latest, words_seq, words_by)
  SELECT conversation_id, id, seq, actor, id, seq, actor FROM ${eventsSql} AS event WHERE model = 'message'`;

// The words are of no language.
const searchableSql = `INSERT INTO searchable (conversation_id, seq, kind, item, words_seq, author, at, language, words, folded)
  SELECT conversation_id, CASE kind WHEN 'SUBJECT' THEN 0 ELSE seq END, kind, CASE kind WHEN 'SUBJECT' THEN conversation_id ELSE id END,
    seq, coalesce(actor, id), timestamp, 'simple', to_tsvector('simple', text), ' ' || text || ' '
  FROM (SELECT *, CASE model WHEN 'message' THEN 'MESSAGE' WHEN 'subject' THEN 'SUBJECT' ELSE 'PERSON' END AS kind,
    lower(coalesce(body->>'text', body->>'subject', concat(body->>'name', ' person localhost'))) AS text FROM ${eventsSql} AS event) AS event`;
