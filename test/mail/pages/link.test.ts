// What a mail's link opens for whoever has it: the conversation up to that mail, and nothing else.
import { expect, test } from "vitest";
import { mailToken, newSecret, tokenPurposes } from "../../../src/mail/mail-token.ts";
import { conversationOf, done, givenPlatform, headOf, said } from "../../graphql/given.ts";
import { addByMail, addFile, ask, mailTo } from "./given.ts";

const given = givenPlatform({ worker: false });

async function mailed({ name = "Carol", body = "Shall we meet?" } = {}) {
  const { alice } = await given.people("alice");
  const { pool } = given.platform.core.database;
  const conversation = await conversationOf(alice);
  const message = await said(alice, conversation, body);
  const carol = await addByMail(pool, alice.parley, conversation, { name });
  const mail = await mailTo(pool, carol);
  const read = (query = "") => ask(`${given.platform.url}/m/${mail.token("link")}${query}`);
  return { alice, carol, conversation, message, mail, pool, read };
}

test("the link opens the conversation up to its mail: subject, people, words, and for whom the mail was", async () => {
  const { alice, conversation, read } = await mailed({ body: "Shall we try the **new place**?" });
  await done(alice.parley.subjectModify({ conversation, subject: "Dinner" }));
  const { status, text, headers } = await read();
  expect(status).toBe(200);
  expect(text).toContain("Shall we try the <strong>new place</strong>?");
  expect(text).toContain('The mail was for <strong dir="auto">Carol</strong>.');
  // The subject was said after the mail.
  expect(text).not.toContain("Dinner");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/]+='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  );
});

test.each([
  ["WRITER", false, "Then you see all of it, and can answer."],
  ["COMMENTER", false, "Then you see all of it, and can answer."],
  ["READER", false, "Then you see all of it.</p>"],
  ["WRITER", true, "Then you see what was said while you took part."],
] as const)("a %s (removed: %s) is told what a code opens for them: %s", async (role, isRemoved, then) => {
  const { alice, conversation, pool } = await mailed();
  const erin = await addByMail(pool, alice.parley, conversation, { role });
  const mail = await mailTo(pool, erin);
  if (isRemoved) await done(alice.parley.participantRemove({ conversation, participant: erin.participant }));
  expect((await ask(`${given.platform.url}/m/${mail.token("link")}`)).text).toContain(then);
});

test("words, names, subjects and file names run in their own direction", async () => {
  const { alice, conversation, message, carol, pool } = await mailed({ name: "דנה", body: "שלום" });
  await done(alice.parley.subjectModify({ conversation, subject: "ארוחת צהריים" }));
  await addFile(given.platform, alice, conversation, message, "תפריט.pdf");
  const mail = await mailTo(pool, carol);
  const { text } = await ask(`${given.platform.url}/m/${mail.token("link")}`);
  expect(text).toContain('<h1 dir="auto">ארוחת צהריים</h1>');
  expect(text).toContain("<li><bdi>דנה</bdi></li>");
  expect(text).toContain('<div class="words" dir="auto"><p>שלום</p>');
  expect(text).toContain("File: <bdi>תפריט.pdf</bdi>");
  expect(text).toContain('<strong dir="auto">דנה</strong>');
});

test("nothing that came after the mail is on the page: no message, no edit, nobody who was added", async () => {
  const { alice, conversation, message, pool, read } = await mailed({ body: "As it was" });
  await done(alice.parley.messageModify({ conversation, message, body: "As it became" }));
  await said(alice, conversation, "Said later");
  await addByMail(pool, alice.parley, conversation, { name: "Dave Later" });
  const { text } = await read();
  expect(text).toContain("As it was");
  expect(text).not.toMatch(/As it became|Said later|Dave Later|edited/);
});

test("a mail that tells an edit shows the words as edited, and says so", async () => {
  const { alice, conversation, message, carol, pool } = await mailed({ body: "As it was" });
  await done(alice.parley.messageModify({ conversation, message, body: "As it became" }));
  const mail = await mailTo(pool, carol);
  const { text } = await ask(`${given.platform.url}/m/${mail.token("link")}`);
  expect(text).toContain("As it became");
  expect(text).toContain("edited <time");
  expect(text).not.toContain("As it was");
});

test("words that were removed since are not on the page", async () => {
  const { alice, conversation, message, read } = await mailed({ body: "Taken back" });
  await done(alice.parley.messageRemove({ conversation, message }));
  const { text } = await read();
  expect(text).not.toContain("Taken back");
  expect(text).toContain("The words of this message were erased.");
});

