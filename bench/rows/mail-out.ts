// Row: mails a second that are composed and handed to an SMTP server, against nodemailer alone sending ready mails of the same size.
import { runMigrations } from "graphile-worker";
import nodemailer from "nodemailer";
import { emptyDraft, publishDraft } from "../../src/conversation/draft.ts";
import { collectMail } from "../../src/mail/out/collect.ts";
import { oweMail } from "../../src/mail/out/owe.ts";
import { createSendMail } from "../../src/mail/out/send.ts";
import { smtpProvider } from "../../src/mail/providers/smtp.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Person, Place } from "../../src/store/conversation-store.ts";
import { postgresStore } from "../../src/store/postgres-store.ts";
import { type Child, startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { countSchema, listeningSchema } from "../mail-sink.ts";
import { median, type Row } from "../measure.ts";
import { messageText, now, platform, type Somebody, type Stage, salt } from "../stage.ts";

const inFlight = 24;
const domain = "mail.example";

/** A conversation of somebody here and somebody by mail. */
interface MailTalk {
  readonly conversation: string;
  readonly accountId: string;
  readonly guest: string;
}

export async function mailOut(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, count] = isQuick ? [2, 400] : [7, 1_000];
  const { pool } = stage.database;
  await runMigrations({ pgPool: pool });
  await using stack = new AsyncDisposableStack();
  const sink = stack.use(startChild("./mail-sink.ts"));
  const { port } = await sink.ask({ ask: "listen" }, listeningSchema);
  const url = `smtp://127.0.0.1:${port}`;
  const provider = stack.use(smtpProvider(url, { name: domain }));
  const sendMail = createSendMail({ pool, domain, origin: () => "https://mail.example", provider, log: silentLogger });
  const transport = nodemailer.createTransport({ url, pool: true, maxConnections: 5 });
  stack.defer(() => transport.close());
  const [author] = await stage.makePeople(1);
  if (!author) throw new Error("nobody was made");
  const talks = await makeMailTalks(stage, author, count);

  const runOurs = async (number: number): Promise<Taken> => {
    const mails = await sayByMail(stage, talks, number);
    return timed(sink, mails, sendMail);
  };
  const runBare = (bytes: number): Promise<Taken> => {
    const raw = readyMail(bytes);
    const envelope = { from: `bounce@${domain}`, to: [`guest@${domain}`] };
    return timed(sink, talks, () => transport.sendMail({ raw, envelope }));
  };
  progress("warming up");
  // The first tells of their add; those that are measured, of one message each.
  await runOurs(0);
  await runBare((await runOurs(1)).bytes);
  const [ours, bare]: [Taken[], Taken[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const one = await runOurs(round + 2);
    ours.push(one);
    bare.push(await runBare(one.bytes));
    progress(`composed and sent ${Math.round(one.rate)}/s; nodemailer alone ${Math.round(bare.at(-1)?.rate ?? 0)}/s`);
  }
  const { rows } = await pool.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM mail WHERE status <> 'SENT'",
  );
  if (rows[0]?.count !== 0) throw new Error(`${rows[0]?.count} mails are not sent`);
  await pool.query("DELETE FROM graphile_worker._private_jobs");
  return [
    {
      row: "mails out by SMTP",
      unit: "/s",
      ours: median(ours.map(({ rate }) => rate)),
      limit: median(bare.map(({ rate }) => rate)),
      toReach: null,
      told: {
        "bytes a mail": median(ours.map(({ bytes }) => bytes)),
        rounds: ours.map(({ rate }, index) => (rate / (bare[index]?.rate ?? 1)).toFixed(2)).join(" "),
      },
    },
  ];
}

interface Taken {
  readonly rate: number;
  /** Of one mail. */
  readonly bytes: number;
}

