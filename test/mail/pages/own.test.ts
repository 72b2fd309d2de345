// What somebody who takes part by mail does on the page behind a link, once signed in.
import { expect, test } from "vitest";
import type { Role } from "../../../sdk/src/index.ts";
import { conversationOf, done, givenPlatform, headOf, present, type Somebody, said } from "../../graphql/given.ts";
import { arrives, replyAddress, type WrittenMail } from "../in/given-arrivals.ts";
import { addByMail, ask, type MailedPerson, mailTo, signIn, stamp } from "./given.ts";

const given = givenPlatform({ worker: false });

async function signedIn({ role = "WRITER" }: { role?: Role } = {}) {
  const { alice } = await given.people("alice");
  const { pool } = given.platform.core.database;
  const conversation = await conversationOf(alice);
  const message = await said(alice, conversation, "Shall we meet?");
  const carol = await addByMail(pool, alice.parley, conversation, { name: "Carol", role });
  const mail = await mailTo(pool, carol);
  const url = `${given.platform.url}/m/${mail.token("link")}`;
  return { alice, conversation, message, carol, pool, url, browser: await signIn(pool, url, carol) };
}

async function arrivesFrom({ address, conversation, participant }: MailedPerson, mail: WrittenMail) {
  const to = await replyAddress(given.platform, conversation, participant);
  expect(await arrives(given.platform, { from: address, ...mail }, { to: [to] })).toMatchObject({ status: "POSTED" });
}

async function attachmentsOf(conversation: string): Promise<readonly string[]> {
  const { rows } = await given.platform.core.database.pool.query<{ id: string }>(
    "SELECT id FROM attachment WHERE conversation_id = $1 ORDER BY seq",
    [conversation],
  );
  return rows.map(({ id }) => id);
}

const messagesOf = async (by: Somebody, conversation: string) =>
  present(await by.parley.messages({ conversation })).messages.edges.map(({ node }) => node);

test("an answer is a message of the conversation, in their name, seen by all", async () => {
  const { alice, conversation, browser } = await signedIn();
  const sent = await browser.fill("say", { text: "Yes,\r\nat **noon**!" });
  expect([sent.status, sent.headers.get("location")]).toEqual([303, expect.stringMatching(/\?done=said$/)]);
  const message = present((await messagesOf(alice, conversation)).at(-1));
  expect(message).toMatchObject({ body: "Yes,\nat **noon**!", author: { displayName: "Carol" } });
  const { text } = await browser.read("?done=said");
  expect(text).toMatch(
    /role="status">Your answer is in the conversation[\s\S]*class="own"[\s\S]*<strong>noon<\/strong>/,
  );
});

test("a form that is sent twice, also at once, says it once", async () => {
  const { alice, conversation, browser } = await signedIn();
  const form = { do: "say", text: "Once", ...stamp() };
  const answers = await Promise.all([browser.send(form), browser.send(form), browser.send(form)]);
  answers.push(await browser.send(form));
  expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
  expect((await messagesOf(alice, conversation)).filter(({ body }) => body === "Once")).toHaveLength(1);
});

test("of one form, other words, and words to another message, are said as well", async () => {
  const { alice, conversation, message, browser } = await signedIn();
  const form = { do: "say", ...stamp() };
  for (const fields of [{ text: "First" }, { text: "Second" }, { text: "First", to: message }])
    expect((await browser.send({ ...form, ...fields })).headers.get("location")).toMatch(/\?done=said$/);
  expect((await messagesOf(alice, conversation)).slice(1).map(({ body, parent }) => [body, parent?.hash])).toEqual([
    ["First", undefined],
    ["Second", undefined],
    ["First", message],
  ]);
});

test("what stamped an act stamps another one, too", async () => {
  const { alice, conversation, carol, browser } = await signedIn();
  const stamped = stamp();
  await browser.send({ do: "say", text: "Goodbye", ...stamped });
  await browser.send({ do: "leave", ...stamped });
  expect((await messagesOf(alice, conversation)).at(-1)).toMatchObject({ body: "Goodbye" });
  const participants = present(await alice.parley.participants({ conversation })).participants.edges;
  expect(participants.find(({ node }) => node.hash === carol.participant)?.node.status).toBe("LEFT");
  expect((await browser.send({ do: "say", text: "Still", ...stamped })).status).toBe(409);
});

