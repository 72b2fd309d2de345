import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findViewer } from "../../../src/accounts/accounts.ts";
import { now, salt } from "../../../src/cli/now-and-salt.ts";
import { limits } from "../../../src/conversation/limits.ts";
import { type Archive, openArchive } from "../../../src/mail/archive/archive.ts";
import { type ImportOptions, importArchive } from "../../../src/mail/archive/import.ts";
import type { ImportSummary } from "../../../src/mail/archive/tally.ts";
import type { ConversationStore } from "../../../src/store/conversation-store.ts";
import { type Person, startPlatform, type TestPlatform } from "../../support/platform.ts";
import { contentOf, mboxOf, type Written } from "../given.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-mail-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
const archiveOf = async (text: string): Promise<Archive> => {
  const path = join(folder, `${files++}.mbox`);
  await writeFile(path, text, "latin1");
  return openArchive({ path, nowMs: Date.now() });
};

type Changed = Partial<Pick<ImportOptions, "store" | "signal" | "onProgress">>;

/** Imports as `NAME@localhost`. */
async function bring(
  { core }: TestPlatform,
  name: string,
  mails: readonly Written[] | string,
  changed: Changed = {},
): Promise<ImportSummary> {
  await using archive = await archiveOf(typeof mails === "string" ? mails : mboxOf(mails));
  const { pool, prisma } = core.database;
  const account = await findViewer(prisma, `${name}@localhost`);
  if (!account) throw new Error("there is no such account");
  const { store, signer } = core;
  return await importArchive({ archive, account, pool, store, signer, domains: ["localhost"], now, salt, ...changed });
}

interface Answer {
  readonly data: { readonly conversations: { readonly edges: readonly { readonly node: Listed }[] } };
}
interface Listed {
  readonly hash: string;
  readonly subject: string;
  readonly unread: number;
  readonly participants: { readonly edges: readonly { readonly node: Listed["creator"] }[] };
  readonly creator: {
    readonly role: string;
    readonly isImported: boolean;
    readonly recipient: { readonly address: string };
  };
  readonly messages: { readonly edges: readonly { readonly node: Message }[] };
}
interface Message {
  readonly body: string;
  readonly createdAt: string;
  readonly author: Listed["creator"];
  readonly parent: { readonly body: string } | null;
}

/** What the person's list shows. */
async function listOf({ url }: TestPlatform, { token }: Person): Promise<readonly Listed[]> {
  const who = "role isImported recipient { address }";
  const query = `{ conversations(first: 100) { edges { node { hash subject unread creator { ${who} }
    participants(first: 10) { edges { node { ${who} } } }
    messages(first: 10) { edges { node { body createdAt author { ${who} } parent { body } } } } } } } }`;
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { data }: Answer = JSON.parse(await answer.text());
  return data.conversations.edges.map(({ node }) => node);
}

const lunch: readonly Written[] = [
  { id: "1@b", day: 3, subject: "Lunch", to: "alice@localhost, Carol <carol@c.example>", text: "today?" },
  { id: "2@a", day: 4, from: "alice@localhost", to: "bob@b.example", references: "1@b", text: "yes" },
  { id: "3@c", day: 5, from: "carol@c.example", references: "1@b 2@a", text: "me too" },
];
const older: Written = { id: "4@d", day: 2, subject: "Older", from: "dave@localhost", text: "before" };

