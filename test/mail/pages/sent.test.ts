// The page of mails that went out, on one's own machine: who reaches it, what it shows, and answering as a mail program would.
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { afterEach, expect, test } from "vitest";
import { showsSentMails } from "../../../src/cli/open-mail-pages.ts";
import { readConfig } from "../../../src/config/config.ts";
import type { InboundMail } from "../../../src/mail/in/inbound-mail.ts";
import { becameOf, type PageMail } from "../../../src/mail/pages/page-mails.ts";
import { readSentMails } from "../../../src/mail/pages/sent-mails.ts";
import { createSentPages, isToThisMachine } from "../../../src/mail/pages/sent-pages.ts";
import { shortened } from "../../../src/mail/pages/shown-text.ts";
import { filesProvider } from "../../../src/mail/providers/files.ts";
import type { OutgoingMail } from "../../../src/mail/providers/provider.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { present } from "../../graphql/given.ts";
import { ask, servePages } from "./given.ts";

const stack: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const one of stack.splice(0)) await one.disposeAsync();
});

async function given() {
  const things = new AsyncDisposableStack();
  stack.push(things);
  const folder = await mkdtemp(join(tmpdir(), "parley-sent-"));
  things.defer(() => rm(folder, { recursive: true, force: true }));
  const incoming: InboundMail[] = [];
  const pageMails: PageMail[] = [];
  const pages = createSentPages({
    mails: readSentMails(join(folder, "mail")),
    storeInbound: async (mail) => incoming.push(mail),
    takesMailFor: async (address) =>
      !address.endsWith("@localhost") ? "elsewhere" : /^(alice|reply\+abc)@/.test(address) ? "taken" : "unknown",
    readPageMails: async () => pageMails,
    somebodyHere: "alice@localhost",
    log: silentLogger,
    now: () => "2026-11-27T10:00:00.000Z",
  });
  const { url } = things.use(await servePages(pages));
  const provider = filesProvider(join(folder, "mail"));
  const sent = async (mail: Partial<OutgoingMail> = {}) => {
    const id = crypto.randomUUID();
    const [outcome] = await provider.send([{ ...usual, id, messageId: `${id}@localhost`, ...mail }]);
    expect(outcome).toMatchObject({ kind: "sent" });
    return id;
  };
  return { folder: join(folder, "mail"), url, incoming, pageMails, sent };
}

const usual: Omit<OutgoingMail, "id" | "messageId"> = {
  from: { name: "Alice via Parley", address: "reply+abc@localhost" },
  to: { name: "Carol", address: "carol@example.org" },
  envelopeFrom: "bounce+abc@localhost",
  inReplyTo: null,
  references: ["c.x@localhost"],
  subject: "Lunch",
  text: "Shall we meet?\n> as you said\n\nSee http://127.0.0.1:4000/m/abc",
  html: "<p>Shall we <b>meet</b>?</p>",
  headers: [],
};
const clientId = () => crypto.randomUUID();

test("mails are listed, the latest first; before the first there is advice", async () => {
  const { url, sent, folder } = await given();
  expect((await ask(`${url}/mail/`)).text).toContain("None yet");
  const first = await sent({ subject: "The first" });
  await sent({ subject: "The second" });
  await utimes(join(folder, `${first}.eml`), 1_000, 1_000);
  await writeFile(join(folder, "notes.txt"), "not a mail");
  const { text, headers } = await ask(`${url}/mail/`);
  expect(text).toMatch(/The second[\s\S]*The first/);
  expect(text).toContain('<meta http-equiv="refresh" content="5; url=/mail/">');
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
});

