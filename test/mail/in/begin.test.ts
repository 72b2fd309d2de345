import { expect, test } from "vitest";
import { budgets } from "../../../src/mail/in/budgets.ts";
import { givenPlatform, type Somebody } from "../../graphql/given.ts";
import { arrives, became, replyAddress, sayings, stored, written } from "./given-arrivals.ts";

const given = givenPlatform();

interface Shown {
  readonly subject: string;
  readonly folder: string | null;
  readonly people: readonly string[];
}

/** What a participant finds of the conversation. */
async function shown(to: Somebody, conversation: string): Promise<Shown> {
  const { pool } = given.platform.core.database;
  const { rows } = await pool.query<Shown>(
    `SELECT e.body->>'subject' AS subject, p.folder,
        ARRAY(SELECT r.address || ' ' || m.role || CASE WHEN m.mail THEN ' by mail' ELSE '' END
          FROM participant AS m JOIN recipient AS r ON r.id = m.recipient_id
          WHERE m.conversation_id = c.id ORDER BY m.seq) AS people
      FROM conversation AS c LEFT JOIN event AS e ON e.conversation_id = c.id AND e.seq = c.subject_seq
      LEFT JOIN participation AS p ON p.conversation_id = c.id AND p.account_id = $2 WHERE c.id = $1`,
    [conversation, to.accountId],
  );
  return rows[0] ?? { subject: "", folder: null, people: [] };
}

test("a mail to accounts here begins a conversation of theirs, each once, with its sender in it by mail", async () => {
  const { alice, carol } = await given.people("alice", "carol");
  const to = [alice.address, carol.address, alice.address.toUpperCase(), "nobody@localhost"];
  const mail = { from: "Bob Builder <bob@b.example>", subject: "The roof", text: "It leaks.", id: "roof@b.example" };
  const answer = await arrives(given.platform, mail, { to });
  expect(answer.status).toBe("POSTED");
  const conversation = answer.conversation_id ?? "";
  expect(await shown(alice, conversation)).toEqual({
    subject: "The roof",
    folder: "REQUESTS",
    people: [`${alice.address} ADMIN`, `${carol.address} WRITER`, "bob@b.example WRITER by mail"],
  });
  expect(await shown(carol, conversation)).toMatchObject({ folder: "REQUESTS" });
  expect(await sayings(given.platform, conversation)).toEqual([
    { by: "bob@b.example", text: "It leaks.", answers: null },
  ]);
  const { rows } = await given.platform.core.database.pool.query(
    "SELECT participant, begun_with, subject FROM mail_participation WHERE conversation_id = $1",
    [conversation],
  );
  expect(rows).toEqual([{ participant: answer.participant, begun_with: "roof@b.example", subject: "The roof" }]);
});

test("what nobody vouches for goes to SPAM, for who creates it too", async () => {
  const { alice, carol } = await given.people("alice", "carol");
  for (const verdict of ["failed", "none"] as const) {
    const answer = await arrives(given.platform, {}, { to: [alice.address, carol.address], verdict });
    expect(await shown(alice, answer.conversation_id ?? "")).toMatchObject({ folder: "SPAM" });
    expect(await shown(carol, answer.conversation_id ?? "")).toMatchObject({ folder: "SPAM" });
  }
});

test("a second mail that refers to the first goes on in its conversation, whatever its subject", async () => {
  const { alice } = await given.people("alice");
  const to = [alice.address];
  const first = await arrives(given.platform, { subject: "One", id: "first@b.example" }, { to });
  const second = { subject: "Two", text: "And this.", references: ["first@b.example"], id: "second@b.example" };
  expect(await arrives(given.platform, second, { to })).toMatchObject({
    status: "POSTED",
    conversation_id: first.conversation_id,
    participant: first.participant,
  });
  const third = { text: "And that.", inReplyTo: "second@b.example" };
  await arrives(given.platform, third, { to });
  expect(await sayings(given.platform, first.conversation_id ?? "")).toEqual([
    expect.objectContaining({ answers: null }),
    expect.objectContaining({ text: "And this.", answers: "Yes, let us do that." }),
    expect.objectContaining({ text: "And that.", answers: "And this." }),
  ]);
});

test("the same subject names no conversation", async () => {
  const { alice } = await given.people("alice");
  const to = [alice.address];
  const first = await arrives(given.platform, { subject: "Lunch" }, { to });
  const second = await arrives(given.platform, { subject: "Re: Lunch", text: "More." }, { to });
  expect(second.conversation_id).not.toBe(first.conversation_id);
});

test("to somebody who is not in a conversation, a mail that refers to it begins another", async () => {
  const { alice, dave } = await given.people("alice", "dave");
  const first = await arrives(given.platform, { id: "to-alice@b.example" }, { to: [alice.address] });
  const forwarded = { text: "See below.", references: ["to-alice@b.example"] };
  const second = await arrives(given.platform, forwarded, { to: [dave.address] });
  expect(second).toMatchObject({ status: "POSTED" });
  expect(second.conversation_id).not.toBe(first.conversation_id);
  expect((await shown(dave, second.conversation_id ?? "")).people).toHaveLength(2);
});