test("threads become conversations of the account, listed by their mails' time and read", async () => {
  await using platform = await startPlatform();
  const [alice, dave] = [await platform.person("alice"), await platform.person("dave")];
  const summary = await bring(platform, "alice", [...lunch, older]);
  expect(summary).toMatchObject({
    mails: 4,
    imported: 4,
    thereAlready: 0,
    conversationsMade: 2,
    conversationsFound: 0,
  });
  await platform.core.announcer.idle();

  const listed = await listOf(platform, alice);
  expect(listed.map(({ subject, unread }) => [subject, unread])).toEqual([
    ["Lunch", 0],
    ["Older", 0],
  ]);
  const said = listed[0]?.messages.edges.map(({ node }) => node) ?? [];
  expect(said.map(({ body, createdAt, parent }) => [body, createdAt, parent?.body ?? null])).toEqual([
    ["today?", "2002-09-03T10:00:00.000Z", null],
    ["yes", "2002-09-04T10:00:00.000Z", "today?"],
    ["me too", "2002-09-05T10:00:00.000Z", "yes"],
  ]);
  expect(listed[0]?.participants.edges.map(({ node }) => [node.recipient.address, node.role, node.isImported])).toEqual(
    [
      ["alice@localhost", "ADMIN", false],
      ["bob@b.example", "WRITER", true],
      ["carol@c.example", "WRITER", true],
    ],
  );
  expect(said[1]?.author).toMatchObject({ isImported: false, recipient: { address: "alice@localhost" } });

  // Whoever has an account here and stands in somebody's archive does not see it by that.
  expect(await listOf(platform, dave)).toEqual([]);
  const { pool } = platform.core.database;
  for (const table of ["delivery", "outbox", "graphile_worker._private_jobs"])
    expect((await pool.query(`SELECT FROM ${table}`)).rowCount).toBe(0);
});

test("doing it again adds nothing, and new mails go to the conversations of their threads", async () => {
  await using platform = await startPlatform();
  const alice = await platform.person("alice");
  const { pool } = platform.core.database;
  await bring(platform, "alice", lunch.slice(0, 2));
  const before = await contentOf(pool);
  const again = await bring(platform, "alice", lunch.slice(0, 2));
  expect(again).toMatchObject({ mails: 2, imported: 0, thereAlready: 2, conversationsMade: 0, conversationsFound: 1 });
  expect(await contentOf(pool)).toEqual(before);

  // Beside what is there; and from a file of its own, which has only the ids of what is there.
  await bring(platform, "alice", lunch);
  const alone = await bring(platform, "alice", [{ id: "5@b", day: 9, references: "1@b 9@z 3@c", text: "done" }]);
  expect(alone).toMatchObject({ imported: 1, conversationsMade: 0, conversationsFound: 1 });
  const [content, ...others] = await contentOf(pool);
  expect(others).toEqual([]);
  expect(content?.said.map(({ text, answers }) => [text, answers])).toEqual([
    ["today?", null],
    ["yes", "today?"],
    ["me too", "yes"],
    ["done", "me too"],
  ]);
  expect(content?.people).toHaveLength(3);
  await platform.core.announcer.idle();
  expect((await listOf(platform, alice))[0]?.unread).toBe(0);

  // Another account's archive is its own.
  await platform.person("bea");
  expect(await bring(platform, "bea", lunch)).toMatchObject({ imported: 3, conversationsMade: 1 });
});

test("words by those who are here stay unread, whatever is imported beside them", async () => {
  await using platform = await startPlatform();
  const [alice, bea] = [await platform.person("alice"), await platform.person("bea")];
  await bring(platform, "alice", lunch.slice(0, 1));
  const { store, database } = platform.core;
  const conversation = (await listOf(platform, alice))[0]?.hash ?? "";
  const value = { role: "WRITER", via: "localhost", mail: false, imported: false } as const;
  const viewer = await findViewer(database.prisma, bea.address);
  if (!viewer) throw new Error("there is no such account");
  const added = await store.append({
    ...{ conversation, accountId: alice.accountId, people: new Map([[bea.address, viewer]]) },
    command: { action: "add", model: "participant", value, body: { address: bea.address, name: null } },
  });
  const words = { format: "PLAIN", text: "hello", mentions: [], mail: null } as const;
  const said = await store.append({
    ...{ conversation, accountId: bea.accountId, command: { action: "add", model: "message", body: words } },
  });
  expect([added, said].map((one) => "entries" in one)).toEqual([true, true]);
  await bring(platform, "alice", lunch);
  await platform.core.announcer.idle();
  // Hers, and what came after it.
  expect((await listOf(platform, alice))[0]?.unread).toBe(2);
});

