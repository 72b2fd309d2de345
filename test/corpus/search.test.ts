// Sixty searches, through GraphQL, and what each has to find: over a real archive and real chats, whose files are scanned here in
// another way; and over a few conversations in six scripts, with everything that people may have of a conversation.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { conversationOf, done, givenPlatform, labelled, participantOf, type Somebody, said } from "../graphql/given.ts";
import { runImport } from "../support/import-process.ts";
import { bare, expectFound, type Imported, importedOf, type Matches, searchAll, words } from "./found.ts";
import { type ScannedMail, scanMbox } from "./scan-mbox.ts";

const corpora = process.env["PARLEY_TEST_DATA"] ?? "";
// An import takes longer than a hook may.
vi.setConfig({ hookTimeout: 300_000 });

const given = givenPlatform({ worker: false });

/** Texts in which this stands. */
const says =
  (...patterns: readonly RegExp[]): Matches =>
  ({ text }) =>
    patterns.every((pattern) => pattern.test(bare(text)));
const all =
  (...conditions: readonly Matches[]): Matches =>
  (text, known) =>
    conditions.every((condition) => condition(text, known));
const any =
  (...conditions: readonly Matches[]): Matches =>
  (text, known) =>
    conditions.some((condition) => condition(text, known));
const not =
  (condition: Matches): Matches =>
  (text, known) =>
    !condition(text, known);
const about =
  (pattern: RegExp): Matches =>
  (_, { subject }) =>
    pattern.test(bare(subject));
const isSaid: Matches = ({ kind }) => kind === "MESSAGE" || kind === "FILE";
const by = (pattern: RegExp): Matches => all(isSaid, (text) => pattern.test(bare(text.by)));
const to = (pattern: RegExp): Matches =>
  all(isSaid, ({ by }, { people }) => people.some((one) => one !== by && pattern.test(bare(one))));
const until =
  (day: string): Matches =>
  ({ sentMs }) =>
    sentMs < Date.parse(day);
const hasFile: Matches = ({ kind, key }, { withFiles }) =>
  kind === "FILE" || (kind === "MESSAGE" && withFiles.has(key));
const nothing: Matches = () => false;
/** What is in SPAM, or hidden: found where it is asked for. */
const isPutAway = about(/save up to 70%|zzzzteana/i);

/** A search, what it has to find, and what is marked. */
type Row = readonly [query: string, matches: Matches, marks: RegExp | null];

