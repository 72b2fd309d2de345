import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureAccount } from "../../src/accounts/accounts.ts";
import { progressBar } from "../../src/cli/progress-bar.ts";
import { openArchive } from "../../src/mail/archive/archive.ts";
import { contentOf, mboxOf } from "../mail/given.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runImport } from "../support/import-process.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-import-"));
  await writeFile(path("many.mbox"), mboxOf(many));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);

const withAlice = async (): Promise<TestDatabase> => {
  const database = await createTestDatabase({ poolSize: 1 });
  await ensureAccount(database.prisma, "alice@localhost", { platform: "localhost", domains: ["localhost"] });
  return database;
};

const threads = 30;
const mailsCount = 4_500;
const many = Array.from({ length: mailsCount }, (_, index) => ({
  id: `${index}@many`,
  from: `p${index % 50}@b.example`,
  text: `words ${index}`,
  ...(index >= threads && { references: `${index - threads}@many` }),
}));

const imports = (name: string) => ["mbox", path(name), "--as", "alice@localhost", "--json"];

test.each(["SIGKILL", "SIGINT"] as const)(
  "ended by %s in the middle and run again, it comes to the same as run once; run again, it adds nothing",
  async (signal) => {
    await using database = await withAlice();
    const { pool, url } = database;
    const first = await runImport(url, imports("many.mbox"), { signal, pool });
    const { rows } = await pool.query<{ count: number }>("SELECT count(*) FROM message");
    const before = rows[0]?.count ?? 0;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(mailsCount);
    if (signal === "SIGKILL") expect(first.code).toBe("SIGKILL");
    else {
      expect([first.code, first.errors]).toEqual([1, expect.stringContaining("Say the same again to go on")]);
      expect(first.summary()).toMatchObject({ imported: before, isStopped: true });
    }

    const second = await runImport(url, imports("many.mbox"));
    const { mails, imported, thereAlready } = second.summary();
    expect([mails, imported + thereAlready]).toEqual([mailsCount, mailsCount]);
    // What was being written when the process was killed is written nevertheless.
    expect(thereAlready).toBeGreaterThanOrEqual(before);
    expect(imported).toBeGreaterThan(0);
    const content = await contentOf(pool);
    const said = (thread: number) => many.filter((_, index) => index % threads === thread).map(({ text }) => text);
    const inThread = (texts: readonly string[]) => Number(texts[0]?.slice("words ".length));
    expect(content).toHaveLength(threads);
    for (const { said: messages } of content) {
      const texts = messages.map(({ text }) => text);
      expect(texts).toEqual(said(inThread(texts)));
      expect(messages.map(({ answers }) => answers)).toEqual([null, ...texts.slice(0, -1)]);
    }
    const third = await runImport(url, imports("many.mbox"));
    expect(third.summary()).toMatchObject({ imported: 0, thereAlready: mailsCount, conversationsFound: threads });
    expect(await contentOf(pool)).toEqual(content);
    expect((await pool.query("SELECT FROM delivery")).rowCount).toBe(0);
  },
);

test("what cannot be done is said with what to do", async () => {
  await using database = await withAlice();
  await writeFile(path("no.mbox"), "words\n\n");
  const as = ["--as", "alice@localhost"];
  const errorsOf = async (...args: readonly string[]) => {
    const { code, errors } = await runImport(database.url, args);
    expect(code).toBe(1);
    return errors;
  };
  expect(await errorsOf("mbox", path("none.mbox"), ...as)).toMatch(/none\.mbox cannot be read: ENOENT/);
  execFileSync("mkfifo", [path("pipe.mbox")]);
  for (const none of ["/dev/null", path("pipe.mbox")])
    expect(await errorsOf("mbox", none, ...as)).toMatch(/is no file.* cannot be a pipe/);
  expect(await errorsOf("mbox", path("no.mbox"), ...as)).toMatch(/is no mbox: it does not begin with "From "/);
  expect(await errorsOf("mbox", path("many.mbox"), "--as", "bob@localhost")).toMatch(
    /no account "bob@localhost" here\. Make it first: parley account create bob@localhost/,
  );
  expect(await errorsOf("mbox", path("many.mbox"))).toMatch(/^Say: parley import mbox FILE --as ADDRESS/);
  expect(await errorsOf("maildir", folder, ...as)).toMatch(
    /^"maildir" cannot be imported\. What can: parley import mbox/,
  );
  for (const address of ["rubbish", "", "@localhost"])
    expect(await errorsOf("mbox", path("many.mbox"), "--as", address)).toMatch(
      `"${address}" is not an address. Say --as name@localhost`,
    );
  expect((await database.pool.query("SELECT FROM conversation")).rowCount).toBe(0);
});