const many: readonly Written[] = Array.from({ length: 12 }, (_, index) => ({
  id: `${index}@many`,
  day: 1 + index,
  subject: `Subject ${index % 3}`,
  from: `person${index % 4}@b.example`,
  to: `alice@localhost, person${(index + 1) % 5}@b.example`,
  text: `words ${index}`,
  ...(index >= 3 && { references: `${index - 3}@many` }),
}));

test("broken off at any mail and done again, it comes to the same as done at once", async () => {
  await using whole = await startPlatform({ worker: false });
  await whole.person("alice");
  await bring(whole, "alice", many);
  const expected = await contentOf(whole.core.database.pool);
  expect(expected).toHaveLength(3);

  for (const survivors of [0, 1, 5, 11]) {
    await using platform = await startPlatform({ worker: false });
    await platform.person("alice");
    const { store, database } = platform.core;
    let count = 0;
    // As after kill -9: some were written, and nobody heard of it.
    const broken: ConversationStore = {
      ...store,
      append: async (request) => {
        if (count++ < survivors) await store.append(request);
        throw new Error("gone");
      },
    };
    await expect(bring(platform, "alice", many, { store: broken })).rejects.toThrow("gone");
    const { rowCount } = await database.pool.query("SELECT FROM message");
    const summary = await bring(platform, "alice", many);
    expect(summary).toMatchObject({ mails: 12, thereAlready: rowCount, imported: 12 - (rowCount ?? 0) });
    expect(await contentOf(database.pool)).toEqual(expected);
  }
});

test("two imports at the same time come to the same as one", async () => {
  await using whole = await startPlatform({ worker: false });
  await whole.person("alice");
  await bring(whole, "alice", many);
  await using platform = await startPlatform({ worker: false });
  await using other = await startPlatform({ worker: false, databaseUrl: platform.databaseUrl });
  await platform.person("alice");
  const both = await Promise.all([platform, other].map((one) => bring(one, "alice", many)));
  expect(both.reduce((sum, { imported }) => sum + imported, 0)).toBe(12);
  expect(both.map(({ mails }) => mails)).toEqual([12, 12]);
  expect(await contentOf(platform.core.database.pool)).toEqual(await contentOf(whole.core.database.pool));
});

test("told to stop, it begins nothing more and says so", async () => {
  await using platform = await startPlatform({ worker: false });
  await platform.person("alice");
  const stopping = new AbortController();
  const mails = Array.from({ length: 1_200 }, (_, index) => ({
    ...{ id: `${index}@stop`, text: `${index}`, references: `${index % 12}@root` },
  }));
  const summary = await bring(platform, "alice", mails, {
    signal: stopping.signal,
    onProgress: () => stopping.abort(),
  });
  expect(summary.isStopped).toBe(true);
  expect(summary.mails).toBeLessThan(1_200);
  expect(await bring(platform, "alice", mails)).toMatchObject({ mails: 1_200, thereAlready: summary.imported });
});