describe("Over five mailing lists of 2002", () => {
  let alice: Somebody;
  let imported: Imported;
  const own = { folder: "ARCHIVE", isMuted: true, isPinned: true, personalLabels: ["Desktop things"] } as const;

  beforeAll(async () => {
    alice = (await given.people("alice")).alice;
    const path = join(corpora, "mail-archive-spamassassin", "easy-ham-1.mbox");
    const mails = scanMbox(await readFile(path));
    // It says that it was sent in 2028, so the time of its arrival stands for it.
    const scanned = mails.map((mail) =>
      mail.sentMs > Date.now() ? { ...mail, sentMs: Date.parse("2002-10-04T17:19:14Z") } : mail,
    );
    await bring(alice, path);
    imported = await importedOf(given.platform, alice.address, scanned);
    for (const [conversation, { subject }] of imported.known) {
      if (/alsa/i.test(subject)) await done(alice.parley.participationUpdate({ conversation, ...own }));
      if (/save up to 70%/i.test(subject))
        await done(alice.parley.participationUpdate({ conversation, folder: "SPAM" }));
      if (/zzzzteana/i.test(subject)) await done(alice.parley.participationUpdate({ conversation, isHidden: true }));
    }
  });

  test.each<Row>([
    ["mplayer", says(/mplayer/i), /mplayer/i],
    ["MPlayer", says(/mplayer/i), /mplayer/i],
    ["ostgre", says(/ostgre/i), /ostgre/i],
    ["elephant", says(/elephant/i), /elephant/i],
    ["pystyttaa", says(/pystyttaa/i), /^pystyttaa$/i],
    ["Skyttä", says(/skytta/i), /skytta/i],
    ["Fahrlander", says(/fahrlander/i), /fahrlander/i],
    ["Socialism", says(words("social(?:s|isms?|i[sz](?:e|ed|es|ing|ation)|ly)?")), /social/i],
    ["zweiundvierzig", nothing, null],
    ['"apt get"', says(words("apt", "get")), /^apt.get$/is],
    ["apt-get", says(words("apt", "get")), /^apt.get$/is],
    ['"source rpm"', says(words("source", "rpm")), /^source\W+rpm$/i],
    ['"rpm source"', says(words("rpm", "source")), /^rpm\W+source$/i],
    ["fluxbox freshrpms", says(/fluxbox/i, /freshrpms/i), /fluxbox|freshrpms/i],
    ["subject:alsa", about(/alsa/i), /alsa/i],
    ["subject:alsa kernel", all(about(/alsa/i), says(/kernel/i)), /kernel|alsa/i],
    ["from:matthias@egwn.net alsa", all(by(/matthias@egwn\.net/i), says(/alsa/i)), /alsa/i],
    ['from:"Gary Lawrence Murphy" java', all(by(/gary lawrence murphy/i), says(/java/i)), /java/i],
    ["from:skytta", by(/skytta/i), null],
    ["-from:matthias alsa", all(not(by(/matthias/i)), says(/alsa/i)), /alsa/i],
    ["to:exmh-workers sequences", all(to(/exmh-workers/i), says(/sequence/i)), /sequence/i],
    ["from:me", nothing, null],
    ["to:me mplayer", all(isSaid, says(/mplayer/i)), /mplayer/i],
    ["has:attachment", hasFile, null],
    ["has:attachment exmh", all(hasFile, says(/exmh/i)), /exmh/i],
    ["mplayer before:2002-03", all(says(/mplayer/i), until("2002-03-01")), /mplayer/i],
    ["mplayer after:2003", nothing, null],
    ["alsa -before:2002-09-20", all(says(/alsa/i), not(until("2002-09-20"))), /alsa/i],
    ["from:rssfeeds after:2002-10-09", all(by(/rssfeeds/i), not(until("2002-10-09"))), null],
    [
      "kernel after:2002-08-20 before:2002-08-23",
      all(says(/kernel/i), not(until("2002-08-20")), until("2002-08-23")),
      /kernel/i,
    ],
    ["before:2002-02-02", until("2002-02-02"), null],
    ["has:attachment before:2002-09-05", all(hasFile, until("2002-09-05")), null],
    ["mplayer -rpm", all(says(/mplayer/i), not(says(/rpm/i))), /mplayer/i],
    ["pyzor OR elephant", any(says(/pyzor/i), says(/elephant/i)), /pyzor|elephant/i],
    ["(pyzor OR elephant) -razor", all(says(/pyzor|elephant/i), not(says(/razor/i))), /pyzor|elephant/i],
    ['label:"desktop things"', about(/alsa/i), null],
    ["in:archive kernel", all(about(/alsa/i), says(/kernel/i)), /kernel/i],
    ["is:pinned is:muted kernel", all(about(/alsa/i), says(/kernel/i)), /kernel/i],
    ["mplayer is:unread", nothing, null],
    ["mplayer is:read", all(says(/mplayer/i), ({ kind }) => kind === "MESSAGE"), /mplayer/i],
  ])("%s", async (query, matches, marks) => {
    const count = await expectFound(alice.parley, imported, query, all(matches, not(isPutAway)), marks);
    expect(count > 0).toBe(matches !== nothing);
  });

  test.each<Row>([
    ["in:spam", about(/save up to 70%/i), null],
    ["is:hidden zzzzteana", all(about(/zzzzteana/i), says(/zzzzteana/i)), /zzzzteana/i],
    ["in:anywhere mplayer OR zzzzteana", says(/mplayer|zzzzteana/i), /mplayer|zzzzteana/i],
  ])("%s", async (query, matches, marks) => {
    expect(await expectFound(alice.parley, imported, query, matches, marks)).toBeGreaterThan(0);
  });
});

