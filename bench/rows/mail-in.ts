// Row: mails taken over SMTP until each is a message in its conversation's log, against smtp-server that takes the same and
// postal-mime that reads them.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createTransport } from "nodemailer";
import { z } from "zod";
import { mailToken, newSecret } from "../../src/mail/mail-token.ts";
import { freePort } from "../../test/support/free-port.ts";
import { type Child, startChild } from "../ask-child.ts";
import { cpuMs } from "../cpu-time.ts";
import type { Effort } from "../effort.ts";
import { median, type Row } from "../measure.ts";
import { messageText, platform, type Somebody, type Stage, secret } from "../stage.ts";

const senders = "b.example";
const connections = 8;
/** As many mails of one person as become messages of one conversation in an hour, no matter what. */
const mailsOfOne = 9;

const startedSchema = z.object({ smtpPort: z.number(), port: z.number() });
const doneSchema = z.object({ done: z.number() });

export async function mailIn(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, count] = isQuick ? [2, 400] : [4, 1_000];
  const folder = await mkdtemp(join(tmpdir(), "parley-bench-mail-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const parley = stack.use(startChild("./mail-in-child.ts"));
  const bare = stack.use(startChild("./mail-in-child.ts"));
  const settings = {
    ...{ DATABASE_URL: stage.databaseUrl, PARLEY_SECRET: secret, PARLEY_PLATFORM: platform, PARLEY_DATA: folder },
    // Nobody is mailed in between.
    ...{ PARLEY_PORT: "0", PARLEY_SMTP_PORT: String(await freePort()), PARLEY_MAIL_DELAY: "3600" },
  };
  const ours = await parley.ask({ kind: "parley", settings, senders }, startedSchema);
  const limit = await bare.ask({ kind: "bare" }, startedSchema);
  const [alice] = await stage.makePeople(1);
  if (!alice) throw new Error("nobody was made");
  progress("adding people who have nothing but an address");
  const needed = Math.ceil(((rounds + 1) * count) / mailsOfOne);
  const people = await addByMail(stage, alice, ours.port, needed);
  let next = 0;
  const mails = () => Array.from({ length: count }, () => mailFrom(people, next++));

  progress("warming up");
  await run(parley, ours.smtpPort, mails());
  await run(bare, limit.smtpPort, mails());
  next = count;
  const ourRates: number[] = [];
  const limits: number[] = [];
  const taking: number[] = [];
  const us: number[] = [];
  for (let index = 0; index < rounds; index++) {
    limits.push((await run(bare, limit.smtpPort, mails())).rate);
    next -= count;
    const before = await cpuMs(parley.pid);
    const { rate, taken } = await run(parley, ours.smtpPort, mails());
    ourRates.push(rate);
    taking.push(taken);
    us.push((((await cpuMs(parley.pid)) - before) * 1_000) / count);
    progress(`${Math.round(ourRates.at(-1) ?? 0)} mails a second, the libraries ${Math.round(limits.at(-1) ?? 0)}`);
  }
  return [
    {
      row: "inbound: mails over SMTP, into the log",
      unit: "/s",
      ours: median(ourRates),
      limit: median(limits),
      toReach: null,
      told: {
        "stored and answered for, /s": median(taking),
        "processor µs a mail": median(us),
        ratios: ourRates.map((rate, index) => (rate / (limits[index] ?? Number.NaN)).toFixed(3)).join(" "),
      },
    },
  ];
}

interface ByMail {
  readonly address: string;
  readonly replyTo: string;
}

/** People by mail, each in a conversation of their own with `by`. */
async function addByMail(stage: Stage, by: Somebody, port: number, count: number): Promise<readonly ByMail[]> {
  const document = `mutation Add($input: ConversationCreateInput!) { conversationCreate(input: $input) {
    __typename ... on ConversationCreatePayload { conversation { hash } } ... on Rejection { message } } }`;
  for (let index = 0; index < count; index++) {
    const participants = [{ address: `bob${index}@${senders}` }];
    const input = { subject: `Mails ${index}`, participants, publish: true, messages: [{ body: messageText(index) }] };
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${by.token}`, "content-type": "application/json" },
      body: JSON.stringify({ query: document, variables: { input } }),
    });
    const answer = await response.text();
    if (!answer.includes('"ConversationCreatePayload"'))
      throw new Error(`a conversation could not be begun: ${answer}`);
  }
  const { rows } = await stage.database.pool.query<{ address: string; conversation: string; participant: string }>(
    `SELECT r.address, p.conversation_id AS conversation, p.id AS participant FROM participant AS p
      JOIN recipient AS r ON r.id = p.recipient_id WHERE r.address LIKE 'bob%@' || $1`,
    [senders],
  );
  return Promise.all(
    rows.map(async ({ address, conversation, participant }) => {
      const { rows: made } = await stage.database.pool.query<{ id: string; secret: Buffer }>(
        `INSERT INTO mail_participation (conversation_id, participant, secret) VALUES ($1, $2, $3)
          ON CONFLICT (conversation_id, participant) DO UPDATE SET secret = mail_participation.secret RETURNING id, secret`,
        [conversation, participant, newSecret()],
      );
      const [source] = made;
      if (!source) throw new Error("a participation was not made");
      return { address, replyTo: `reply+${mailToken("reply", source)}@${platform}` };
    }),
  );
}

interface Mail {
  readonly envelope: { readonly from: string; readonly to: string };
  readonly raw: string;
}

/** An answer as programs write it: text and HTML, with the mail that it answers below. */
function mailFrom(people: readonly ByMail[], number: number): Mail {
  const one = people[number % people.length];
  if (!one) throw new Error("nobody is there to write");
  const { address, replyTo } = one;
  const words = messageText(number);
  const quoted = messageText(0);
  const on = `On Fri, Nov 27, 2026 at 10:00 AM Alice via Parley <${replyTo}> wrote:`;
  const raw = `From: Bob <${address}>
To: Alice via Parley <${replyTo}>
Subject: Re: Mails
Date: Fri, 27 Nov 2026 10:00:00 +0000
Message-ID: <${randomUUID()}@${senders}>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset="UTF-8"

${words}

${on}
> ${quoted}

--b
Content-Type: text/html; charset="UTF-8"

<div dir="ltr">${words}</div><br><div class="gmail_quote"><div class="gmail_attr">${on.replace("<", "&lt;").replace(">", "&gt;")}<br></div>
<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">${quoted}</blockquote></div>

--b--
`;
  return { envelope: { from: address, to: replyTo }, raw: raw.replaceAll("\n", "\r\n") };
}

interface Run {
  /** Mails a second, from handing over the first until the last is answered for. */
  readonly taken: number;
  /** The same until the last is worked through. */
  readonly rate: number;
}

async function run(child: Child, port: number, mails: readonly Mail[]): Promise<Run> {
  const { done: before } = await child.ask({}, doneSchema);
  const transport = createTransport({
    ...{ host: "127.0.0.1", port, pool: true, ignoreTLS: true },
    ...{ maxConnections: connections, maxMessages: 90 },
  });
  const startedAt = performance.now();
  await Promise.all(mails.map((mail) => transport.sendMail(mail)));
  const takenMs = performance.now() - startedAt;
  const deadline = startedAt + 120_000;
  for (;;) {
    const { done } = await child.ask({}, doneSchema);
    if (done - before >= mails.length) break;
    if (performance.now() > deadline) throw new Error(`${done - before} of ${mails.length} mails were worked through`);
    await setTimeout(5);
  }
  const elapsedMs = performance.now() - startedAt;
  transport.close();
  return { taken: (mails.length * 1_000) / takenMs, rate: (mails.length * 1_000) / elapsedMs };
}
