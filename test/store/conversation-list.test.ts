// A page of the list costs the same wherever it is and however much the account has: counted in what PostgreSQL reads.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { everywhere, type ListFilter } from "../../src/store/read/conversation-list.ts";
import type { PageRequest } from "../../src/store/read/page.ts";
import { createReader } from "../../src/store/read/reader.ts";
import type { ListCursor } from "../../src/store/read/views.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const conversations = 20_000;
const accountId = randomUUID();
const opened = new AsyncDisposableStack();
let database: TestDatabase;
let watching: Database;

// Of each ten conversations one is unread, one pinned, one spoken in, two are archived; the rare person is in twenty.
beforeAll(async () => {
  database = opened.use(await createTestDatabase({ poolSize: 1 }));
  watching = opened.use(await openDatabase({ url: database.url, poolSize: 1, log: silentLogger }));
  const { pool } = database;
  // Of commits that may not be on disk yet, VACUUM does not tell the index that everybody sees them.
  await pool.query("SET synchronous_commit = on");
  const id = "rpad('c' || i, 43, 'x')";
  const at = "timestamptz '2026-11-21' - make_interval(secs => i)";
  const from = `FROM generate_series(1, ${conversations}) AS i`;
  await pool.query(`INSERT INTO recipient (address, kind) VALUES
    ('viewer@localhost', 'LOCAL'), ('everywhere@localhost', 'LOCAL'), ('rare@localhost', 'LOCAL')`);
  await pool.query(`INSERT INTO conversation
      (id, seq, head, timestamp, created_at, leader, participants, admins, subject_seq)
    SELECT ${id}, 5, 'h', ${at}, ${at}, 'localhost', 3, 1, 2 ${from}`);
  await pool.query(`INSERT INTO event
      (conversation_id, seq, id, timestamp, leader, key, signature, platform, platform_key, sent_at, action, model, actor, body)
    SELECT ${id}, 2, 's', ${at}, 'localhost', 'k', 's', 'localhost', 'k', ${at}, 'modify', 'subject', 'everywhere',
      jsonb_build_object('subject', 'Number ' || i) ${from}`);
  for (const [name, isThere] of [
    ["viewer", "true"],
    ["everywhere", "true"],
    ["rare", "i % 1000 = 7"],
  ] as const) {
    await pool.query(
      `INSERT INTO participant
        (conversation_id, id, seq, recipient_id, account_id, role, status, via, mail, imported, latest, is_erased, read_up_to)
      SELECT ${id}, '${name}', length('${name}'), (SELECT id FROM recipient WHERE address = '${name}@localhost'),
        ${name === "viewer" ? "$1::uuid" : "gen_random_uuid()"}, 'WRITER', 'ACTIVE', 'localhost', false, false, 'l', false,
        CASE WHEN i % 10 = 1 THEN 0 ELSE 5 END ${from} WHERE ${isThere}`,
      name === "viewer" ? [accountId] : [],
    );
  }
  await pool.query(
    `INSERT INTO participation (conversation_id, account_id, sort_at, folder, is_pinned, may_be_unread, has_said, words_seq)
    SELECT ${id}, $1, ${at}, (CASE WHEN i % 10 IN (4, 5) THEN 'ARCHIVE' ELSE 'INBOX' END)::"Folder",
      i % 10 = 2, i % 10 = 1, i % 10 = 3, 5 ${from}`,
    [accountId],
  );
  await pool.query(`INSERT INTO message (conversation_id, id, seq, author, latest, words_seq, words_by)
    SELECT ${id}, 'm', 5, 'everywhere', 'l', 5, 'everywhere' ${from}`);
  // Others have lists as well.
  await pool.query(`INSERT INTO participation (conversation_id, account_id, sort_at)
    SELECT conversation_id, account_id, now() FROM participant WHERE id <> 'viewer'`);
  // VACUUM too: the index alone then tells what there is.
  await pool.query("VACUUM ANALYZE");
}, 60_000);
afterAll(() => opened.disposeAsync());

interface Reads {
  readonly scans: number;
  readonly rows: number;
}

const readsOf = async (): Promise<Reads> => {
  await database.pool.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await watching.pool.query<Reads>(
    `SELECT sum(seq_scan)::int AS scans, sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows
    FROM pg_stat_user_tables WHERE relname IN ('participation', 'participant', 'conversation', 'message', 'event', 'label')`,
  );
  return rows[0] ?? expect.fail("no counts");
};

/** What is read each time, once the plans of named statements have settled. */
const costOf = async (read: () => Promise<unknown>): Promise<Reads> => {
  for (let round = 0; round < 8; round++) await read();
  const before = await readsOf();
  for (let round = 0; round < 4; round++) await read();
  const after = await readsOf();
  return { scans: after.scans - before.scans, rows: (after.rows - before.rows) / 4 };
};

const middle: ListCursor = { sortUs: Date.parse("2026-11-21T00:00:00Z") * 1_000 - (conversations / 2) * 1e6, id: "c" };
const pages: Readonly<Record<string, Partial<PageRequest<ListCursor>>>> = {
  first: {},
  last: { isBackward: true },
  "in the middle": { after: middle },
  "in the middle, backwards": { before: middle, isBackward: true },
};

test.each<[string, Partial<ListFilter>]>([
  ["everything", {}],
  ["one folder", { folders: ["ARCHIVE"] }],
  ["what is unread", { isUnread: true }],
  ["what is pinned", { isPinned: true }],
  ["where the account said something", { hasSaid: true }],
  ["one person who is everywhere", { person: "everywhere@localhost" }],
  ["one person who is in a few", { person: "rare@localhost" }],
  ["a folder that is empty", { folders: ["REQUESTS"] }],
  ["hidden ones, of which there are none", { isHidden: true }],
])("pages of %s read no more than some pages' worth of rows, wherever they are", async (_, filter) => {
  for (const [name, page] of Object.entries(pages)) {
    const request = { limit: 50, isBackward: false, after: null, before: null, ...page };
    const { scans, rows } = await costOf(() =>
      createReader(database.pool).listRows(accountId, { ...everywhere, ...filter }, request),
    );
    expect(scans, name).toBe(0);
    expect(rows, name).toBeLessThan(1_500);
  }
});

test("a page has its conversations' subjects", async () => {
  const request = { limit: 2, isBackward: false, after: null, before: null };
  const rows = await createReader(database.pool).listRows(accountId, everywhere, request);
  expect(rows.map(({ subject }) => subject)).toEqual(["Number 1", "Number 2", "Number 3"]);
});

test("folders are counted by the index, and what is unread is looked for only among what may be", async () => {
  const read = () => createReader(database.pool).folderCounts(accountId);
  expect(await read()).toEqual(
    expect.arrayContaining([
      // Counted up to a thousand.
      { folder: "INBOX", conversations: conversations * 0.8, unread: 1_000 },
      { folder: "ARCHIVE", conversations: conversations * 0.2, unread: 0 },
    ]),
  );
  const { scans, rows } = await costOf(read);
  expect(scans).toBe(0);
  // Each conversation once, and of the unread a few rows each.
  expect(rows).toBeLessThan(conversations + 6_000);
});