test("a message can be answered by itself", async () => {
  const { alice, conversation, message, browser } = await signedIn();
  await said(alice, conversation, "Something else");
  const { text } = await browser.read(`?to=${message}`);
  expect(text).toMatch(/In answer to <a href="#m\d+" dir="auto">/);
  await browser.fill("say", { text: "To that" }, `?to=${message}`);
  expect((await messagesOf(alice, conversation)).at(-1)).toMatchObject({ body: "To that", parent: { hash: message } });
});

test("a COMMENTER answers a message: the last one, where they choose none", async () => {
  const { alice, conversation, message, browser } = await signedIn({ role: "COMMENTER" });
  await browser.fill("say", { text: "A comment" });
  expect((await messagesOf(alice, conversation)).at(-1)).toMatchObject({ parent: { hash: message } });
  const { status, text } = await browser.send({ do: "say", text: "To nothing", ...stamp() });
  expect(status).toBe(409);
  expect(text).toContain('role="alert"');
  // What they wrote is not lost.
  expect(text).toContain("To nothing</textarea>");
});

test("a READER is told why there is nothing to write with, and cannot write all the same", async () => {
  const { alice, conversation, browser } = await signedIn({ role: "READER" });
  const { text } = await browser.read();
  expect(text).toContain("your role lets you read, not write");
  expect(text).not.toContain("<textarea");
  expect((await browser.send({ do: "say", text: "Still", ...stamp() })).status).toBe(409);
  expect(await messagesOf(alice, conversation)).toHaveLength(1);
});

test("they leave by themselves, see what was said until then, and nothing after; leaving twice is leaving", async () => {
  const { alice, conversation, carol, browser } = await signedIn();
  const left = await browser.fill("leave");
  expect(left.headers.get("location")).toMatch(/\?done=left$/);
  await said(alice, conversation, "After she left");
  const participants = present(await alice.parley.participants({ conversation })).participants.edges;
  expect(participants.find(({ node }) => node.hash === carol.participant)?.node.status).toBe("LEFT");
  const { text } = await browser.read();
  expect(text).toContain("You left this conversation");
  expect(text).not.toMatch(/After she left|<textarea/);
  expect((await browser.send({ do: "leave", ...stamp() })).status).toBe(303);
  expect((await browser.send({ do: "say", text: "Still", ...stamp() })).status).toBe(409);
});