test("what is left out is counted with its reason, and the rest is imported", async () => {
  await using platform = await startPlatform();
  const alice = await platform.person("alice");
  const { store } = platform.core;
  const mails: readonly Written[] = [
    { id: "1@x", text: "first" },
    { id: "1@x", text: "again" },
    { text: "without an id" },
    { text: "without an id" },
    { id: "2@x", from: "Mailer Daemon", text: "bounced", more: "Content-Type: text/plain" },
    { id: "3@x", references: "1@x", day: 3, text: "later" },
  ];
  const text = `${mboxOf(mails)}From - Mon Sep  9 17:57:43 2002\nno headers at all\n\n`;
  const summary = await bring(platform, "alice", text);
  expect(summary).toMatchObject({ mails: 7, imported: 4 });
  expect([...summary.leftOut].map(([reason, { count, examples }]) => [reason, count, examples.length])).toEqual([
    ["duplicate", 2, 2],
    ["noMail", 1, 1],
  ]);
  expect(summary.leftOut.get("duplicate")?.examples[0]).toBe("<1@x>");
  expect(summary.notes.get("madeUpSender")?.count).toBe(1);
  expect(await bring(platform, "alice", text)).toMatchObject({ mails: 7, imported: 0, thereAlready: 4 });

  const contents = await contentOf(platform.core.database.pool);
  const found = contents.find(({ said }) => said.some((one) => one.text === "first"));
  expect(found?.said.map((one) => one.text)).toEqual(["first", "later"]);
  // Who left a conversation brings nothing more into it.
  const listed = await listOf(platform, alice);
  const left = listed.find(({ messages }) => messages.edges.some(({ node }) => node.body === "first"))?.hash ?? "";
  await store.append({
    ...{ conversation: left, accountId: alice.accountId },
    command: { action: "remove", model: "participant", item: left },
  });
  const after = await bring(platform, "alice", [...mails, { id: "4@x", references: "1@x", text: "too late" }]);
  expect(after.leftOut.get("notTakingPart")?.examples).toEqual(["<4@x>"]);
});

test("nobody's words are brought who takes part and speaks for themselves", async () => {
  await using platform = await startPlatform();
  const [alice, bea] = [await platform.person("alice"), await platform.person("bea")];
  await bring(platform, "alice", lunch.slice(0, 1));
  const { store, database } = platform.core;
  const conversation = (await listOf(platform, alice))[0]?.hash ?? "";
  const viewer = await findViewer(database.prisma, bea.address);
  if (!viewer) throw new Error("there is no such account");
  const value = { role: "WRITER", via: "localhost", mail: false, imported: false } as const;
  await store.append({
    ...{ conversation, accountId: alice.accountId, people: new Map([[bea.address, viewer]]) },
    command: { action: "add", model: "participant", value, body: { address: bea.address, name: null } },
  });
  const summary = await bring(platform, "alice", [
    ...lunch.slice(0, 1),
    { id: "6@b", from: bea.address, references: "1@b", text: "as if by bea" },
    { id: "7@b", to: bea.address, references: "1@b", text: "to bea" },
  ]);
  expect(summary.leftOut.get("speaksForThemselves")?.examples).toEqual(["<6@b>"]);
  expect(summary.imported).toBe(1);
});

test("a conversation has as many participants as there may be; places are kept for those who say something", async () => {
  await using platform = await startPlatform({ worker: false });
  await platform.person("alice");
  const to = Array.from({ length: 1_200 }, (_, index) => `to${index}@c.example`).join(",\n ");
  const summary = await bring(platform, "alice", [
    { id: "1@x", to, text: "to all" },
    { id: "2@x", day: 2, references: "1@x", from: "new@d.example", text: "from one more" },
  ]);
  expect([summary.imported, summary.notes.get("recipientsLeftOut")?.count]).toEqual([2, 1]);
  const [content] = await contentOf(platform.core.database.pool);
  expect(content?.people).toHaveLength(limits.participants);

  const crowd = Array.from({ length: limits.participants + 5 }, (_, index) => ({
    ...{ id: `${index}@crowd`, from: `p${index}@e.example`, to: "alice@localhost", text: `${index}` },
    ...(index > 0 && { references: "0@crowd" }),
  }));
  const crowded = await bring(platform, "alice", crowd);
  // Alice is one of them.
  expect([crowded.imported, crowded.leftOut.get("full")?.count]).toEqual([limits.participants - 1, 6]);
});

test("files stand in the log by name, and go with their message", async () => {
  await using platform = await startPlatform();
  await platform.person("alice");
  const part = "--b\nContent-Type: image/png; name=cat.png\nContent-Transfer-Encoding: base64\n\nAAEC\n--b--";
  const mail = { id: "1@x", more: "Content-Type: multipart/mixed; boundary=b", text: `--b\n\nlook\n${part}` };
  expect(await bring(platform, "alice", [mail])).toMatchObject({ imported: 1, files: 1 });
  expect(await bring(platform, "alice", [mail])).toMatchObject({ imported: 0, thereAlready: 1, files: 0 });
  const [content] = await contentOf(platform.core.database.pool);
  expect(content?.said).toMatchObject([{ text: "look", files: ["cat.png"] }]);
  const answer = { id: "2@x", references: "1@x", text: "nice" };
  await bring(platform, "alice", [answer]);
  expect((await contentOf(platform.core.database.pool))[0]?.said[1]).toMatchObject({ text: "nice", answers: "look" });
});