test("a stranger's mail to an account that refers to its conversation begins another", async () => {
  const { alice } = await given.people("alice");
  const first = await arrives(given.platform, { id: "known@b.example" }, { to: [alice.address] });
  const mail = { from: "mallory@m.example", references: ["known@b.example"] };
  const second = await arrives(given.platform, mail, { to: [alice.address] });
  expect(second).toMatchObject({ status: "POSTED" });
  expect(second.conversation_id).not.toBe(first.conversation_id);
});

test("a mail that comes twice, by two ways, begins one conversation", async () => {
  const { alice } = await given.people("alice");
  const raw = written({ id: "twice@b.example" });
  const ids = [await stored(given.platform, raw, { to: [alice.address] })];
  ids.push(await stored(given.platform, raw, { to: [alice.address] }));
  await Promise.all(ids.map((id) => given.platform.core.mail.inbound.handle(id)));
  const outcomes = await Promise.all(ids.map((id) => became(given.platform, id)));
  expect(outcomes.map(({ status, reason }) => `${status} ${reason}`).toSorted()).toEqual([
    "IGNORED REPEATED",
    "POSTED null",
  ]);
});

test("nobody is told what nobody of them can be told of: no recipient, no words, several senders", async () => {
  const { alice } = await given.people("alice");
  const refused = async (mail: Parameters<typeof arrives>[1], to = alice.address) =>
    (await arrives(given.platform, mail, { to: [to] })).reason;
  expect(await refused({}, "nobody@localhost")).toBe("NO_RECIPIENT");
  expect(await refused({ text: "\r\n" })).toBe("NO_WORDS");
  expect(await refused({ from: "bob@b.example, carol@c.example" })).toBe("UNCLEAR_SENDER");
  expect(await refused({ more: ["From: carol@c.example"] })).toBe("UNCLEAR_SENDER");
  expect(await refused({ from: "Bob" })).toBe("UNCLEAR_SENDER");
});

test("line breaks that are hidden in subject and name are blanks in what we keep, and so in what we send", async () => {
  const { alice } = await given.people("alice");
  const subject = "=?utf-8?Q?Hi=0D=0ABcc:_everybody@a.example?=";
  const from = "=?utf-8?Q?Bob=0D=0AX-Injected=3A_yes?= <bob@b.example>";
  const { conversation_id: conversation } = await arrives(given.platform, { subject, from }, { to: [alice.address] });
  const { rows } = await given.platform.core.database.pool.query<{ text: string }>(
    `SELECT body::text AS text FROM event WHERE conversation_id = $1 AND model IN ('subject', 'participant')
      UNION ALL SELECT subject FROM mail_participation WHERE conversation_id = $1`,
    [conversation],
  );
  expect(rows.map(({ text }) => text).toSorted()).toEqual([
    "Hi Bcc: everybody@a.example",
    '{"name": "Bob X-Injected: yes", "address": "bob@b.example"}',
    '{"subject": "Hi Bcc: everybody@a.example"}',
  ]);
});

test("strangers begin so many conversations in an account's SPAM in a day", async () => {
  const { alice } = await given.people("alice");
  const begin = async (n: number) =>
    (await arrives(given.platform, { from: `m${n}@m.example` }, { to: [alice.address], verdict: "none" })).reason;
  const { most } = budgets.spam;
  const reasons: (string | null)[] = [];
  for (let n = 0; n <= most; n++) reasons.push(await begin(n));
  expect(reasons).toEqual([...new Array(most).fill(null), "TOO_MANY"]);
});

test("tokens of another purpose are no reply addresses", async () => {
  const { alice } = await given.people("alice");
  const { conversation_id: conversation, participant } = await arrives(given.platform, {}, { to: [alice.address] });
  for (const purpose of ["bounce", "link", "mute", "confirm"] as const) {
    const to = await replyAddress(given.platform, conversation ?? "", participant ?? "", purpose);
    expect(await arrives(given.platform, {}, { to: [to] })).toMatchObject({ reason: "NO_RECIPIENT" });
  }
  expect(await sayings(given.platform, conversation ?? "")).toHaveLength(1);
});

test("huge lists of recipients are no person's; nobody on a list of a person's is added", async () => {
  const { alice } = await given.people("alice");
  const { conversation_id: conversation, participant } = await arrives(given.platform, {}, { to: [alice.address] });
  const token = await replyAddress(given.platform, conversation ?? "", participant ?? "");
  const cc = (count: number) => Array.from({ length: count }, (_, n) => `c${n}@c.example`).join(",\r\n ");
  const answer = (count: number) => arrives(given.platform, { cc: cc(count), text: "To all." }, { to: [token] });
  expect(await answer(500)).toMatchObject({ status: "POSTED", conversation_id: conversation });
  expect(await answer(20_000)).toMatchObject({ status: "REFUSED", reason: "TOO_MANY_ADDRESSES" });
  expect((await shown(alice, conversation ?? "")).people).toHaveLength(2);
});

test("mail for the postmaster, also without a domain (RFC 5321, 4.5.1), is for the account of that name", async () => {
  const { platform } = given;
  const mail = { from: "eve@e.example", text: "Your server sends me spam." };
  expect(await arrives(platform, mail, { to: ["postmaster"] })).toMatchObject({ reason: "NO_RECIPIENT" });
  const { address } = await platform.person("postmaster");
  for (const to of ["postmaster", "PostMaster", address])
    expect(await arrives(platform, mail, { to: [to] })).toMatchObject({ status: "POSTED" });
});