test("they download files as far as they see the conversation; a link alone does not", async () => {
  const { platform } = given;
  const { alice, conversation, carol, pool, url, browser } = await signedIn();
  const file = (content: string) => ({ name: "notes ü.txt", type: "text/plain", content });
  await arrivesFrom(carol, { text: "Here they are", files: [file("Soup")] });
  const [first = ""] = await attachmentsOf(conversation);
  const { text } = await browser.read();
  expect(text).toContain(`<a href="${new URL(url).pathname}/files/${first}" download dir="auto">`);
  const got = await browser.read(`/files/${first}`);
  expect([got.status, got.text]).toEqual([200, "Soup"]);
  expect(got.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''notes%20%C3%BC.txt");
  expect(got.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
  expect(got.headers.get("referrer-policy")).toBe("same-origin");
  expect((await browser.read(`/files/${"A".repeat(43)}`)).status).toBe(404);
  expect((await browser.read("/files/x")).status).toBe(404);

  // Whoever has the link alone sees its name, if the mail was sent after it, and no more.
  const later = await mailTo(pool, carol);
  const stranger = await ask(`${platform.url}/m/${later.token("link")}`);
  expect(stranger.text).toContain("notes ü.txt");
  expect(stranger.text).not.toContain("/files/");
  for (const path of [`${url}/files/${first}`, `${url}/files/${"A".repeat(43)}`])
    expect(await ask(path)).toMatchObject({ status: 403, text: expect.not.stringContaining("Soup") });

  const dave = await addByMail(pool, alice.parley, conversation, { name: "Dave" });
  const toDave = await mailTo(pool, dave);
  const others = await signIn(pool, `${platform.url}/m/${toDave.token("link")}`, dave);
  expect((await ask(`${url}/files/${first}`, null, { cookie: others.cookie })).status).toBe(403);
  expect((await others.read(`/files/${first}`)).text).toBe("Soup");
  await done(alice.parley.participantRemove({ conversation, participant: dave.participant }));
  await arrivesFrom(carol, { text: "And more", files: [file("Cake")] });
  const second = present((await attachmentsOf(conversation)).find((id) => id !== first));
  expect((await browser.read(`/files/${second}`)).text).toBe("Cake");
  expect((await others.read(`/files/${first}`)).text).toBe("Soup");
  expect((await others.read(`/files/${second}`)).status).toBe(404);
});

test("who was removed sees up to the removal, and says nothing more", async () => {
  const { alice, conversation, carol, browser } = await signedIn();
  await said(alice, conversation, "Before the removal");
  await done(alice.parley.participantRemove({ conversation, participant: carol.participant }));
  await said(alice, conversation, "After the removal");
  const { text } = await browser.read();
  expect(text).toContain("Before the removal");
  expect(text).toContain("You were removed from this conversation");
  expect(text).not.toContain("After the removal");
});

test("of an expired conversation they are told that it is", async () => {
  const { alice, conversation, browser, pool } = await signedIn();
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  await done(alice.parley.expiryModify({ conversation, expiresAt }));
  expect((await browser.read()).text).toContain("<textarea");
  await pool.query("UPDATE conversation SET expires_at = now() - interval '1 minute' WHERE id = $1", [conversation]);
  const { text } = await browser.read();
  await pool.query("UPDATE conversation SET expires_at = $2 WHERE id = $1", [conversation, expiresAt]);
  expect(text).toContain("This conversation has expired");
  expect(text).not.toContain("<textarea");
});

test("they mute and unmute", async () => {
  const { browser, carol, pool } = await signedIn();
  const isMuted = async () =>
    (await pool.query("SELECT is_muted FROM mail_participation WHERE id = $1", [carol.participationId])).rows[0]
      .is_muted;
  await browser.fill("mute");
  expect(await isMuted()).toBe(true);
  await browser.fill("unmute");
  expect(await isMuted()).toBe(false);
});

test("reading changes nothing, whatever the query says", async () => {
  const { alice, conversation, browser } = await signedIn();
  const before = await headOf(alice, conversation);
  for (const query of ["?do=leave", "?do=say&text=x", "?done=left", "?do=mute"]) await browser.read(query);
  expect(await headOf(alice, conversation)).toBe(before);
  expect((await browser.read()).text).toContain("Send me no more mails");
});

test.each([
  ["no words", { text: " \r\n " }, 409],
  ["too many words", { text: "a".repeat(256 * 1024 + 1) }, 409],
  ["an answer to what is not there", { text: "x", to: "A".repeat(43) }, 409],
  ["no id of the form", { text: "x", clientId: "" }, 400],
  ["an id that is none", { text: "x", clientId: "' OR 1=1 --" }, 400],
  ["nothing that there is to do", { do: "erase", text: "x" }, 400],
])("a form with %s is refused", async (_, fields, status) => {
  const { alice, conversation, browser } = await signedIn();
  const answer = await browser.send({ do: "say", ...stamp(), ...fields });
  expect(answer.status).toBe(status);
  expect(await messagesOf(alice, conversation)).toHaveLength(1);
});

test("the words that a session ended on are given back", async () => {
  const { browser } = await signedIn();
  const { cookie } = browser;
  await browser.fill("sign-out");
  browser.cookie = cookie;
  const { status, text } = await browser.send({
    do: "say",
    text: "Long <b>thoughts</b>",
    ...stamp(),
  });
  expect(status).toBe(403);
  expect(text).toContain("Long &#60;b&#62;thoughts&#60;/b&#62;</textarea>");
});

test("mails in their name that wait are behind the page, also those that they were not asked about; for others they are not", async () => {
  const { carol, conversation, url, browser, alice } = await signedIn();
  const to = [await replyAddress(given.platform, conversation, carol.participant)];
  const { platform } = given;
  for (let n = 0; n < 5; n++)
    await arrives(platform, { from: carol.address, text: `Held ${n}` }, { to, verdict: "none" });
  const linksIn = (text: string) =>
    [...text.matchAll(/href="(\/m\/confirm\/[a-z2-7]+)"/g)].map(([, path]) => path ?? "");
  const links = linksIn((await browser.read()).text);
  expect(links).toHaveLength(5);
  const newest = `${platform.url}${links[0]}`;
  expect((await ask(newest)).text).toContain("Held 4");
  await ask(newest, { do: "confirm" });
  expect((await messagesOf(alice, conversation)).map(({ body }) => body)).toContain("Held 4");
  expect(linksIn((await browser.read()).text)).toEqual(links.slice(1));
  expect(linksIn((await ask(url)).text)).toEqual([]);
});
