// What tests of pages are given: a platform, a conversation with somebody who has nothing but an address, and mails to them,
// as if they had been sent.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type pg from "pg";
import { expect } from "vitest";
import type { Parley, Role } from "../../../sdk/src/index.ts";
import type { Pages } from "../../../src/http/pages.ts";
import { mailToken, newSecret, type TokenPurpose } from "../../../src/mail/mail-token.ts";
import { messageIdOf } from "../../../src/mail/out/ask-mail.ts";
import { sha256 } from "../../../src/protocol/hash.ts";
import { done, present, type Somebody } from "../../graphql/given.ts";
import type { TestPlatform } from "../../support/platform.ts";

export interface MailedPerson {
  readonly conversation: string;
  readonly participant: string;
  readonly address: string;
  /** Of mail_participation. */
  readonly participationId: string;
}

let count = 0;

/** An address that no other test knows. */
function newAddress(name: string): string {
  return `${name}.${++count}@example.org`;
}

/** Adds somebody by mail. */
export async function addByMail(
  pool: pg.Pool,
  parley: Parley,
  conversation: string,
  { address = newAddress("carol"), name, role }: { address?: string; name?: string; role?: Role } = {},
): Promise<MailedPerson> {
  const added = await done(
    parley.participantAdd({ conversation, address, ...(name !== undefined && { name }), ...(role && { role }) }),
  );
  const participant = present(present(added.item).hash);
  await pool.query(
    "INSERT INTO mail_participation (conversation_id, participant, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [conversation, participant, newSecret()],
  );
  const { rows } = await pool.query<{ id: string }>(
    "SELECT id FROM mail_participation WHERE conversation_id = $1 AND participant = $2",
    [conversation, participant],
  );
  return { conversation, participant, address, participationId: present(rows[0]?.id) };
}

/** A mail to them that tells events up to `upTo`, by default all that there are; returns what makes its tokens. */
export async function mailTo(pool: pg.Pool, { conversation, participant }: MailedPerson, upTo?: number) {
  const id = crypto.randomUUID();
  const secret = newSecret();
  await pool.query(
    `INSERT INTO mail (id, secret, conversation_id, participant, kind, up_to, message_id, status)
    SELECT $1, $2, id, $4, 'EVENTS', coalesce($5, seq), $6, 'SENT' FROM conversation WHERE id = $3`,
    [id, secret, conversation, participant, upTo ?? null, messageIdOf(id, "localhost")],
  );
  return { id, token: (purpose: TokenPurpose) => mailToken(purpose, { id, secret }) };
}

/** Adds a file to a message, as an import does: its bytes are nowhere. */
export async function addFile(
  { core: { store } }: TestPlatform,
  { accountId }: Somebody,
  conversation: string,
  message: string,
  title: string,
): Promise<void> {
  const body = { title, type: "text/plain", size: 1_234, sha256: sha256(title), key: "A".repeat(22) };
  const command = { action: "add", model: "attachment", item: message, body } as const;
  expect(await store.append({ conversation, accountId, command })).toHaveProperty("entries");
}

/** A page as it was answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Asks for a page as a browser does. @param form sent by POST, from a page of ours unless headers say otherwise */
export async function ask(
  url: string,
  form?: Readonly<Record<string, string>> | null,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const response = await fetch(url, {
    redirect: "manual",
    headers: { ...(form && !("origin" in headers) && { "sec-fetch-site": "same-origin" }), ...headers },
    ...(form && { method: "POST", body: new URLSearchParams(form) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The hidden fields of a new form. */
export function stamp() {
  const salt = randomBytes(32).toString("base64url");
  return { clientId: crypto.randomUUID(), salt, at: new Date().toISOString() };
}

/** A browser with one page: what it keeps is its cookie. */
export interface Browser {
  read(query?: string): Promise<Answered>;
  /** Sends a form of the page. */
  send(form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** Sends the form that the page has for it, with what the page put into it, and `fields`. */
  fill(what: string, fields?: Readonly<Record<string, string>>, query?: string): Promise<Answered>;
  cookie: string;
}

export function browse(url: string, cookie = ""): Browser {
  const browser: Browser = {
    cookie,
    read: (query = "") => ask(url + query, null, { cookie: browser.cookie }),
    send: async (form, headers = {}) => {
      const answered = await ask(url, form, { cookie: browser.cookie, ...headers });
      const set = answered.headers.get("set-cookie");
      if (set !== null) browser.cookie = set.split(";")[0] ?? "";
      return answered;
    },
    fill: async (what, fields = {}, query = "") => {
      const { text } = await browser.read(query);
      const form = text.split("<form").find((one) => one.includes(`name="do" value="${what}"`));
      const hidden = present(form).matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g);
      return browser.send({
        ...Object.fromEntries([...hidden].map(([, name = "", value = ""]) => [name, value])),
        ...fields,
      });
    },
  };
  return browser;
}

/** The codes that were asked for them, the latest last. */
export async function codesOf(pool: pg.Pool, { conversation, participant }: MailedPerson): Promise<readonly string[]> {
  const { rows } = await pool.query<{ code: string }>(
    `SELECT about->>'code' AS code FROM mail WHERE conversation_id = $1 AND participant = $2 AND kind = 'CODE' ORDER BY created_at, id`,
    [conversation, participant],
  );
  return rows.map(({ code }) => code);
}

/** A browser in which they are signed in. */
export async function signIn(pool: pg.Pool, url: string, person: MailedPerson): Promise<Browser> {
  const browser = browse(url);
  await browser.send({ do: "ask-code" });
  const code = present((await codesOf(pool, person)).at(-1));
  const { status } = await browser.send({ do: "open", code });
  expect(status).toBe(303);
  return browser;
}

/** Serves pages on a port of their own. */
export async function servePages(pages: Pages): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    void pages.answer(request, response, (request.url ?? "/").split("?")[0] ?? "/");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