test.each([
  ["gz", "1f8b0800", "is compressed with gzip. Unpack it first, say gunzip -k "],
  ["zip", "504b03040a00", "is a zip archive. Unpack it first, say unzip "],
  ["bz2", "425a68393141", "is compressed with bzip2. Unpack it first, say bunzip2 -k "],
  ["xz", "fd377a585a000004", "is compressed with xz. Unpack it first, say unxz -k "],
])("what is packed is to be unpacked first: %s", async (name, hex, says) => {
  await writeFile(path(`packed.${name}`), Buffer.from(hex, "hex"));
  await expect(openArchive({ path: path(`packed.${name}`), nowMs: 0 })).rejects.toThrow(
    `${path(`packed.${name}`)} ${says}${path(`packed.${name}`)}`,
  );
});

test("single mails become an mbox by what is said of them", async () => {
  await using database = await withAlice();
  const mail = (id: string) => `Message-ID: <${id}>\r\nFrom: bob@b.example\r\n\r\nFrom: me\r\n\r\nFrom 10:30, 2002\r\n`;
  await mkdir(path("Maildir/cur"), { recursive: true });
  await mkdir(path("Maildir/new"));
  await mkdir(path("it's mails"));
  await writeFile(path("one.eml"), mail("1@x"));
  for (const [index, name] of ["Maildir/cur/a b:2,S", "Maildir/new/c", "it's mails/d.eml"].entries())
    await writeFile(path(name), mail(`${index + 2}@x`));
  // The last one, where what comes of it stands in the very folder.
  for (const [name, says, ids, where] of [
    ["one.eml", "is a single mail and no mbox", ["1@x"], ""],
    ["Maildir", "is a Maildir and no mbox", ["2@x", "3@x"], ""],
    ["it's mails", "is a folder and no mbox", ["4@x"], "it's mails"],
  ] as const) {
    const { errors } = await runImport(database.url, ["mbox", path(name), "--as", "alice@localhost"]);
    expect(errors).toContain(`${path(name)} ${says}`);
    const command = errors.trim().split(": ").slice(-1).join();
    execFileSync("sh", ["-c", command], { cwd: path(where), timeout: 10_000 });
    await using archive = await openArchive({ path: path(join(where, "joined.mbox")), nowMs: Date.now() });
    expect(archive.mails.map(({ id }) => id).sort()).toEqual(ids);
    for (const one of archive.mails) expect((await archive.read(one)).toString()).toBe(mail(one.id));
  }
  await mkdir(path("Apple.mbox"));
  await writeFile(path("Apple.mbox/mbox"), mboxOf([]));
  await expect(openArchive({ path: path("Apple.mbox"), nowMs: 0 })).rejects.toThrow(
    `The mbox is in it: ${path("Apple.mbox/mbox")}`,
  );
});

test("the summary says what became of every mail, and why", async () => {
  await using database = await withAlice();
  const mails = [
    { id: "1@x", text: "first" },
    { id: "1@x", text: "again" },
    { id: "2@x", from: "root", text: "bounced" },
    { id: "3@x", text: "y".repeat(300_000) },
    { id: "\u001b[2J@x", from: "root", text: "nobody's" },
  ];
  await writeFile(path("some.mbox"), mboxOf(mails));
  const { output, code } = await runImport(database.url, ["mbox", path("some.mbox"), "--as", "alice@localhost"]);
  expect(code).toBe(0);
  for (const line of [
    /^ +5 messages read$/,
    /^ +4 imported$/,
    /^ +0 there already$/,
    /^ +1 left out$/,
    /^ +4 threads, 0 of two or more, the longest of 1$/,
    /^ +4 conversations made$/,
    /^Left out, because:$/,
    /^ +1 another mail in the file has the same Message-ID, or, without one, the same bytes$/,
    /^ +<1@x>$/,
    /^Imported, but:$/,
    /^ +2 the sender has no address, and got one at “invalid”$/,
    // Nothing of it is for the terminal.
    /^ +<\\u\{1b\}\[2J@x>$/,
    /^ +1 the text is longer than a message may be, and was cut$/,
  ])
    expect(output.split("\n")).toContainEqual(expect.stringMatching(line));
});

test("at a terminal there is a bar with percent, messages, rate and time left; elsewhere a line every ten seconds", () => {
  const written: string[] = [];
  let time = 0;
  const write = (text: string) => written.push(text);
  const show = (isTTY: boolean) => {
    written.length = 0;
    time = 0;
    const terminal = { isTTY, columns: 100, write };
    using bar = progressBar({ title: "Importing", what: "messages", terminal, now: () => time });
    for (time = 0; time <= 20_000; time += 50) bar.show(time, 40_000, time / 10);
  };
  show(true);
  expect(written[0]).toBe("\r\u001b[KImporting [························] 0 %  0 messages");
  expect(written.at(-2)).toBe("\r\u001b[KImporting [████████████············] 50 %  2,000 messages  100/s  20 s left");
  expect(written.at(-1)).toBe("\r\u001b[K");
  expect(written.length).toBeLessThan(210);
  show(false);
  expect(written).toEqual([
    "Importing: 25 %, 1,000 messages, 100/s, 30 s left\n",
    "Importing: 50 %, 2,000 messages, 100/s, 20 s left\n",
  ]);
});
