import { randomUUID, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as secure } from "node:tls";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readCertificate } from "../../../src/mail/in/certificate.ts";
import { inboundBytesMax } from "../../../src/mail/in/inbound-mail.ts";
import { mailToken, newSecret } from "../../../src/mail/mail-token.ts";
import { ExplainedError } from "../../../src/observe/explained-error.ts";
import { certificateFor } from "../../support/certificate.ts";
import { domain, type Inbox, openInbox, RawClient } from "./given.ts";

let inbox: Inbox;
let port: number;

beforeAll(async () => {
  inbox = await openInbox();
  ({ port } = await inbox.listen());
});
afterAll(() => inbox[Symbol.asyncDispose]());

/** What is stored of mails that have this in them. */
const storedWith = async (text: string) => (await inbox.stored()).filter(({ raw }) => raw?.includes(text));

/** Sends bytes as the mail, up to its end; the answer to them. */
async function sendMail(bytes: string, to?: string): Promise<string | null> {
  using client = await RawClient.to(port);
  await client.begin("bob@b.example", to);
  expect(await client.ask("DATA")).toMatch(/^354 /);
  client.send(bytes);
  return await client.reply();
}

const mailOf = (mark: string) => `From: bob@b.example\r\nSubject: ${mark}\r\n\r\nwords\r\n`;

describe("a mail", () => {
  test("is stored with its envelope and a job, and only then answered for", async () => {
    const mark = randomUUID();
    expect(await sendMail(`${mailOf(mark)}..a dot\r\n.\r\n`)).toBe("250 2.0.0 stored");
    const [mail, ...more] = await storedWith(mark);
    expect(more).toEqual([]);
    expect(mail).toMatchObject({ jobs: 1, raw: `${mailOf(mark)}.a dot\r\n` });
    expect(mail?.envelope).toEqual({
      source: "smtp",
      from: "bob@b.example",
      to: [`alice@${domain}`],
      remoteAddress: "127.0.0.1",
      helo: "b.example",
    });
  });

  test("that is sent again, for our answer was lost, is one", async () => {
    const mark = randomUUID();
    const bytes = `${mailOf(mark)}.\r\n`;
    const answers = await Promise.all([sendMail(bytes), sendMail(bytes), sendMail(bytes)]);
    answers.push(await sendMail(bytes));
    expect(answers).toEqual(answers.map(() => "250 2.0.0 stored"));
    expect(await storedWith(mark)).toHaveLength(1);
  });

  test("to somebody else is another, though its bytes are the same", async () => {
    const mark = randomUUID();
    await sendMail(`${mailOf(mark)}.\r\n`);
    await sendMail(`${mailOf(mark)}.\r\n`, `postmaster@${domain}`);
    expect((await storedWith(mark)).map(({ envelope }) => envelope.to)).toEqual([
      [`alice@${domain}`],
      [`postmaster@${domain}`],
    ]);
  });

  test("of which the connection breaks off is not stored", async () => {
    const mark = randomUUID();
    {
      using client = await RawClient.to(port);
      await client.begin();
      await client.ask("DATA");
      client.send(mailOf(mark));
      client.end();
      await client.closed();
    }
    expect(await storedWith(mark)).toEqual([]);
  });

  test("comes from a program that people use", async () => {
    const mark = randomUUID();
    const transport = createTransport({ host: "127.0.0.1", port });
    await transport.sendMail({ from: "Bob <bob@b.example>", to: `alice@${domain}`, subject: mark, text: "Grüße" });
    expect(await storedWith(mark)).toHaveLength(1);
  });

  test("of an address beyond ASCII is taken (RFC 6531)", async () => {
    const mark = randomUUID();
    const bytes = (text: string) => Buffer.from(text).toString("latin1");
    using client = await RawClient.to(port);
    await client.reply();
    expect(await client.ask("EHLO b.example")).toContain("SMTPUTF8");
    expect(await client.ask(bytes("MAIL FROM:<müller@b.example> SMTPUTF8"))).toMatch(/^250 /);
    expect(await client.ask(`RCPT TO:<alice@${domain}>`)).toMatch(/^250 /);
    await client.ask("DATA");
    client.send(bytes(`${mailOf(mark).replace("bob@", "müller@")}.\r\n`));
    expect(await client.reply()).toBe("250 2.0.0 stored");
    expect((await storedWith(mark))[0]?.envelope.from).toBe("müller@b.example");
  });

  test("with a null return path is taken: so bounces come", async () => {
    const mark = randomUUID();
    using client = await RawClient.to(port);
    await client.begin("");
    await client.ask("DATA");
    client.send(`${mailOf(mark)}.\r\n`);
    expect(await client.reply()).toBe("250 2.0.0 stored");
    expect((await storedWith(mark))[0]?.envelope.from).toBe("");
  });
});

