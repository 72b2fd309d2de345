// Postmark's webhooks, from the request to what is stored of it. No worker runs: what is stored stays as it is.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blobOf, inboundBytesMax } from "../../../src/mail/in/inbound-mail.ts";
import { strictFrom } from "../../../src/mail/in/strict-from.ts";
import { headersEnd } from "../../../src/mail/mail-head.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";

const password = "the webhooks' password: ü";
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({ worker: false, settings: { POSTMARK_WEBHOOK_PASSWORD: password } });
});
afterAll(() => platform[Symbol.asyncDispose]());

const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
const shown = { authorization: basic("postmark", password) };

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

function ask({ path = "/webhooks/postmark/inbound", method = "POST", headers = shown, body = "{}" }: Asked = {}) {
  return fetch(`${platform.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(method === "POST" && { body }),
  });
}

const post = async (path: "inbound" | "events", body: object | string) =>
  (await ask({ path: `/webhooks/postmark/${path}`, body: typeof body === "string" ? body : JSON.stringify(body) }))
    .status;

interface Row {
  readonly id: string;
  readonly envelope: { readonly from: string | null; readonly to: readonly string[] };
  readonly authentication: { readonly verdict: string } | null;
  readonly task: string;
  readonly raw: Buffer;
}

/** What is stored under keys that have this in them, with the task of its job. */
async function storedAs(part: string): Promise<readonly Row[]> {
  const { database, config } = platform.core;
  const { rows } = await database.pool.query<Omit<Row, "raw">>(
    `SELECT m.id, m.envelope, m.authentication, t.identifier AS task FROM inbound_mail AS m
      JOIN graphile_worker._private_jobs AS j ON j.payload->>'inbound' = m.id::text
      JOIN graphile_worker._private_tasks AS t ON t.id = j.task_id
      WHERE strpos(m.key, $1) > 0 ORDER BY m.received_at`,
    [part],
  );
  return Promise.all(
    rows.map(async (row) => ({ ...row, raw: await readFile(join(config.dataFolder, "blobs", blobOf(row.id))) })),
  );
}

const inbound = (id: string, more: object = {}) => ({
  MessageID: id,
  OriginalRecipient: "alice@localhost",
  FromFull: { Email: "bob@b.example", Name: "Bob, the builder" },
  ToFull: [{ Email: "alice@localhost", Name: "Älice" }],
  CcFull: [{ Email: "carol@c.example", Name: "" }],
  Subject: "Lunch",
  Date: "Fri, 1 Aug 2014 16:45:32 -04:00",
  TextBody: "At noon?",
  HtmlBody: "<p>At noon?</p>",
  Headers: [
    { Name: "Return-Path", Value: "<bounces@b.example>" },
    { Name: "Message-ID", Value: "<m1@b.example>" },
    { Name: "In-Reply-To", Value: "<m0@localhost>" },
    { Name: "References", Value: "<root@localhost>\t<m0@localhost>" },
  ],
  Attachments: [],
  ...more,
});

describe("who may post", () => {
  test.each([
    ["nothing shown", {}],
    ["another password", { authorization: basic("postmark", `${password}x`) }],
    ["another user", { authorization: basic("postmaster", password) }],
    ["the password without Basic", { authorization: password }],
    ["a token", { authorization: `Bearer ${password}` }],
    ["an empty one", { authorization: basic("", "") }],
  ])("%s: 401, and nothing stored", async (_, headers) => {
    const response = await ask({
      headers: headers as Record<string, string>,
      body: JSON.stringify(inbound("unasked")),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    expect(await storedAs("unasked")).toEqual([]);
  });

  test("without a password there are none", async () => {
    await using closed = await startPlatform({ worker: false });
    for (const authorization of [basic("postmark", ""), basic("postmark", "undefined")]) {
      const response = await fetch(`${closed.url}/webhooks/postmark/inbound`, {
        method: "POST",
        headers: { authorization },
      });
      expect(response.status).toBe(404);
    }
  });
});

describe("what may be posted", () => {
  test.each([
    ["GET", { method: "GET" }, 405],
    ["another path", { path: "/webhooks/postmark/opens" }, 404],
    ["a form", { headers: { ...shown, "content-type": "application/x-www-form-urlencoded" } }, 415],
    ["something compressed", { headers: { ...shown, "content-encoding": "gzip" } }, 415],
    ["no JSON", { body: "{" }, 400],
    ["no UTF-8", { body: Buffer.from([0x22, 0xff, 0x22]) }, 400],
    ["an array", { body: "[]" }, 400],
    ["a mail without an id", { body: "{}" }, 400],
    ["an event without a type", { path: "/webhooks/postmark/events" }, 400],
    ["a large event", { path: "/webhooks/postmark/events", body: `"${"x".repeat(3_000_000)}"` }, 413],
  ] satisfies [string, Asked, number][])("%s", async (_, asked, status) => {
    expect((await ask(asked)).status).toBe(status);
  });
});

describe("a mail", () => {
  test("as it came is stored byte for byte; whose it is, is found out of its bytes", async () => {
    const raw = "Received: from b.example\r\nFrom: bob@b.example\r\nSubject: Grüße\r\n\r\nwords\r\n";
    expect(await post("inbound", inbound("whole", { RawEmail: raw }))).toBe(200);
    const [mail] = await storedAs("whole");
    expect(mail).toMatchObject({ task: "handle-mail", authentication: null });
    expect(mail?.raw.toString()).toBe(raw);
    expect(mail?.envelope).toMatchObject({ source: "postmark", from: "bounces@b.example", to: ["alice@localhost"] });
  });

  test("in fields is put together, and nobody vouches for it, whatever its headers say", async () => {
    const claims = [
      { Name: "Received-SPF", Value: "Pass (sender SPF authorized) identity=mailfrom; client-ip=192.0.2.1" },
      { Name: "Authentication-Results", Value: "postmarkapp.com; dkim=pass header.d=b.example; spf=pass" },
      { Name: "X-Spam-Tests", Value: "DKIM_SIGNED,DKIM_VALID,DKIM_VALID_AU,SPF_PASS" },
    ];
    const given = inbound("fields", { Headers: [...claims, ...inbound("").Headers] });
    expect(await post("inbound", given)).toBe(200);
    const [mail] = await storedAs("fields");
    expect(mail?.authentication).toMatchObject({ verdict: "failed" });
    const email = await PostalMime.parse(mail?.raw ?? "");
    expect(email).toMatchObject({
      from: { address: "bob@b.example", name: "Bob, the builder" },
      to: [{ address: "alice@localhost", name: "Älice" }],
      cc: [{ address: "carol@c.example", name: "" }],
      subject: "Lunch",
      messageId: "<m1@b.example>",
      inReplyTo: "<m0@localhost>",
      references: "<root@localhost> <m0@localhost>",
      date: "2014-08-01T20:45:32.000Z",
      text: "At noon?\n",
    });
    expect(email.html).toContain("<p>At noon?</p>");
  });

  test("with files, of which the test button's have another key", async () => {
    const Attachments = [
      { Name: "a.txt", ContentType: "text/plain", Content: Buffer.from("A").toString("base64") },
      { Name: "b.txt", ContentType: "text/plain", Data: Buffer.from("B").toString("base64") },
      { Name: "c.png", ContentType: "image/png", Content: "iVBORw==", ContentID: "<c@b.example>" },
    ];
    expect(await post("inbound", inbound("files", { Attachments }))).toBe(200);
    const { attachments } = await PostalMime.parse((await storedAs("files"))[0]?.raw ?? "", {
      attachmentEncoding: "base64",
    });
    const read = attachments.map(({ filename, content, contentId }) => [filename, content, contentId ?? null]);
    expect(read.toSorted()).toEqual([
      ["a.txt", "QQ==", null],
      ["b.txt", "Qg==", null],
      ["c.png", "iVBORw==", "<c@b.example>"],
    ]);
  });

  test("that is larger than mails are taken is refused for good: Postmark sends it no more", async () => {
    const RawEmail = `Subject: large\r\n\r\n${"x".repeat(inboundBytesMax)}`;
    expect(await post("inbound", inbound("large", { RawEmail }))).toBe(403);
    expect(await storedAs("large")).toEqual([]);
  });

  test("sent again is one", async () => {
    for (const _ of [1, 2, 3]) expect(await post("inbound", inbound("again"))).toBe(200);
    expect(await storedAs("again")).toHaveLength(1);
  });

  test.each([
    ["a header's value", { Headers: [{ Name: "X-A", Value: "1\r\nFrom: eve@b.example\r\n\r\nwords" }] }],
    ["a header's name", { Headers: [{ Name: "X-A: 1\r\nFrom", Value: "eve@b.example" }] }],
    ["From in the headers", { Headers: [{ Name: "From", Value: "eve@b.example" }] }],
    ["the subject", { Subject: "S\r\nFrom: eve@b.example" }],
    ["the name", { FromFull: { Name: 'Bob" <eve@b.example>\r\nFrom: eve@b.example', Email: "bob@b.example" } }],
    [
      "a file's name",
      { Attachments: [{ Name: "a\r\nFrom: eve@b.example", ContentType: "text/plain", Content: "QQ==" }] },
    ],
    ["a file's type", { Attachments: [{ Name: "a", ContentType: "a/b\r\nFrom: eve@b.example", Content: "QQ==" }] }],
    ["a recipient's name", { ToFull: [{ Email: "alice@localhost", Name: "A\r\nFrom: eve@b.example" }] }],
  ])("header injection by %s changes no From", async (what, more) => {
    expect(await post("inbound", inbound(`injected ${what}`, more))).toBe(200);
    const [mail] = await storedAs(`injected ${what}`);
    const raw = mail?.raw ?? Buffer.alloc(0);
    expect(strictFrom(raw.subarray(0, headersEnd(raw)))).toBe("bob@b.example");
    const { from, headers } = await PostalMime.parse(raw);
    expect(from?.address).toBe("bob@b.example");
    expect(headers.filter(({ key }) => key === "from")).toHaveLength(1);
  });

  test("reads no file and fetches nothing", async () => {
    const HtmlBody = '<img src="file:///etc/passwd"><img src="data:image/png;base64,QQ==">';
    expect(await post("inbound", inbound("reaching", { HtmlBody }))).toBe(200);
    expect((await PostalMime.parse((await storedAs("reaching"))[0]?.raw ?? "")).html).toContain("file:///etc/passwd");
  });
});

describe("an event", () => {
  const bounce = (more: string) =>
    `{"RecordType":"Bounce","Type":"HardBounce","MessageID":"883953f4-6105-42a2-a16a-77a8eac79483","BouncedAt":"2019-11-05T16:33:54.9070259Z",${more}}`;

  test("is stored as it is, for a task of its own", async () => {
    const body = bounce('"ID":1,"Details":"one"');
    expect(await post("events", body)).toBe(200);
    const [event] = await storedAs("Bounce 1 ");
    expect(event).toMatchObject({ task: "hear-of-mail" });
    expect(event?.raw.toString()).toBe(body);
  });

  test("is known by its id to the last digit: those above 2^53 are not rounded", async () => {
    for (const id of ["4323372036854775807", "4323372036854775806", "4323372036854775807"])
      expect(await post("events", bounce(`"ID":${id}`))).toBe(200);
    expect(await storedAs("Bounce 4323372036854775807 ")).toHaveLength(1);
    expect(await storedAs("Bounce 4323372036854775806 ")).toHaveLength(1);
  });

  test("of a kind that says nothing of whether a mail arrived is answered, and not kept", async () => {
    for (const RecordType of ["Open", "Click", "SubscriptionChange", "Something new"])
      expect(await post("events", { RecordType, MessageID: "kept" })).toBe(200);
    expect(await storedAs("kept")).toEqual([]);
  });
});