/** Works through all, so many at a time, and looks at what the server took. */
async function timed<Item>(
  sink: Child,
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<Taken> {
  await sink.ask({ ask: "count" }, countSchema);
  const startedAt = performance.now();
  const left = items.values();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (const item of left) await work(item);
    }),
  );
  const elapsedMs = performance.now() - startedAt;
  const { mails, bytes } = await sink.ask({ ask: "count" }, countSchema);
  if (mails !== items.length) throw new Error(`${mails} mails came where ${items.length} were sent`);
  return { rate: (mails * 1_000) / elapsedMs, bytes: Math.round(bytes / mails) };
}

async function makeMailTalks(stage: Stage, author: Somebody, count: number): Promise<readonly MailTalk[]> {
  const { signer, database } = stage;
  const store = postgresStore({ pool: database.pool, signer, now, salt, onCommitted: () => {} });
  const { rows: guests } = await database.pool.query<{ id: string; address: string }>(
    `INSERT INTO recipient (address, kind) SELECT 'guest' || i || '@mail.example', 'EMAIL' FROM generate_series(1, $1::int) AS i
    RETURNING id, address`,
    [count],
  );
  return Promise.all(
    guests.map(async ({ id: recipientId, address }, index): Promise<MailTalk> => {
      const draft = {
        ...emptyDraft,
        subject: `By mail ${index + 1}`,
        participants: [{ id: salt(), role: "WRITER" as const, address, name: `Guest ${index + 1}` }],
      };
      const reach = () => ({ via: platform, mail: true, imported: false });
      const proposals = publishDraft(draft, { address: author.address, name: author.name }, reach, {
        signer,
        sentAt: now(),
        salt,
      });
      if ("code" in proposals) throw new Error(proposals.message);
      const people = new Map<string, Person>([
        [address, { recipientId, accountId: null }],
        [author.address, author],
      ]);
      const result = await store.append({ conversation: null, proposals, people });
      if (!("entries" in result)) throw new Error(`a conversation could not be published: ${JSON.stringify(result)}`);
      const { conversation, entries } = result;
      return { conversation, accountId: author.accountId, guest: entries.at(-1)?.id ?? "" };
    }),
  );
}

/** Has a message said in each; 0: nothing, for their adds are owed. Returns the mails that come of it. */
async function sayByMail(stage: Stage, talks: readonly MailTalk[], number: number): Promise<readonly string[]> {
  const { pool } = stage.database;
  const store = postgresStore({ pool, signer: stage.signer, now, salt, onCommitted: () => {} });
  const body = { format: "MARKDOWN" as const, text: messageText(number), mentions: [], mail: null };
  const places = await Promise.all(
    talks.map(async ({ conversation, accountId, guest }): Promise<Place> => {
      if (number === 0) {
        const { rows } = await pool.query("SELECT seq FROM participant WHERE conversation_id = $1 AND id = $2", [
          conversation,
          guest,
        ]);
        return { conversation, seq: rows[0]?.seq };
      }
      const command = { action: "add" as const, model: "message" as const, body };
      const result = await store.append({ conversation, accountId, command });
      const seq = "entries" in result ? result.entries[0]?.event.seq : undefined;
      if (seq === undefined) throw new Error(`a message could not be said: ${JSON.stringify(result)}`);
      return { conversation, seq };
    }),
  );
  await oweMail(pool, { platform, delayMs: 3_600_000 }, places);
  for (const { conversation, guest: participant } of talks)
    await collectMail(pool, { platform, domain }, { conversation, participant });
  await pool.query("DELETE FROM outbox");
  const { rows } = await pool.query<{ id: string }>("SELECT id FROM mail WHERE status = 'WAITING'");
  if (rows.length !== talks.length) throw new Error(`${rows.length} mails came of ${talks.length} messages`);
  await pool.query("VACUUM (ANALYZE) mail, delivery, event, message");
  return rows.map(({ id }) => id);
}

/** A mail of this many bytes. */
function readyMail(bytes: number): Buffer {
  const head = `From: Ann <ann@${domain}>\r\nTo: guest@${domain}\r\nSubject: Ready\r\nMessage-ID: <ready@${domain}>\r\n\r\n`;
  const line = `${"x".repeat(70)}\r\n`;
  return Buffer.from(`${head}${line.repeat(Math.ceil((bytes - head.length) / line.length))}`);
}