describe("recipients", () => {
  test.each([
    ["an account", `alice@${domain}`, /^250 /],
    ["an account, otherwise spelled", `Alice@${domain.toUpperCase()}`, /^250 /],
    ["the postmaster", `Postmaster@${domain}`, /^250 /],
    ["the postmaster without a domain (RFC 5321, 4.5.1)", "PostMaster", /^250 /],
    ["anybody else without a domain", "alice", /^501 /],
    ["nobody", `carol@${domain}`, /^550 5\.1\.1 /],
    ["a reply address that we did not make", `reply+${"a".repeat(42)}@${domain}`, /^550 5\.1\.1 /],
    ["a reply address without a token", `reply+@${domain}`, /^550 5\.1\.1 /],
    ["another domain: no open relay", "alice@b.example", /^550 5\.7\.1 /],
    ["another domain by a percent hack", `alice%b.example@${domain}`, /^550 5\.1\.1 /],
    ["another domain in quotes", `"alice@b.example"@${domain}`, /^5/],
    ["another domain by a source route", `@${domain}:alice@b.example`, /^5/],
    ["an address literal", "alice@[127.0.0.1]", /^550 5\.7\.1 /],
    ["a subdomain", `alice@sub.${domain}`, /^550 5\.7\.1 /],
  ])("%s", async (_, address, expected) => {
    using client = await RawClient.to(port);
    await client.reply();
    await client.ask("EHLO b.example");
    await client.ask("MAIL FROM:<bob@b.example>");
    expect(await client.ask(`RCPT TO:<${address}>`)).toMatch(expected);
  });

  test("our mails' reply and bounce addresses, whatever became of their case, and not each other's", async () => {
    const { pool } = inbox.database;
    const [participation, mail] = [randomUUID(), randomUUID()].map((id) => ({ id, secret: newSecret() }));
    if (!participation || !mail) throw new Error("two");
    await pool.query(
      "INSERT INTO mail_participation (conversation_id, participant, id, secret) VALUES ($1::text, $1::text, $1::uuid, $2)",
      [participation.id, participation.secret],
    );
    await pool.query(
      `INSERT INTO mail (id, secret, conversation_id, participant, kind, up_to, message_id)
        VALUES ($1::uuid, $2, $1::text, $1::text, 'EVENTS', 1, $1::text)`,
      [mail.id, mail.secret],
    );
    using client = await RawClient.to(port);
    await client.reply();
    await client.ask("EHLO b.example");
    await client.ask("MAIL FROM:<>");
    const answerTo = (localPart: string) => client.ask(`RCPT TO:<${localPart}@${domain}>`);
    expect(await answerTo(`reply+${mailToken("reply", participation).toUpperCase()}`)).toMatch(/^250 /);
    expect(await answerTo(`bounce+${mailToken("bounce", mail)}`)).toMatch(/^250 /);
    expect(await answerTo(`bounce+${mailToken("link", mail)}`)).toMatch(/^550 5\.1\.1 /);
    expect(await answerTo(`reply+${mailToken("bounce", mail)}`)).toMatch(/^550 5\.1\.1 /);
  });

  test("that nobody is, many times: the connection is closed", async () => {
    const { port } = await inbox.listen({ limits: { unknownRecipients: 3 } });
    using client = await RawClient.to(port);
    await client.begin();
    expect(await client.ask(`RCPT TO:<a@${domain}>`)).toMatch(/^550 /);
    expect(await client.ask(`RCPT TO:<b@${domain}>`)).toMatch(/^550 /);
    expect(await client.ask(`RCPT TO:<c@${domain}>`)).toMatch(/^421 4\.7\.0 /);
    await client.closed();
  });
});