test("who left with all that they said is not on the page, neither in words nor by name", async () => {
  const { alice, conversation, pool, carol } = await mailed();
  const { bob } = await given.people("bob");
  await done(alice.parley.participantAdd({ conversation, address: bob.address, name: "Bobby Tables" }));
  await said(bob, conversation, "Words of Bobby");
  const mail = await mailTo(pool, carol);
  const url = `${given.platform.url}/m/${mail.token("link")}`;
  expect((await ask(url)).text).toMatch(/Bobby Tables[\s\S]*Words of Bobby/);
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  expect((await ask(url)).text).not.toMatch(/Bobby/);
});

test("addresses are not shown to whoever has the link: names, or as much of them as tells people apart", async () => {
  const { alice, carol, conversation, pool } = await mailed();
  const nameless = await addByMail(pool, alice.parley, conversation);
  const mail = await mailTo(pool, carol);
  const { text } = await ask(`${given.platform.url}/m/${mail.token("link")}`);
  for (const { address } of [alice, carol, nameless]) expect(text).not.toContain(address);
  expect(text).toContain("c•••@example.org");
});

test("names, subjects, words and file names are shown as they are written, and are no markup", async () => {
  const attack = `"><img src=x onerror=alert(1)>'</title><script>alert(2)</script>`;
  const { alice, carol, conversation, message, pool } = await mailed({ name: attack, body: attack });
  await done(alice.parley.subjectModify({ conversation, subject: attack }));
  await addFile(given.platform, alice, conversation, message, attack);
  const mail = await mailTo(pool, carol);
  const { text } = await ask(`${given.platform.url}/m/${mail.token("link")}`);
  expect(text).not.toMatch(/<img|<script|onerror=alert\(1\)>'<\/title>/);
  expect(text).toContain("File: <bdi>&#34;&#62;&#60;img");
  expect(text).toContain("&#60;script&#62;alert(2)&#60;/script&#62;");
});

test("long conversations are shown from their end, with a link to what was before", async () => {
  const { alice, carol, conversation, pool } = await mailed({ body: "The very first" });
  for (let count = 1; count <= 50; count++) await said(alice, conversation, `Number ${count}.`);
  const mail = await mailTo(pool, carol);
  const url = `${given.platform.url}/m/${mail.token("link")}`;
  const { text } = await ask(url);
  expect(text).not.toContain("The very first");
  const [, query] = /href="[^"]*(\?before=\d+)">Earlier/.exec(text) ?? [];
  expect((await ask(url + query)).text).toContain("The very first");
});

test.each(["?before=0", "?before=-1", "?before=x", "?before=99999999999", "?to=%00", "?%"])(
  "a query that means nothing (%s) is as none",
  async (query) => {
    const { read } = await mailed();
    expect(await read(query)).toMatchObject({ status: 200, text: expect.stringContaining("Shall we meet?") });
  },
);

test("tokens for another purpose, of no mail or of no form open nothing, and all look alike", async () => {
  const { mail } = await mailed();
  const others = tokenPurposes.filter((purpose) => purpose !== "link").map((purpose) => mail.token(purpose));
  const unknown = mailToken("link", { id: crypto.randomUUID(), secret: newSecret() });
  const changed = `${mail.token("link").slice(0, -2)}aa`;
  const malformed = ["x", "", "a".repeat(42), "a".repeat(9_000), "%00", "..%2f..", mail.id];
  const answers = await Promise.all(
    [...others, unknown, changed, ...malformed].map((token) => ask(`${given.platform.url}/m/${token}`)),
  );
  for (const { status, text } of answers) {
    expect(status).toBe(404);
    expect(text).toBe(answers[0]?.text);
  }
});

test("a token is taken in whatever case a mail program leaves it", async () => {
  const { mail } = await mailed();
  expect((await ask(`${given.platform.url}/m/${mail.token("link").toUpperCase()}`)).status).toBe(200);
});

test("reading changes nothing", async () => {
  const { alice, conversation, pool, read } = await mailed();
  const before = await headOf(alice, conversation);
  const rows = async () =>
    (await pool.query("SELECT (SELECT count(*) FROM mail) AS mails, (SELECT count(*) FROM mail_session) AS sessions"))
      .rows;
  const kept = await rows();
  await read();
  expect(await headOf(alice, conversation)).toBe(before);
  expect(await rows()).toEqual(kept);
});

test("other methods are refused with a page", async () => {
  const { mail } = await mailed();
  const response = await fetch(`${given.platform.url}/m/${mail.token("link")}`, { method: "DELETE" });
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
});