describe("Over chats of Ubuntu's users", () => {
  let irene: Somebody;
  let imported: Imported;

  beforeAll(async () => {
    irene = (await given.people("irene")).irene;
    const file = await readFile(join(corpora, "conversations-ubuntu-irc", "ubuntu-irc-dev-test.jsonl"), "utf8");
    const chats = file
      .trimEnd()
      .split("\n")
      .map((line) => chatSchema.parse(JSON.parse(line)));
    const folder = await mkdtemp(join(tmpdir(), "parley-irc-"));
    const path = join(folder, "irc.mbox");
    await writeFile(path, chats.map(mailOfChat).join(""));
    await bring(irene, path);
    await rm(folder, { recursive: true });
    imported = await importedOf(given.platform, irene.address, chats.map(scannedChat));
  });

  test.each<Row>([
    ["k3b", says(/k3b/i), /k3b/i],
    ["ndiswrapper", says(/ndiswrapper/i), /ndiswrapper/i],
    ["ndiswrap", says(/ndiswrap/i), /ndiswrap/i],
    ["xorg.conf", says(words("xorg", "conf")), /^xorg.conf$/i],
    ['"sudo apt-get install"', says(words("sudo", "apt", "get", "install")), /^sudo apt.get install$/i],
    ["can't", says(words("can", "t")), /^can.t$/i],
    ["espanol", says(/espanol/i), /espanol/i],
    ["العربيه", says(/العربي[ةه]/), /العربي[ةه]/],
    ["from:ubottu nickname", all(by(/ubottu/i), says(/nickname/i)), /nickname/i],
    ["from:ubottu nickname -freenode", all(by(/ubottu/i), says(/nickname/i), not(says(/freenode/i))), /nickname/i],
    ["to:ikonia kernel", all(to(/ikonia/i), says(/kernel/i)), /kernel/i],
    ["grub -grub2", all(says(/grub/i), not(says(/grub2/i))), /grub/i],
    ["lilo OR ndiswrapper", says(/lilo|ndiswrapper/i), /lilo|ndiswrapper/i],
    ["kubuntu before:2008", all(says(/kubuntu/i), until("2008-01-01")), /kubuntu/i],
    ["from:xmetal after:2008-07-14", all(by(/xmetal/i), not(until("2008-07-14"))), null],
    ["nvidia has:attachment", nothing, null],
    ["subject:2016-12-19 grub", all(about(/2016-12-19/), says(/grub/i)), /grub|2016-12-19/i],
    // Nothing of the other archive, which is somebody else's.
    ["mplayer", says(/mplayer/i), /mplayer/i],
  ])("%s", async (query, matches, marks) => {
    const count = await expectFound(irene.parley, imported, query, matches, marks);
    expect(count > 0).toBe(matches !== nothing);
  });

  test("texts that have a word whole come before those that have it as a part of one", async () => {
    const found = await searchAll(irene.parley, "buntu OR grub");
    const hasWhole = says(words("(?:grub|buntu)s?"));
    const isWhole = found.map(({ conversation }) => {
      const known = imported.known.get(conversation.hash ?? "");
      return known?.texts.some((text) => hasWhole(text, known)) === true;
    });
    expect(isWhole).toContain(false);
    expect(isWhole.indexOf(false)).toBe(isWhole.filter((is) => is).length);
  });

  test("pages neither repeat nor leave out, forwards and backwards, whatever is said meanwhile", async () => {
    const query = "grub";
    const whole = (await searchAll(irene.parley, query)).map(({ conversation }) => conversation.hash);
    const paged: (string | null)[] = [];
    for (let after: string | null = null; ; ) {
      const { edges, pageInfo }: Page = await irene.parley.search({ query, first: 7, after });
      paged.push(...edges.map(({ node }) => node.conversation.hash));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
      // It would be the first, but for that the first page was asked for before.
      await said(irene, await conversationOf(irene, [], "Grub"), "grub");
      await given.platform.searchable();
    }
    expect(paged).toEqual(whole);
    const backwards: (string | null)[] = [];
    for (let before: string | null = null; ; ) {
      const { edges, pageInfo }: Page = await irene.parley.search({ query, last: 9, before });
      backwards.unshift(...edges.map(({ node }) => node.conversation.hash));
      if (!pageInfo.hasPreviousPage) break;
      before = pageInfo.startCursor;
    }
    expect(backwards.filter((hash) => whole.includes(hash))).toEqual(whole);
    expect(new Set(backwards).size).toBe(backwards.length);
  });
});