// https://sec-consult.com/blog/detail/smtp-smuggling-spoofing-e-mails-worldwide/
describe("SMTP smuggling", () => {
  const smuggled = (mark: string) =>
    `MAIL FROM:<eve@b.example>\r\nRCPT TO:<alice@${domain}>\r\nDATA\r\nSubject: smuggled ${mark}\r\n\r\nsmuggled\r\n.\r\n`;

  test.each([
    ["LF . LF", "\n.\n"],
    ["LF . CR LF", "\n.\r\n"],
    ["CR . CR", "\r.\r"],
    ["CR . CR LF", "\r.\r\n"],
    ["CR LF . LF", "\r\n.\n"],
    ["CR LF . CR", "\r\n.\r"],
    ["LF . CR", "\n.\r"],
    ["LF LF . CR CR LF", "\n\n.\r\r\n"],
    ["CR LF NUL . CR LF", "\r\n\0.\r\n"],
  ])("%s ends no mail and begins none", async (_, end) => {
    const mark = randomUUID();
    const isRefused = end !== "\r\n\0.\r\n";
    using client = await RawClient.to(port);
    await client.begin();
    await client.ask("DATA");
    client.send(`Subject: ${mark}\r\n\r\nwords${end}${smuggled(mark)}`);
    // One answer, to all of it as one mail.
    expect(await client.reply()).toMatch(isRefused ? /^550 5\.6\.11 / : /^250 /);
    expect(await client.ask("NOOP")).toBe("250 OK");
    const stored = await storedWith(mark);
    expect(stored.map(({ envelope }) => envelope.from)).toEqual(isRefused ? [] : ["bob@b.example"]);
  });

  test.each([
    ["a bare LF in the words", "Subject: S\r\n\r\nwords\nmore\r\n"],
    ["a bare CR in the words", "Subject: S\r\n\r\nwords\rmore\r\n"],
    ["a bare LF at the beginning", "\nSubject: S\r\n\r\nwords\r\n"],
    ["a bare CR before the end", "Subject: S\r\n\r\nwords\r\r\n"],
    ["a bare LF in the head", "Subject: S\nFrom: eve@b.example\r\n\r\nwords\r\n"],
  ])("%s is refused", async (_, bytes) => {
    expect(await sendMail(`${bytes}.\r\n`)).toMatch(/^550 5\.6\.11 /);
  });

  test("its end is found however its bytes are cut", async () => {
    const mark = randomUUID();
    using client = await RawClient.to(port);
    await client.begin();
    await client.ask("DATA");
    for (const byte of `${mailOf(mark)}..\r\n.x\r\n.\r\n`) {
      client.send(byte);
      await new Promise(setImmediate);
    }
    expect(await client.reply()).toBe("250 2.0.0 stored");
    expect((await storedWith(mark))[0]?.raw).toMatch(/\r\n\r\nwords\r\n\.\r\n\.?x\r\n$/);
  });

  test("what is pipelined after a mail is commands, not mail", async () => {
    const mark = randomUUID();
    using client = await RawClient.to(port);
    await client.begin();
    await client.ask("DATA");
    client.send(`${mailOf(mark)}.\r\nSubject: garbage\r\nRCPT TO:<alice@${domain}>\r\nDATA\r\n`);
    expect(await client.reply()).toBe("250 2.0.0 stored");
    expect(await client.reply()).toMatch(/^500 /);
    expect(await client.reply()).toMatch(/^503 /);
    expect(await client.reply()).toMatch(/^503 /);
    expect(await storedWith(mark)).toHaveLength(1);
    expect(await storedWith("garbage")).toEqual([]);
  });
});

