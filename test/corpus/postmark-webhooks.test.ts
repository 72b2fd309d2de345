// What Postmark has really posted, and what its documentation shows: each is answered, stored once, and read.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blobOf } from "../../src/mail/in/inbound-mail.ts";
import { eventOf } from "../../src/mail/in/postmark-events.ts";
import { exactNumbers } from "../../src/mail/in/postmark-json.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";

const folder = join(process.env["PARLEY_TEST_DATA"] ?? "", "postmark-webhooks");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const isEvent = (name: string) => name.startsWith("event");

const password = "a password of the tests";
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({ worker: false, settings: { POSTMARK_WEBHOOK_PASSWORD: password } });
});
afterAll(() => platform[Symbol.asyncDispose]());

const post = async (name: string, body: string) => {
  const path = isEvent(name) ? "events" : "inbound";
  const response = await fetch(`${platform.url}/webhooks/postmark/${path}`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`postmark:${password}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body,
  });
  return response.status;
};

async function keptSince(known: ReadonlySet<string>) {
  const { rows } = await platform.core.database.pool.query<{ id: string; key: string; envelope: { to: string[] } }>(
    "SELECT id, key, envelope FROM inbound_mail",
  );
  return rows.filter(({ id }) => !known.has(id));
}

test("there are both kinds", () => {
  expect(files.filter(isEvent).length).toBeGreaterThan(0);
  expect(files.filter((name) => !isEvent(name)).length).toBeGreaterThan(0);
});

test.each(files)("%s", async (name) => {
  const known = new Set((await keptSince(new Set())).map(({ id }) => id));
  const body = await readFile(join(folder, name), "utf8");
  expect(await post(name, body)).toBe(200);
  expect(await post(name, body)).toBe(200);
  const [kept, ...more] = await keptSince(known);
  expect(more).toEqual([]);
  expect(kept).toBeDefined();
  const raw = await readFile(join(platform.core.config.dataFolder, "blobs", blobOf(kept?.id ?? "")));
  if (isEvent(name)) {
    const event = eventOf(JSON.parse(raw.toString(), exactNumbers));
    const kind = { Bounce: "bounced", Delivery: "delivered", SpamComplaint: "complained" }[
      JSON.parse(body).RecordType as string
    ];
    expect(event).toMatchObject({ kind: "news", key: kept?.key, news: { kind } });
    // As it stands in the text: a number would have rounded it.
    const id = /"ID":\s*(\d+)/.exec(body)?.[1];
    if (id !== undefined) expect(kept?.key).toContain(` ${id} `);
    return;
  }
  const given = JSON.parse(body);
  const email = await PostalMime.parse(raw);
  expect(email.from?.address).toBe(given.FromFull?.Email ?? given.From);
  expect(email.subject).toBe(given.Subject);
  expect(email.text?.trim()).toBe(given.TextBody.trim());
  expect(email.attachments.map(({ filename }) => filename)).toEqual(
    given.Attachments?.map(({ Name }: { Name: string }) => Name) ?? [],
  );
  expect(kept?.envelope.to).not.toEqual([]);
});
