// A code that shows that a mail was somebody's, and the session that it opens.
import { expect, test } from "vitest";
import { codesPerDay, codesPerHour, failuresMax } from "../../../src/mail/pages/sessions.ts";
import { conversationOf, givenPlatform, present, said } from "../../graphql/given.ts";
import { addByMail, ask, browse, codesOf, mailTo, signIn, stamp } from "./given.ts";

const given = givenPlatform({ worker: false });

async function mailed() {
  const { alice } = await given.people("alice");
  const { pool } = given.platform.core.database;
  const conversation = await conversationOf(alice);
  await said(alice, conversation, "Before the mail");
  const carol = await addByMail(pool, alice.parley, conversation, { name: "Carol" });
  const mail = await mailTo(pool, carol);
  await said(alice, conversation, "After the mail");
  return { alice, carol, conversation, mail, pool, url: `${given.platform.url}/m/${mail.token("link")}` };
}

/** Another code than this. */
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

test("a code is mailed to the address, told nowhere else, and opens the rest; the session lasts in its cookie", async () => {
  const { carol, pool, url } = await mailed();
  const browser = browse(url);
  expect((await browser.read()).text).toContain("Open the rest: send a code to c•••@example.org");
  const asked = await browser.send({ do: "ask-code" });
  expect([asked.status, asked.headers.get("location")]).toEqual([303, `${new URL(url).pathname}?code=asked`]);
  const [code = ""] = await codesOf(pool, carol);
  expect(code).toMatch(/^\d{6}$/);
  const page = await browser.read("?code=asked");
  expect(page.text).not.toContain(code);
  expect(page.text).not.toContain("After the mail");
  const opened = await browser.send({ do: "open", code: ` ${code.slice(0, 3)} ${code.slice(3)} ` });
  expect(opened.status).toBe(303);
  expect(opened.headers.get("set-cookie")).toMatch(
    /^parley-mail=[\w-]{43}; Path=\/m\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
  );
  const { text } = await browser.read();
  expect(text).toMatch(/Before the mail[\s\S]*After the mail/);
  expect(text).toContain(carol.address);
});

test("over https the cookie is for https alone", async () => {
  const { carol, pool, url } = await mailed();
  const browser = browse(url);
  await browser.send({ do: "ask-code" });
  const [code = ""] = await codesOf(pool, carol);
  const headers = { origin: "https://parley.example", "sec-fetch-site": "same-origin" };
  const opened = await browser.send({ do: "open", code }, headers);
  expect(opened.headers.get("set-cookie")).toMatch(/^__Secure-parley-mail=[\w-]{43}; .*; Secure$/);
  expect((await browser.read()).text).toContain("After the mail");
});

test("what is kept of a code and of a session is their hash", async () => {
  const { carol, pool, url } = await mailed();
  const browser = browse(url);
  await browser.send({ do: "ask-code" });
  const [code = ""] = await codesOf(pool, carol);
  const kept = async () => JSON.stringify((await pool.query("SELECT * FROM mail_session")).rows);
  expect(await kept()).not.toContain(`"${code}"`);
  await browser.send({ do: "open", code });
  expect(await kept()).not.toContain(present(browser.cookie.split("=")[1]));
});

test("after five wrong codes the right one is none", async () => {
  const { carol, pool, url } = await mailed();
  const browser = browse(url);
  await browser.send({ do: "ask-code" });
  const [code = ""] = await codesOf(pool, carol);
  for (let count = 0; count < failuresMax; count++) {
    const { status, text } = await browser.send({ do: "open", code: wrong(code) });
    expect(status).toBe(403);
    expect(text).toContain("no code that is good now");
  }
  expect((await browser.send({ do: "open", code })).status).toBe(403);
  expect((await browser.read()).text).not.toContain("After the mail");
});

test("of guesses that come all at once, each is counted", async () => {
  const { carol, pool, url } = await mailed();
  await browse(url).send({ do: "ask-code" });
  const [code = ""] = await codesOf(pool, carol);
  const guesses = Array.from({ length: 4 * failuresMax }, () => ask(url, { do: "open", code: wrong(code) }));
  await Promise.all(guesses);
  const { rows } = await pool.query("SELECT failures FROM mail_session WHERE participant = $1", [carol.participant]);
  expect(rows).toEqual([{ failures: failuresMax }]);
  expect((await browse(url).send({ do: "open", code })).status).toBe(403);
});

test("a code is good once", async () => {
  const { carol, pool, url } = await mailed();
  await signIn(pool, url, carol);
  const [code = ""] = await codesOf(pool, carol);
  expect((await browse(url).send({ do: "open", code })).status).toBe(403);
});

test("a code that is older than a quarter of an hour is none, nor is a session after 30 days", async () => {
  const { carol, pool, url } = await mailed();
  const signedIn = await signIn(pool, url, carol);
  await browse(url).send({ do: "ask-code" });
  const { rows } = await pool.query(
    `SELECT is_open, round(extract(epoch FROM expires_at - clock_timestamp()) / 60)::int AS minutes FROM mail_session
    WHERE participant = $1 ORDER BY is_open`,
    [carol.participant],
  );
  expect(rows).toEqual([
    { is_open: false, minutes: 15 },
    { is_open: true, minutes: 30 * 24 * 60 },
  ]);
  await pool.query("UPDATE mail_session SET expires_at = clock_timestamp() WHERE participant = $1", [
    carol.participant,
  ]);
  const code = present((await codesOf(pool, carol)).at(-1));
  expect((await browse(url).send({ do: "open", code })).status).toBe(403);
  expect((await signedIn.read()).text).not.toContain("After the mail");
});