type Page = Awaited<ReturnType<Somebody["parley"]["search"]>>;

const chatSchema = z.object({
  ...{ day: z.string(), time: z.string(), line: z.number(), conversation: z.string() },
  ...{ sender: z.string(), text: z.string() },
});
type Chat = z.infer<typeof chatSchema>;

const encoded = (text: string): string => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
const addressOf = ({ sender }: Chat): string =>
  `${sender.toLowerCase().replace(/[^a-z\d]/g, (sign) => `-${sign.charCodeAt(0)}`)}@irc.example`;
const dateOf = ({ day, time }: Chat): Date => new Date(`${day.slice(0, 10)}T${time}:00Z`);

function scannedChat(chat: Chat): ScannedMail {
  return {
    ...{ id: `${chat.day}.${chat.line}@irc.example`, from: `${chat.sender} <${addressOf(chat)}>`, to: "" },
    ...{ subject: `Log of ${chat.day.slice(0, 10)}`, sentMs: dateOf(chat).getTime(), text: chat.text, files: [] },
  };
}

/** So that they come in as everything else does that was said elsewhere. */
function mailOfChat(chat: Chat): string {
  const { id, subject } = scannedChat(chat);
  const begun = chat.conversation.replace("#", ".");
  return [
    "From - Mon Sep  9 17:57:43 2002",
    `From: ${encoded(chat.sender)} <${addressOf(chat)}>`,
    `Date: ${dateOf(chat).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id}>`,
    ...(id.startsWith(`${begun}@`) ? [] : [`References: <${begun}@irc.example>`]),
    `Subject: ${subject}`,
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    Buffer.from(chat.text).toString("base64"),
    "",
    "",
  ].join("\n");
}

describe("In six scripts", () => {
  let dora: Somebody;
  beforeAll(async () => {
    dora = (await given.people("dora")).dora;
    for (const [subject, text] of [
      ["Frühstück im Café Größenwahn", "Treffen an der Straßenecke, danach Smørrebrød bei Łukasz"],
      ["Поездка на озеро", "Встречаемся у вокзала, билеты куплены, и ёлка тоже"],
      ["اجتماع الفريق", "سنناقش الميزانية الجديدة يوم الأحد"],
      ["项目计划", "请在星期五之前提交报告"],
      ["夏の旅行", "京都でラーメンを食べましょう"],
      ["주말 약속", "영화관 앞에서 만나요"],
    ] as const) {
      await said(dora, await conversationOf(dora, [], subject), text);
    }
    await given.platform.searchable();
  });

  test.each<[query: string, found: readonly string[]]>([
    ["fruhstuck", ["SUBJECT [Frühstück] im Café Größenwahn"]],
    ["CAFE grossenwahn", ["SUBJECT Frühstück im [Café] [Größenwahn]"]],
    ["strassen lukasz", ["MESSAGE Treffen an der [Straßenecke], danach Smørrebrød bei [Łukasz]"]],
    ['"smørrebrod bei"', ["MESSAGE Treffen an der Straßenecke, danach [Smørrebrød bei] Łukasz"]],
    ['"bei smørrebrod"', []],
    ["озера", ["SUBJECT Поездка на [озеро]"]],
    ["БИЛЕТ елка", ["MESSAGE Встречаемся у вокзала, [билеты] куплены, и [ёлка] тоже"]],
    ['"у вокзала"', ["MESSAGE Встречаемся [у вокзала], билеты куплены, и ёлка тоже"]],
    ["الميزانيه", ["MESSAGE سنناقش [الميزانية] الجديدة يوم الأحد"]],
    ["ميزانية الاحد", ["MESSAGE سنناقش [الميزانية] الجديدة يوم [الأحد]"]],
    ["subject:الفريق الميزانيه", ["MESSAGE سنناقش [الميزانية] الجديدة يوم الأحد"]],
    ["报告", ["MESSAGE 请在星期五之前提交[报告]"]],
    ["星期五 提交", ["MESSAGE 请在[星期五]之前[提交]报告"]],
    ["计划", ["SUBJECT 项目[计划]"]],
    ["告报", []],
    ["ラーメン", ["MESSAGE 京都で[ラーメン]を食べましょう"]],
    ["ﾗｰﾒﾝ 京都", ["MESSAGE [京都]で[ラーメン]を食べましょう"]],
    ["旅", ["SUBJECT 夏の[旅]行"]],
    ["영화", ["MESSAGE [영화]관 앞에서 만나요"]],
    ['"앞에서 만나"', ["MESSAGE 영화관 [앞에서 만나]요"]],
    ["약속 -영화관", ["SUBJECT 주말 [약속]"]],
  ])("%s", async (query, expected) => {
    expect(await shownTo(dora, query)).toEqual(expected);
  });
});