describe("bounds", () => {
  test("25 MiB are taken, a byte more is not; said before, it is not even sent", async () => {
    const mark = randomUUID();
    const head = mailOf(mark);
    const line = `${"x".repeat(998)}\r\n`;
    const body = line.repeat(Math.ceil((inboundBytesMax - head.length) / line.length) + 1);
    const whole = `${(head + body).slice(0, inboundBytesMax - 2)}\r\n`;
    expect(await sendMail(`${whole}.\r\n`)).toMatch(/^250 /);
    expect(await sendMail(`${whole.slice(0, -2)}y\r\n.\r\n`)).toMatch(/^552 5\.3\.4 /);
    expect(await storedWith(mark)).toHaveLength(1);
    using client = await RawClient.to(port);
    await client.reply();
    await client.ask("EHLO b.example");
    expect(await client.ask(`MAIL FROM:<bob@b.example> SIZE=${inboundBytesMax + 1}`)).toMatch(/^552 /);
  });

  test("connections: of all, and of one address", async () => {
    const few = await inbox.listen({ limits: { connections: 2 } });
    const own = await inbox.listen({ limits: { connectionsOfSource: 2 } });
    for (const { port } of [few, own]) {
      using first = await RawClient.to(port);
      using second = await RawClient.to(port);
      expect(await first.reply()).toMatch(/^220 /);
      expect(await second.reply()).toMatch(/^220 /);
      using third = await RawClient.to(port);
      expect(await third.reply()).toMatch(/^421 /);
      first.end();
      await first.closed();
      // The place is free again, once the other side has seen it.
      for (let reply: string | null = "421"; !reply?.startsWith("220"); ) {
        using again = await RawClient.to(port);
        reply = await again.reply();
      }
    }
  });

  test("recipients of a mail, mails of a connection", async () => {
    const { port } = await inbox.listen({ limits: { recipients: 1, mailsOfConnection: 1 } });
    using client = await RawClient.to(port);
    await client.begin();
    expect(await client.ask(`RCPT TO:<postmaster@${domain}>`)).toMatch(/^452 /);
    await client.ask("DATA");
    client.send(`${mailOf(randomUUID())}.\r\n`);
    expect(await client.reply()).toMatch(/^250 /);
    expect(await client.ask("MAIL FROM:<bob@b.example>")).toMatch(/^421 /);
    await client.closed();
  });

  test("commands that are none, and long ones", async () => {
    using client = await RawClient.to(port);
    await client.reply();
    const answers = [];
    for (let count = 0; count < 10; count++) answers.push((await client.ask("HOLA"))?.slice(0, 3));
    expect(answers).toEqual([...Array<string>(9).fill("500"), "421"]);
    await client.closed();
    using other = await RawClient.to(port);
    await other.reply();
    expect(await other.ask("x".repeat(5_000))).toMatch(/^421 /);
    await other.closed();
  });

  test("time: a connection that says nothing, or goes on for ever", async () => {
    const idle = await inbox.listen({ limits: { idleMs: 300 } });
    using silent = await RawClient.to(idle.port);
    await silent.reply();
    expect(await silent.reply()).toMatch(/^421 /);
    await silent.closed();

    const short = await inbox.listen({ limits: { connectionMs: 200 } });
    using slow = await RawClient.to(short.port);
    await slow.begin();
    await slow.ask("DATA");
    const mark = randomUUID();
    const trickle = setInterval(() => slow.send(mark), 5);
    expect(await slow.reply()).toMatch(/^421 4\.3\.2 /);
    await slow.closed();
    clearInterval(trickle);
    expect(await storedWith(mark)).toEqual([]);
  });

  test("the bytes of all mails that are being taken: further ones are put off", async () => {
    const { port } = await inbox.listen({ limits: { bytesHeld: 1_000 } });
    const send = async (bytes: number) => {
      using client = await RawClient.to(port);
      await client.begin();
      await client.ask("DATA");
      client.send(`Subject: ${randomUUID()}\r\n\r\n${"x".repeat(bytes)}\r\n.\r\n`);
      return await client.reply();
    };
    expect(await send(1_000)).toMatch(/^452 4\.3\.1 /);
    // What was put off holds nothing any more.
    expect(await send(800)).toMatch(/^250 /);
    expect(await send(800)).toMatch(/^250 /);
  });
});

describe("when it cannot be stored", () => {
  test("the sender is told to try again, and the recipient that cannot be looked up is put off", async () => {
    const broken = new Error("the database is away");
    const { port } = await inbox.listen({ store: () => Promise.reject(broken) });
    using client = await RawClient.to(port);
    await client.begin();
    await client.ask("DATA");
    client.send(`${mailOf(randomUUID())}.\r\n`);
    expect(await client.reply()).toMatch(/^451 4\.3\.0 /);
    const blind = await inbox.listen({ takesMailFor: () => Promise.reject(broken) });
    using other = await RawClient.to(blind.port);
    await other.reply();
    await other.ask("EHLO b.example");
    await other.ask("MAIL FROM:<bob@b.example>");
    expect(await other.ask(`RCPT TO:<alice@${domain}>`)).toMatch(/^451 4\.3\.0 /);
  });
});