test("a mail is shown with whom it went to, its text, and its HTML in a sandbox of its own", async () => {
  const { url, sent } = await given();
  const id = await sent();
  const { text, headers } = await ask(`${url}/mail/${id}`);
  expect(text).toContain("Carol &#60;carol@example.org&#62;");
  expect(text).toContain("Shall we meet?");
  expect(text).toContain('<a href="http://127.0.0.1:4000/m/abc"');
  expect(text).toContain(`<iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox"`);
  expect(text).not.toContain("<b>meet</b>");
  // While somebody types, the page is not read anew.
  expect(text).not.toContain("http-equiv");
  expect(headers.get("content-security-policy")).toContain("frame-src 'self'");
  const framed = await ask(`${url}/mail/${id}/html`);
  expect(framed.text).toContain("<p>Shall we <b>meet</b>?</p>");
  expect(framed.headers.get("content-security-policy")).toMatch(/^sandbox [a-z -]+; default-src 'none';/);
  expect(framed.headers.get("content-security-policy")).not.toMatch(/allow-(scripts|same-origin|forms|top-navigation)/);
});

test("names, subjects and words are shown as they are written, and are no markup", async () => {
  const { url, sent } = await given();
  const attack = `"><img src=x onerror=alert(1)></textarea><script>alert(2)</script>`;
  const id = await sent({
    subject: attack,
    text: `${attack} http://x.example/"onclick="x`,
    to: { name: attack, address: "c@example.org" },
  });
  for (const path of ["/mail/", `/mail/${id}`]) {
    const { text } = await ask(url + path);
    expect(text).not.toMatch(/<img|<script|<\/textarea><script|" ?onclick/);
    expect(text).toContain("&#60;img src=x");
  }
});

test("an answer is a mail as a program writes it: from whom the mail was for, to its sender, threaded and quoted", async () => {
  const { url, sent, incoming } = await given();
  const id = await sent();
  const answered = await ask(`${url}/mail/${id}`, { text: "Yes,\r\nat noon!", clientId: clientId() });
  expect([answered.status, answered.headers.get("location")]).toEqual([303, "/mail/?done=answered"]);
  const { envelope, authentication, raw } = present(incoming[0]);
  expect(envelope).toEqual({
    source: "page",
    from: "carol@example.org",
    to: ["reply+abc@localhost"],
    remoteAddress: null,
    helo: null,
  });
  expect(authentication?.verdict).toBe("aligned");
  const mail = await PostalMime.parse(raw);
  expect(mail).toMatchObject({
    from: { name: "Carol", address: "carol@example.org" },
    to: [{ address: "reply+abc@localhost" }],
    subject: "Re: Lunch",
    inReplyTo: `<${id}@localhost>`,
    references: `<c.x@localhost> <${id}@localhost>`,
  });
  expect(mail.messageId).toMatch(/^<[\w-]{36}@example\.org>$/);
  expect(mail.text).toMatch(
    /^Yes,\nat noon!\n\nOn \w{3}, \w{3} \d+, \d{4} at .* Alice via Parley <reply\+abc@localhost> wrote:\n\n> Shall we meet\?\n>> as you said\n>\n> See http/,
  );
});

test("an answer that is sent twice has one key, so that it comes in once", async () => {
  const { url, sent, incoming } = await given();
  const id = await sent();
  const form = { text: "Yes", clientId: clientId() };
  await ask(`${url}/mail/${id}`, form);
  await ask(`${url}/mail/${id}`, form);
  await ask(`${url}/mail/${id}`, { ...form, clientId: clientId() });
  expect(new Set(incoming.map(({ key }) => key)).size).toBe(2);
});

test("of one form, each other mail has a key of its own", async () => {
  const { url, sent, incoming } = await given();
  const [first, second] = [await sent(), await sent()];
  const id = clientId();
  await ask(`${url}/mail/${first}`, { text: "Yes", clientId: id });
  await ask(`${url}/mail/${first}`, { text: "No", clientId: id });
  await ask(`${url}/mail/${second}`, { text: "Yes", clientId: id });
  const form = { from: "dave@example.org", to: "alice@localhost", subject: "", text: "Yes", clientId: id };
  await ask(`${url}/mail/write`, form);
  await ask(`${url}/mail/write`, { ...form, subject: "Other" });
  await ask(`${url}/mail/write`, { ...form, from: "erin@example.org" });
  expect(new Set(incoming.map(({ key }) => key)).size).toBe(6);
});

test("a new mail is written as anybody, to whoever is here", async () => {
  const { url, incoming } = await given();
  expect((await ask(`${url}/mail/write`)).text).toContain('value="alice@localhost"');
  const form = {
    from: " Dave@Example.org ",
    to: "alice@localhost",
    subject: "Grüße",
    text: "Hello",
    clientId: clientId(),
  };
  expect((await ask(`${url}/mail/write`, form)).headers.get("location")).toBe("/mail/?done=written");
  const { envelope, raw } = present(incoming[0]);
  expect(envelope).toMatchObject({ from: "dave@example.org", to: ["alice@localhost"] });
  expect(await PostalMime.parse(raw)).toMatchObject({ subject: "Grüße", text: "Hello\n" });
});

test.each([
  ["to nobody here", { to: "nobody@localhost" }, "Nobody here has the address nobody@localhost"],
  ["to somebody elsewhere", { to: "carol@example.org" }, "carol@example.org is not of this platform"],
  ["from an account", { from: "alice@localhost" }, "alice@localhost is of this platform"],
  ["without words", { text: " \n " }, "There are no words in it yet"],
])("a new mail %s is refused with the reason, and what was typed is still there", async (_, fields, why) => {
  const { url, incoming } = await given();
  const form = { from: "dave@example.org", to: "alice@localhost", subject: "Typed", text: "Words", ...fields };
  const { status, text } = await ask(`${url}/mail/write`, { ...form, clientId: clientId() });
  expect(status).toBe(400);
  expect(text).toContain(why);
  expect(text).toContain('value="Typed"');
  expect(incoming).toEqual([]);
});

test("an answer to an address that takes no mail is refused", async () => {
  const { url, sent, incoming } = await given();
  const id = await sent({ from: { name: "Old", address: "reply+gone@localhost" } });
  const { status, text } = await ask(`${url}/mail/${id}`, { text: "Yes", clientId: clientId() });
  expect([status, text]).toEqual([400, expect.stringContaining("Nobody here takes mail")]);
  expect(incoming).toEqual([]);
});

test("what became of mails that were written here is told", async () => {
  const { url, pageMails } = await given();
  expect((await ask(`${url}/mail/`)).text).not.toContain("Written here");
  const mail = { id: "x", at: new Date(0), from: "dave@example.org", to: "alice@localhost" };
  pageMails.push({ ...mail, became: becameOf("REFUSED", "NO_WORDS") });
  const { text } = await ask(`${url}/mail/?done=written`);
  expect(text).toMatch(
    /From dave@example.org to alice@localhost, <time[^>]*>[^<]*<\/time>: It was not taken: there were no words in it/,
  );
  expect(becameOf("POSTED", null)).toBe("Its words are in a conversation.");
  expect(becameOf("REFUSED", "TOO_DEEP")).toBe("It was not taken: too deep.");
});

test("previews end with a word", async () => {
  const { url, sent } = await given();
  await sent({ text: `${"word ".repeat(47)}unfinished words` });
  const { text } = await ask(`${url}/mail/`);
  expect(text).toContain("word word …</pre>");
  expect(shortened("one two", 7)).toBe("one two");
  expect(shortened("one two", 6)).toBe("one …");
  expect(shortened("one two", 3)).toBe("one …");
  expect(shortened("onetwo", 3)).toBe("one …");
  expect(shortened("😀😀", 3)).toBe("😀 …");
});

test.each(["from", "to", "subject", "text"])("a line break in the field %s makes no header", async (field) => {
  const { url, incoming } = await given();
  const form = {
    from: "dave@example.org",
    to: "alice@localhost",
    subject: "Hello",
    text: "Words",
    clientId: clientId(),
  };
  const injected = "\r\nBcc: victim@example.net\r\nX-Injected: yes";
  await ask(`${url}/mail/write`, { ...form, [field]: `${form[field as keyof typeof form]}${injected}` });
  for (const { raw, envelope } of incoming) {
    const mail = await PostalMime.parse(raw);
    expect(mail.bcc).toBeUndefined();
    expect(mail.headers.map(({ key }) => key)).not.toContain("x-injected");
    expect(envelope.to).toEqual(["alice@localhost"]);
  }
  // In the last two it is part of what is said.
  expect(incoming).toHaveLength(field === "subject" || field === "text" ? 1 : 0);
});

test("a name in the mail that is answered makes no header either", async () => {
  const { url, sent, incoming } = await given();
  const id = await sent({
    to: { name: 'Carol" <x@example.net>, "', address: "carol@example.org" },
    subject: "A\r\nBcc: b@example.net",
  });
  await ask(`${url}/mail/${id}`, { text: "Yes", clientId: clientId() });
  const mail = await PostalMime.parse(present(incoming[0]).raw);
  expect(mail.from?.address).toBe("carol@example.org");
  expect(mail.bcc).toBeUndefined();
});

test.each([
  ["without words", { text: " " }, 400],
  ["without an id", { text: "x", clientId: "" }, 400],
  ["to no address", { text: "x", to: "nobody" }, 400],
])("a form %s is refused, and nothing comes in", async (_, fields, status) => {
  const { url, sent, incoming } = await given();
  const path = "to" in fields ? "write" : await sent();
  const form = { from: "dave@example.org", clientId: clientId(), ...fields };
  expect((await ask(`${url}/mail/${path}`, form)).status).toBe(status);
  expect(incoming).toEqual([]);
});

test("reading brings nothing in, and a form of another site neither", async () => {
  const { url, sent, incoming } = await given();
  const id = await sent();
  const form = { text: "Forged", from: "dave@example.org", to: "alice@localhost", clientId: clientId() };
  for (const path of [`/mail/${id}`, "/mail/write"]) {
    await ask(`${url}${path}?${new URLSearchParams(form)}`);
    for (const headers of [
      { "sec-fetch-site": "cross-site" },
      { origin: "https://elsewhere.example" },
      { origin: "null" },
    ])
      expect((await ask(url + path, form, headers)).status).toBe(403);
  }
  expect(incoming).toEqual([]);
});

/** Asks under another name than the one that leads there. */
const statusFor = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asking = request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode));
    asking.on("error", reject).end();
  });

