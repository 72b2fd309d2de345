// A mail that nothing proved to be its sender's: it is posted by a button, and by nothing else.
import { expect, test } from "vitest";
import { blobOf } from "../../../src/mail/in/inbound-mail.ts";
import { mailToken, type TokenPurpose, tokenPurposes } from "../../../src/mail/mail-token.ts";
import { createConfirmPage } from "../../../src/mail/pages/confirm-page.ts";
import { guarded } from "../../../src/mail/pages/guarded.ts";
import { createReadHeld } from "../../../src/mail/pages/held-mail.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { conversationOf, givenPlatform, present } from "../../graphql/given.ts";
import {
  arrives,
  became,
  blobsOf,
  replyAddress,
  sayings,
  stored,
  type WrittenMail,
  written,
} from "../in/given-arrivals.ts";
import { addByMail, ask, servePages } from "./given.ts";

const given = givenPlatform({ worker: false });

/** A mail from carol's address, of whose domain nothing is published. */
async function held(mail: WrittenMail = {}) {
  const { platform } = given;
  const { alice } = await given.people("alice");
  const { pool } = platform.core.database;
  const conversation = await conversationOf(alice);
  const carol = await addByMail(pool, alice.parley, conversation, { name: "Carol" });
  const to = await replyAddress(platform, conversation, carol.participant);
  const raw = written({ from: carol.address, to, text: "At noon, says Carol.", ...mail });
  const id = await stored(platform, raw, { to: [to], verdict: "none" });
  await platform.core.mail.inbound.handle(id);
  expect(await became(platform, id)).toMatchObject({ status: "HELD" });
  const { rows } = await pool.query<{ id: string; secret: Buffer }>(
    "SELECT id, secret FROM inbound_mail WHERE id = $1",
    [id],
  );
  const token = (purpose: TokenPurpose) => mailToken(purpose, present(rows[0]));
  return { conversation, carol, id, token, pool, url: `${platform.url}/m/confirm/${token("confirm")}` };
}

test("the page shows the words that would be posted, and reading it posts nothing", async () => {
  const { conversation, carol, id, url } = await held();
  const { status, text } = await ask(url);
  expect(status).toBe(200);
  expect(text).toContain("At noon, says Carol.");
  expect(text).toContain(carol.address);
  await ask(`${url}?do=confirm`);
  await fetch(url, { method: "HEAD" });
  expect(await sayings(given.platform, conversation)).toEqual([]);
  expect(await became(given.platform, id)).toMatchObject({ status: "HELD" });
});

test("the page says which mail it is about: when it came in, and how it begins", async () => {
  const { url, id, pool } = await held();
  await pool.query("UPDATE inbound_mail SET received_at = '2026-11-20T10:20:30Z' WHERE id = $1", [id]);
  const { text } = await ask(url);
  expect(text).toContain('came in <time datetime="2026-11-20T10:20:30.000Z">20 Nov 2026, 10:20 UTC</time>');
  expect(text).toContain("<title>Is this mail yours? At noon, says Carol.</title>");
});

test("a mail without words is no question, and nobody is asked by mail about it", async () => {
  const { carol, conversation, pool, url, id } = await held();
  const to = await replyAddress(given.platform, conversation, carol.participant);
  const asked = async () =>
    (await pool.query("SELECT FROM mail WHERE conversation_id = $1 AND kind = 'CONFIRM'", [conversation])).rowCount;
  const before = await asked();
  const wordless = { from: carol.address, text: "> At noon?\n> Yes.\n" };
  expect(await arrives(given.platform, wordless, { to: [to], verdict: "none" })).toMatchObject({
    status: "REFUSED",
    reason: "NO_WORDS",
  });
  expect(await asked()).toBe(before);
  // One that was held before.
  await blobsOf(given.platform.core.config.dataFolder).put(blobOf(id), written(wordless));
  const { text } = await ask(url);
  expect(text).toContain("nothing to be posted");
  expect(text).not.toContain("<button");
});