describe("Of what others say", () => {
  let dora: Somebody;
  let bob: Somebody;
  beforeAll(async () => {
    ({ dora, bob } = await given.people("dora", "bob"));
    const conversation = await conversationOf(dora, [[bob, "WRITER"]], "Glacier");
    await labelled(dora, conversation, "Field notes");
    await said(dora, conversation, "The expedition starts in June");
    await said(bob, conversation, "Expeditions are cold");
    await done(dora.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
    await said(dora, conversation, "A late expedition report");
    await labelled(dora, conversation, "Afterwards");
    await given.platform.searchable();
  });

  const early = ["MESSAGE The [expedition] starts in June", "MESSAGE [Expeditions] are cold"];
  const late = "MESSAGE A late [expedition] report";
  test.each<[who: "dora" | "bob", query: string, found: readonly string[]]>([
    ["dora", "expedition", [...early, late]],
    ["bob", "expedition", early],
    ["bob", "report", []],
    ["bob", "expedition from:dora", early.slice(0, 1)],
    ["dora", "expedition from:me", [early[0] ?? "", late]],
    ["dora", "expedition from:bob", early.slice(1)],
    ["dora", "expedition is:unread", early.slice(1)],
    ["dora", "expedition in:sent", [early[0] ?? "", late]],
    ["bob", 'expedition label:"field notes"', early],
    ["bob", "expedition label:afterwards", []],
    ["dora", "expedition label:afterwards", [...early, late]],
    ["dora", "in:archive expedition", []],
  ])("%s: %s", async (who, query, expected) => {
    expect((await shownTo(who === "dora" ? dora : bob, query)).toSorted()).toEqual(expected.toSorted());
  });

  test.each<[query: string, start: number, end: number]>([
    ["lunch before:soon", 13, 17],
    ['expedition "never ends', 11, 22],
    ["(expedition OR report", 0, 1],
    ["expedition)", 10, 11],
    ["expedition OR", 11, 13],
    ["has:wings", 4, 9],
    ["expedition from: bob", 11, 16],
    ["🧊 is:melting", 6, 13],
    ["", 0, 0],
  ])("%s says where it cannot be understood", async (query, start, end) => {
    const error = await dora.parley.search({ query }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", errors: [{ extensions: { start, end } }] });
  });
});

/** What somebody is shown, as `KIND marked text`. */
async function shownTo({ parley }: Somebody, query: string): Promise<readonly string[]> {
  const found = await searchAll(parley, query);
  return found.flatMap(({ hits }) =>
    hits.map(
      ({ kind, snippet }) => `${kind} ${snippet.map(({ text, isHit }) => (isHit ? `[${text}]` : text)).join("")}`,
    ),
  );
}

/** Imports a file as somebody, by the command. */
async function bring({ address }: Somebody, path: string): Promise<void> {
  const ended = await runImport(given.platform.databaseUrl, ["mbox", path, "--as", address, "--json"]);
  expect(ended.summary()).toMatchObject({ leftOut: {} });
  await given.platform.searchable();
  await given.platform.core.database.pool.query("ANALYZE");
}
