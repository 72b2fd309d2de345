// A real archive: five mailing lists of 2002 in one mbox, with what its maker counted in it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createParley } from "../../sdk/src/index.ts";
import { openArchive } from "../../src/mail/archive/archive.ts";
import { parseMail } from "../../src/mail/archive/parse-mail.ts";
import { diagnose } from "../../src/store/doctor.ts";
import { contentOf } from "../mail/given.ts";
import { createDatabase } from "../support/database.ts";
import { runImport } from "../support/import-process.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";

const folder = join(process.env["PARLEY_TEST_DATA"] ?? "", "mail-archive-spamassassin");
const path = join(folder, "easy-ham-1.mbox");

const statsSchema = z.object({
  messages: z.number(),
  threads_by_references: z.number(),
  threads_of_2_or_more: z.number(),
  longest_thread: z.number(),
});
let stats: z.infer<typeof statsSchema>;
beforeAll(async () => {
  stats = statsSchema.parse(JSON.parse(await readFile(join(folder, "stats.json"), "utf8")));
});

test("every mail of the archive is read, and belongs to a thread of those that were counted", async () => {
  await using archive = await openArchive({ path, nowMs: Date.parse("2026-11-21T00:00:00Z") });
  const sizes = archive.threads.map(({ mails }) => mails.length);
  expect(archive.mails).toHaveLength(stats.messages);
  expect(archive.mails.filter(({ fault }) => fault !== null)).toEqual([]);
  expect(sizes).toHaveLength(stats.threads_by_references);
  expect(sizes.filter((size) => size > 1)).toHaveLength(stats.threads_of_2_or_more);
  expect(Math.max(...sizes)).toBe(stats.longest_thread);
  const unread: string[] = [];
  for (const mail of archive.mails) {
    const { subject, text, from } = await parseMail(await archive.read(mail));
    if (`${subject}${text}${from.name}`.includes("\ufffd")) unread.push(mail.id);
  }
  expect(unread).toEqual([]);
});

const imports = ["mbox", path, "--as", "alice@localhost", "--json"];

const importWhole = async ({ databaseUrl }: TestPlatform) => (await runImport(databaseUrl, imports)).summary();

/** A platform that serves alice, on a database that is looked at here. */
async function withAlice(stack: AsyncDisposableStack) {
  const { url } = stack.use(await createDatabase());
  const platform = stack.use(await startPlatform({ databaseUrl: url, worker: false }));
  return { platform, pool: platform.core.database.pool, alice: await platform.person("alice") };
}

test("imported beside a running platform, it is listed and opened there; mails nobody", async () => {
  await using stack = new AsyncDisposableStack();
  const { platform, pool, alice } = await withAlice(stack);
  expect(await importWhole(platform)).toMatchObject({
    mails: stats.messages,
    imported: stats.messages,
    thereAlready: 0,
    threads: stats.threads_by_references,
    conversationsMade: stats.threads_by_references,
    leftOut: {},
  });
  await using parley = createParley({ url: platform.url, token: alice.token });
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const { edges, pageInfo } = await parley.conversations({ first: 100, ...(after !== undefined && { after }) });
    expect(edges.filter(({ node }) => node.unread > 0)).toEqual([]);
    seen.push(...edges.map(({ node }) => node.hash ?? ""));
    after = pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
  } while (after !== undefined);
  expect(new Set(seen).size).toBe(stats.threads_by_references);

  const { rows } = await pool.query<{ conversation_id: string; said: Date }>(
    `SELECT m.conversation_id, max((e.body->'mail'->>'date')::timestamptz) AS said
     FROM message AS m JOIN event AS e USING (conversation_id, seq) GROUP BY 1`,
  );
  const saidAt = new Map(rows.map((row) => [row.conversation_id, row.said.toISOString()]));
  const times = seen.map((hash) => saidAt.get(hash) ?? "");
  expect(times).toEqual(times.toSorted().toReversed());
  // One says that it was sent in 2028.
  expect(times.filter((time) => !time.startsWith("2002"))).toEqual([]);

  const { rows: longest } = await pool.query<{ conversation_id: string }>(
    "SELECT conversation_id FROM message GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
  );
  const opened = await parley.messages({ conversation: longest[0]?.conversation_id ?? "", first: 100 });
  const messages = opened?.messages.edges.map(({ node }) => node) ?? [];
  expect(messages).toHaveLength(stats.longest_thread);
  expect(messages.filter(({ createdAt }) => !createdAt?.startsWith("2002"))).toEqual([]);
  expect(messages.filter(({ parent }) => parent !== null).length).toBeGreaterThan(30);
  for (const table of ["delivery", "peer_head", "outbox"])
    expect((await pool.query(`SELECT FROM ${table}`)).rowCount).toBe(0);
  // Tests' databases have nobody who does it in the background, and without it every table is read whole.
  await pool.query("ANALYZE");
  expect((await diagnose(pool)).differences).toEqual([]);
});

test("killed in the middle and run again, it comes to the same; a third run adds nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const whole = await withAlice(stack);
  await importWhole(whole.platform);
  await whole.pool.query("ANALYZE");
  const expected = await contentOf(whole.pool);

  const { platform, pool } = await withAlice(stack);
  const killed = await runImport(platform.databaseUrl, imports, { signal: "SIGKILL", pool });
  expect(killed.code).toBe("SIGKILL");
  const again = await importWhole(platform);
  expect(again.mails).toBe(stats.messages);
  expect(again.thereAlready).toBeGreaterThan(0);
  expect(again.imported).toBe(stats.messages - again.thereAlready);
  expect(again.imported).toBeGreaterThan(0);
  await pool.query("ANALYZE");
  expect(await contentOf(pool)).toEqual(expected);
  const events = async () => (await pool.query("SELECT FROM event")).rowCount;
  const before = await events();
  expect(await importWhole(platform)).toMatchObject({
    imported: 0,
    thereAlready: stats.messages,
    conversationsMade: 0,
    conversationsFound: stats.threads_by_references,
  });
  expect(await events()).toBe(before);
  expect((await pool.query("SELECT FROM delivery")).rowCount).toBe(0);
});