describe("stopping", () => {
  test("a mail that is being taken is taken and answered for; who waits is told to come again", async () => {
    const listening = await inbox.listen();
    const mark = randomUUID();
    using taken = await RawClient.to(listening.port);
    await taken.begin();
    await taken.ask("DATA");
    using idle = await RawClient.to(listening.port);
    await idle.begin();
    const stopped = listening[Symbol.asyncDispose]();
    expect(await idle.reply()).toMatch(/^421 4\.3\.2 /);
    taken.send(`${mailOf(mark)}.\r\n`);
    expect(await taken.reply()).toBe("250 2.0.0 stored");
    expect(await taken.reply()).toMatch(/^421 4\.3\.2 /);
    await stopped;
    expect(await storedWith(mark)).toHaveLength(1);
    await expect(RawClient.to(listening.port)).rejects.toThrow("ECONNREFUSED");
  });

  test("a mail that takes too long is cut, and its sender told", async () => {
    const listening = await inbox.listen({ limits: { stopWithinMs: 50 } });
    using client = await RawClient.to(listening.port);
    await client.begin();
    await client.ask("DATA");
    await listening[Symbol.asyncDispose]();
    expect(await client.reply()).toMatch(/^421 /);
  });
});

describe("STARTTLS", () => {
  test("is offered where there is a certificate, and what was said before it counts no more", async () => {
    const { port } = await inbox.listen({ readCertificate: async () => certificateFor(domain) });
    const mark = randomUUID();
    const transport = createTransport({
      host: "127.0.0.1",
      port,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
    });
    await transport.sendMail({ from: "bob@b.example", to: `alice@${domain}`, subject: mark, text: "words" });
    expect(await storedWith(mark)).toHaveLength(1);
    // STARTTLS injection: what is pipelined behind it in the clear is dropped.
    using client = await RawClient.to(port);
    await client.reply();
    expect(await client.ask("EHLO b.example")).toContain("STARTTLS");
    client.send(`STARTTLS\r\nMAIL FROM:<eve@b.example>\r\n`);
    expect(await client.reply()).toMatch(/^220 /);
    client.end();
    expect(await client.reply()).toBeNull();
  });

  test("shows a renewed certificate; where it cannot be read, the one before", async () => {
    await using files = await certificateFiles();
    const cannot: unknown[] = [];
    const { port } = await inbox.listen({
      readCertificate: () =>
        readCertificate(files).catch((error: unknown) => {
          cannot.push(error);
          throw error;
        }),
      limits: { certificateMs: 10 },
    });
    const first = await files.write();
    await vi.waitFor(async () => expect(await certificateAt(port)).toBe(first));
    await writeFile(files.key, "no key");
    await vi.waitFor(() => expect(cannot.length).toBeGreaterThan(1));
    expect(await certificateAt(port)).toBe(first);
    const second = await files.write();
    await vi.waitFor(async () => expect(await certificateAt(port)).toBe(second));
    expect(second).not.toBe(first);
  });

  test.each([
    ["no file", { cert: "/nowhere/cert.pem" }, /ENOENT.*\/nowhere\/cert\.pem.*Both have to be PEM/],
    [
      "the key of another",
      { key: certificateFor(domain).key },
      /the key is not the certificate's.*Both have to be PEM/,
    ],
  ])("%s as its certificate is told at the start", async (_, wrong, why) => {
    await using files = await certificateFiles();
    if ("key" in wrong) await writeFile(files.key, wrong.key);
    const named = { key: files.key, cert: "cert" in wrong ? wrong.cert : files.cert };
    const listening = inbox.listen({ readCertificate: () => readCertificate(named) });
    await expect(listening).rejects.toThrow(why);
    await expect(listening).rejects.toBeInstanceOf(ExplainedError);
  });

  test("is not offered without", async () => {
    using client = await RawClient.to(port);
    await client.reply();
    expect(await client.ask("EHLO b.example")).not.toMatch(/STARTTLS|AUTH/);
    expect(await client.ask("STARTTLS")).toMatch(/^500 /);
  });
});

/** A certificate with its key as files; `write` puts others there, and returns the certificate's fingerprint. */
async function certificateFiles() {
  const folder = await mkdtemp(join(tmpdir(), "parley-certificate-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const write = async (): Promise<string> => {
    const made = certificateFor(domain);
    await Promise.all([writeFile(cert, made.cert), writeFile(key, made.key)]);
    return new X509Certificate(made.cert).fingerprint256;
  };
  await write();
  return { cert, key, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** The fingerprint of the certificate that a connection is shown after STARTTLS. */
async function certificateAt(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    for (const line of ["", "EHLO b.example\r\n", "STARTTLS\r\n"]) {
      if (line !== "") socket.write(line);
      await once(socket, "data");
    }
    const secured = secure({ socket, rejectUnauthorized: false });
    await once(secured, "secureConnect");
    return secured.getPeerCertificate().fingerprint256;
  } finally {
    socket.destroy();
  }
}