test("a large thread is imported in portions, each standing on the one before", async () => {
  await using platform = await startPlatform({ worker: false });
  await platform.person("alice");
  const mails = Array.from({ length: 600 }, (_, index) => ({
    ...{ id: `${index}@long`, text: `${index}`, from: `p${index % 7}@b.example` },
    ...(index > 0 && { references: `${index - 1}@long` }),
  }));
  expect(await bring(platform, "alice", mails.toReversed())).toMatchObject({ imported: 600, conversationsMade: 1 });
  const [content] = await contentOf(platform.core.database.pool);
  expect(content?.said.map(({ text, answers }) => [text, answers])).toEqual(
    mails.map((_, index) => [`${index}`, index === 0 ? null : `${index - 1}`]),
  );
  expect(content?.people).toHaveLength(8);
});

test("ids that no mail program makes are ids all the same: each mail is imported once, and answers find what they answer", async () => {
  await using platform = await startPlatform();
  await platform.person("alice");
  const ids = [
    ...[
      "\u0000@nul",
      "\u001b]0;x\u0007@escape",
      "a\u0085b@c1",
      "ä\u00ff@latin",
      "__proto__",
      "constructor",
      "raw x",
      "left out 0",
      "at 0",
    ],
    ...[`${"x".repeat(20_000)}@long`, "'; DROP TABLE event; --", "\\u0000@backslash", "mail:x", " blanks within @x"],
  ];
  const mails = ids.flatMap((id, index) => [
    { id, text: `first ${index}` },
    {
      id: `answer${index}@a`,
      references: id.trim().replaceAll(" ", "_"),
      text: `answer ${index}`,
      more: `In-Reply-To: <${id}>`,
    },
  ]);
  const first = await bring(platform, "alice", mails);
  expect(Object.fromEntries(first.leftOut)).toEqual({});
  expect(first.imported).toBe(mails.length);
  const again = await bring(platform, "alice", mails);
  expect([again.imported, again.thereAlready]).toEqual([0, mails.length]);
});

test("what no text of the protocol may have is no harm, wherever a mail has it", async () => {
  await using platform = await startPlatform();
  await platform.person("alice");
  const bad = [
    "\u0000",
    "=?utf-8?B?AAAA?=",
    "=?utf-16?B?2AA=?=",
    "=?utf-8?B?7aCA?=",
    "=?utf-16le?B?ANg=?=",
    "\u001b[2J",
  ];
  const file = (name: string) =>
    `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\nANgAAA==\n--b\nContent-Type: app${name}/x${name}; name="${name}"\nContent-Disposition: attachment; filename*=utf-16''%00%D8%00%00; filename="a${name}b"\n\nx\n--b--`;
  const mails: Written[] = bad.flatMap((one, index) => [
    { id: `s${index}@a`, subject: `a ${one} b`, text: `words ${one} and` },
    {
      id: `f${index}@a`,
      from: `"Bob ${one} B" <bob${index}@b.example>`,
      to: `C ${one} <c${one}c@c.example>, d@d.example`,
    },
    { id: `o${index}@a`, from: `${one}`, to: `${one}@${one}` },
    { id: `g${index}@a`, from: `"x${one}"@b.example` },
    { id: `a${index}@a`, more: file(one), text: "" },
    { id: `d${index}@a`, references: one, more: `In-Reply-To: <${one}>` },
  ]);
  const first = await bring(platform, "alice", mails);
  expect(Object.fromEntries(first.leftOut)).toEqual({});
  expect(first.imported).toBe(mails.length);
});