test("only so many codes are mailed in an hour, however they are asked for, and the answer is always the same", async () => {
  const { carol, pool, url } = await mailed();
  const other = await mailTo(pool, carol);
  const urls = [url, `${given.platform.url}/m/${other.token("link")}`];
  const asked = await Promise.all(
    Array.from({ length: 2 * codesPerHour }, (_, index) => ask(present(urls[index % 2]), { do: "ask-code" })),
  );
  expect(await codesOf(pool, carol)).toHaveLength(codesPerHour);
  expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([303]));
  const [first, second] = [asked[0], asked.at(-2)];
  expect(second?.headers.get("location")).toBe(first?.headers.get("location"));
  await pool.query("UPDATE mail SET created_at = created_at - interval '61 minutes' WHERE participant = $1", [
    carol.participant,
  ]);
  await ask(url, { do: "ask-code" });
  expect(await codesOf(pool, carol)).toHaveLength(codesPerHour + 1);
});

test("only so many codes are mailed in a day, and what ran out is not kept", async () => {
  const { carol, pool, url } = await mailed();
  const hourPasses = async () => {
    const { participant } = carol;
    await pool.query("UPDATE mail SET created_at = created_at - interval '61 minutes' WHERE participant = $1", [
      participant,
    ]);
    await pool.query("UPDATE mail_session SET expires_at = expires_at - interval '61 minutes' WHERE participant = $1", [
      participant,
    ]);
  };
  for (let count = 0; count < codesPerDay / codesPerHour; count++) {
    await Promise.all(Array.from({ length: codesPerHour }, () => ask(url, { do: "ask-code" })));
    expect(await codesOf(pool, carol)).toHaveLength((count + 1) * codesPerHour);
    const { rowCount } = await pool.query("SELECT FROM mail_session WHERE participant = $1", [carol.participant]);
    expect(rowCount).toBe(codesPerHour);
    await hourPasses();
  }
  await ask(url, { do: "ask-code" });
  expect(await codesOf(pool, carol)).toHaveLength(codesPerDay);
});

test("a mail with a code gives away no more than the mail behind whose link it was asked for", async () => {
  const { carol, pool, url } = await mailed();
  await browse(url).send({ do: "ask-code" });
  const { rows } = await pool.query("SELECT kind, up_to FROM mail WHERE participant = $1", [carol.participant]);
  expect(new Set(rows.map(({ up_to }) => up_to)).size).toBe(1);
});

test("the code of one conversation opens no other, nor does its session; and no other participant's", async () => {
  const one = await mailed();
  const other = await mailed();
  const dave = await addByMail(one.pool, one.alice.parley, one.conversation, { name: "Dave" });
  const daves = await mailTo(one.pool, dave, 1);
  await browse(one.url).send({ do: "ask-code" });
  const [code = ""] = await codesOf(one.pool, one.carol);
  const urls = [other.url, `${given.platform.url}/m/${daves.token("link")}`];
  for (const url of urls) expect((await browse(url).send({ do: "open", code })).status).toBe(403);
  const { cookie } = await signIn(one.pool, one.url, one.carol);
  for (const url of urls) {
    const browser = browse(url, cookie);
    expect((await browser.read()).text).not.toContain("After the mail");
    expect((await browser.send({ do: "say", text: "Hello", ...stamp() })).status).toBe(403);
  }
});

test("a browser keeps the sessions of several conversations, and signs out of one", async () => {
  const [one, other] = [await mailed(), await mailed()];
  const first = await signIn(one.pool, one.url, one.carol);
  const second = browse(other.url, first.cookie);
  await second.send({ do: "ask-code" });
  await second.send({ do: "open", code: present((await codesOf(other.pool, other.carol))[0]) });
  const both = browse(one.url, second.cookie);
  expect((await both.read()).text).toContain("After the mail");
  await both.send({ do: "sign-out" });
  expect((await both.read()).text).not.toContain("After the mail");
  expect((await browse(one.url, first.cookie).read()).text).not.toContain("After the mail");
  expect((await browse(other.url, both.cookie).read()).text).toContain("After the mail");
});

test.each([
  ["of another site", { "sec-fetch-site": "cross-site" }],
  ["of another host of the site", { "sec-fetch-site": "same-site" }],
  ["of another origin", { origin: "https://elsewhere.example" }],
])("a form %s asks for no code, opens nothing, says nothing and does not leave", async (_, headers) => {
  const { alice, carol, conversation, pool, url } = await mailed();
  const browser = await signIn(pool, url, carol);
  for (const what of ["ask-code", "open", "say", "leave", "mute", "sign-out"]) {
    expect((await browser.send({ do: what, text: "Forged", ...stamp() }, headers)).status).toBe(403);
  }
  expect(await codesOf(pool, carol)).toHaveLength(1);
  expect((await browser.read()).text).toContain("Leave it");
  expect((await alice.parley.messages({ conversation }))?.messages.edges).toHaveLength(2);
});

test.each(["", "x".repeat(100_000), "; parley-mail=", "parley-mail=../../etc", `parley-mail=${"a".repeat(43)}`])(
  "a cookie that is none of ours opens nothing",
  async (cookie) => {
    const { url } = await mailed();
    const { status, text } = await ask(url, null, { cookie: cookie.slice(0, 8_000) });
    expect(status).toBe(200);
    expect(text).not.toContain("After the mail");
  },
);