test("the button posts it, once; then the page says so", async () => {
  const { conversation, carol, url } = await held();
  expect((await ask(url, { do: "confirm" })).status).toBe(303);
  expect((await ask(url, { do: "confirm" })).status).toBe(303);
  expect(await sayings(given.platform, conversation)).toMatchObject([
    { by: carol.address, text: expect.stringContaining("At noon, says Carol.") },
  ]);
  expect((await ask(url)).text).toContain("It is posted");
});

test("confirming hands on which mail, once for each press of the button, and only of one that is held", async () => {
  const { id, token, pool } = await held();
  const confirmed: string[] = [];
  const confirm = createConfirmPage({
    pool,
    origin: undefined,
    readHeld: createReadHeld(pool, blobsOf(given.platform.core.config.dataFolder)),
    confirmInbound: async (one) => {
      confirmed.push(one);
      await pool.query("UPDATE inbound_mail SET status = 'POSTED' WHERE id = $1", [one]);
    },
  });
  await using served = await servePages({
    prefix: "/m/",
    answer: guarded(silentLogger, (request, response, path) => confirm(request, response, path, path.slice(1))),
  });
  const url = `${served.url}/${token("confirm")}`;
  await ask(url);
  expect(confirmed).toEqual([]);
  await ask(url, { do: "something else" });
  await ask(url, { do: "confirm" });
  await ask(url, { do: "confirm" });
  expect(confirmed).toEqual([id]);
});

test("a form of another site posts nothing", async () => {
  const { id, url } = await held();
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { origin: "https://elsewhere.example" },
    { origin: "null" },
  ])
    expect((await ask(url, { do: "confirm" }, headers)).status).toBe(403);
  expect(await became(given.platform, id)).toMatchObject({ status: "HELD" });
});

test("tokens of the mail for another purpose open nothing, nor does the token on another path", async () => {
  const { id, token } = await held();
  const base = given.platform.url;
  const others = tokenPurposes
    .filter((purpose) => purpose !== "confirm")
    .map((purpose) => `/m/confirm/${token(purpose)}`);
  for (const path of [...others, `/m/${token("confirm")}`, `/m/mute/${token("confirm")}`]) {
    expect((await ask(base + path)).status).toBe(404);
    expect((await ask(base + path, { do: "confirm" })).status).toBe(404);
  }
  expect(await became(given.platform, id)).toMatchObject({ status: "HELD" });
});

test("who does not take part any more is told that nothing was posted", async () => {
  const { conversation, carol, pool, url } = await held();
  const { rows } = await pool.query<{ account_id: string }>(
    "SELECT account_id FROM participant WHERE conversation_id = $1 AND account_id IS NOT NULL",
    [conversation],
  );
  const command = { action: "remove", model: "participant", item: carol.participant } as const;
  await given.platform.core.store.append({ conversation, accountId: present(rows[0]).account_id, command });
  await ask(url, { do: "confirm" });
  expect((await ask(url)).text).toContain("was not posted");
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("words, subject and file names are shown as they are written, and are no markup", async () => {
  const attack = `<img src=x onerror=alert(1)></textarea><script>alert(2)</script>`;
  const { url } = await held({ subject: attack, text: attack, files: [{ name: "<script>.txt", content: "x" }] });
  const { text } = await ask(url);
  expect(text).not.toMatch(/<img|<script|onerror=alert\(1\)></);
  expect(text).toContain("File: <bdi>&#60;script&#62;.txt");
});

test("HTML of a mail is shown without what runs or fetches", async () => {
  const html = `<p onclick="x()">Hello</p><img src="http://x.example/p"><script>alert(1)</script><style>*{}</style><form action="/m/"><button>x</button></form>`;
  const { url } = await held({ text: "", html });
  const { text } = await ask(url);
  expect(text).toContain("<p>Hello</p>");
  expect(text).not.toMatch(/onclick|<img|x\.example|<script|alert\(1\)|action="\/m\/"/);
});
