// Muting by one click, on a page, and taking it back.
import { expect, test } from "vitest";
import { conversationOf, givenPlatform, headOf } from "../../graphql/given.ts";
import { addByMail, ask, mailTo } from "./given.ts";

const given = givenPlatform({ worker: false });

async function mailed() {
  const { alice } = await given.people("alice");
  const { pool } = given.platform.core.database;
  const conversation = await conversationOf(alice);
  const carol = await addByMail(pool, alice.parley, conversation);
  const mail = await mailTo(pool, carol);
  const isMuted = async () =>
    (await pool.query("SELECT is_muted FROM mail_participation WHERE id = $1", [carol.participationId])).rows[0]
      .is_muted;
  return { alice, conversation, mail, url: `${given.platform.url}/m/mute/${mail.token("mute")}`, isMuted };
}

test.each([
  ["a form", new URLSearchParams({ "List-Unsubscribe": "One-Click" })],
  ["a multipart form", Object.entries({ "List-Unsubscribe": "One-Click" })],
])("one click mutes, sent as %s, from no page and without cookies (RFC 8058)", async (_, body) => {
  const { url, isMuted, alice, conversation } = await mailed();
  const before = await headOf(alice, conversation);
  const form = new FormData();
  if (Array.isArray(body)) for (const [name, value] of body) form.append(name, value);
  const response = await fetch(url, { method: "POST", body: Array.isArray(body) ? form : body, redirect: "manual" });
  expect(response.status).toBe(200);
  expect(await isMuted()).toBe(true);
  // Nobody left.
  expect(await headOf(alice, conversation)).toBe(before);
});

test("reading the page changes nothing, and offers to mute by a button", async () => {
  const { url, isMuted } = await mailed();
  const { status, text } = await ask(url);
  expect([status, await isMuted()]).toEqual([200, false]);
  expect(text).toMatch(/<form method="post"[^>]*>.*Send me no more mails/);
});

test("the button mutes, the page says so, and takes it back", async () => {
  const { url, isMuted } = await mailed();
  expect((await ask(url, { mute: "on" })).status).toBe(303);
  expect(await isMuted()).toBe(true);
  expect((await ask(url)).text).toContain("You get no more mails of this conversation");
  await ask(url, { mute: "off" });
  expect(await isMuted()).toBe(false);
});

test.each([
  ["cross-site", { "sec-fetch-site": "cross-site" }],
  ["of the same site and another host", { "sec-fetch-site": "same-site" }],
  ["of another origin", { origin: "https://elsewhere.example" }],
  ["of no origin", { origin: "null" }],
  ["that says nothing of where it comes from", {}],
])("a form %s takes nothing back", async (_, headers) => {
  const { url, isMuted } = await mailed();
  await ask(url, { mute: "on" });
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams({ mute: "off" }) });
  expect([response.status, await isMuted()]).toEqual([403, true]);
});

test("a browser that says nothing but the origin is believed", async () => {
  const { url, isMuted } = await mailed();
  const headers = { origin: given.platform.url };
  await fetch(url, { method: "POST", headers, body: new URLSearchParams({ mute: "on" }), redirect: "manual" });
  expect(await isMuted()).toBe(true);
});

test("the token of the link does not mute, and that which mutes opens nothing", async () => {
  const { mail, isMuted } = await mailed();
  const { url } = given.platform;
  expect((await ask(`${url}/m/mute/${mail.token("link")}`, { "List-Unsubscribe": "One-Click" })).status).toBe(404);
  expect((await ask(`${url}/m/${mail.token("mute")}`)).status).toBe(404);
  expect(await isMuted()).toBe(false);
});

test.each([
  ["JSON", "application/json", "{}", 415],
  ["a multipart form without a boundary", "multipart/form-data", "x", 415],
  ["a broken multipart form", "multipart/form-data; boundary=x", "nothing", 400],
  ["more than a megabyte", "application/x-www-form-urlencoded", "a".repeat(1024 * 1024 + 1), 413],
])("%s is refused with a page", async (_, type, body, status) => {
  const { url } = await mailed();
  const response = await fetch(url, { method: "POST", headers: { "content-type": type }, body });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
});