test.each([
  ["localhost", 200],
  ["LOCALHOST:4000", 200],
  ["127.0.0.1:4000", 200],
  ["[::1]:4000", 200],
  ["rebound.example", 404],
  ["localhost.rebound.example", 404],
  ["127.0.0.1.rebound.example", 404],
  ["192.168.1.2:4000", 404],
  ["user@rebound.example", 404],
  ["rebound.example#localhost", 404],
])("asked for as %s, it answers %i: no other site's name leads here", async (host, status) => {
  const { url } = await given();
  expect(await statusFor(`${url}/mail/`, host)).toBe(status);
  expect(isToThisMachine({ headers: { host } })).toBe(status === 200);
});

test("without a Host it is not there", () => {
  expect(isToThisMachine({ headers: {} })).toBe(false);
});

test.each(["../secret", "..%2fsecret", "x", "00000000-0000-4000-8000-000000000000", "", "write/html"])(
  "there is no mail %s",
  async (id) => {
    const { url, sent } = await given();
    await sent();
    for (const path of [`/mail/${id}/html`, `/mail/${id}/x/y`]) expect((await ask(url + path)).status).toBe(404);
  },
);

test.each([
  ["as it comes", {}, true],
  ["with a database that others may reach", { DATABASE_URL: "postgresql://x", PARLEY_SECRET: "x".repeat(32) }, false],
  ["listening to others", { PARLEY_HOST: "0.0.0.0" }, false],
  ["with a mail server", { SMTP_URL: "smtp://localhost" }, false],
  ["with Postmark", { POSTMARK_TOKEN: "x" }, false],
  ["under a name of the internet, where a proxy is in front", { PARLEY_PLATFORM: "parley.test-name.org" }, false],
  ["behind a proxy", { PARLEY_ORIGIN: "https://parley.test-name.org" }, false],
  ["at an origin of this machine", { PARLEY_ORIGIN: "http://[::1]:4000" }, true],
])("a platform %s shows the page: %s", (_, settings, isShown) => {
  expect(showsSentMails(readConfig(settings))).toBe(isShown);
});
