// Mails that tell no events: questions, codes, notices.
import { expect, test } from "vitest";
import { mailToken, newSecret } from "../../../src/mail/mail-token.ts";
import { askMail, type MailAbout, mailIdOf, messageIdOf, referenceOf } from "../../../src/mail/out/ask-mail.ts";
import { done, participantOf, present } from "../../graphql/given.ts";
import { givenMailPlatform } from "./given.ts";

const given = await givenMailPlatform();
let count = 0;

/** Somebody by mail who has had the first mail is sent another. */
async function asked(about: MailAbout, before?: (conversation: string, participant: string) => Promise<unknown>) {
  const { alice } = await given.people("alice");
  const nina = `nina${++count}@mail.example`;
  const { conversation: made } = await done(
    alice.parley.conversationCreate({ subject: "Lunch", participants: [{ address: nina }], publish: true }),
  );
  const conversation = present(made.hash);
  await given.untilMailed(nina, 1);
  const participant = await participantOf({ ...alice, address: nina }, conversation, alice);
  const { pool } = given.platform.core.database;
  await before?.(conversation, participant);
  const id = await askMail(pool, "localhost", { conversation, participant, upTo: 3, about });
  const [first, mail] = await given.untilMailed(nina, 2);
  expect(mail?.from?.name).toBe("Parley");
  expect(mail?.head("Auto-Submitted")).toBe("auto-generated");
  expect(mail?.messageId).toBe(`<${id}@localhost>`);
  expect(mail?.inReplyTo).toBe(first?.messageId);
  const { rows } = await pool.query("SELECT about FROM mail WHERE id = $1", [id]);
  return { mail: present(mail), about: rows[0]?.about };
}

test("a mail that may be theirs is asked about, and nothing of it is said", async () => {
  const [inbound, secret] = [crypto.randomUUID(), newSecret()];
  await given.platform.core.database.pool.query(
    "INSERT INTO inbound_mail (id, key, secret, envelope, received_at) VALUES ($1::uuid, $1::text, $2, '{}', '2026-11-27T10:20:30Z')",
    [inbound, secret],
  );
  const { mail } = await asked({ kind: "CONFIRM", inbound });
  expect(mail.subject).toBe("Is this mail yours? Lunch");
  // Which of several it is.
  expect(mail.text).toContain("came in for “Lunch” at 2026-11-27 10:20 UTC");
  expect(mail.text).toContain(`https://talk.example.org/m/confirm/${mailToken("confirm", { id: inbound, secret })}`);
});

test("of more mails of theirs that wait they are told how many, and where they find them", async () => {
  const ids = [1, 2, 3].map(() => crypto.randomUUID());
  const held = (conversation: string, participant: string) =>
    given.platform.core.database.pool.query(
      `INSERT INTO inbound_mail (id, key, secret, envelope, status, conversation_id, participant)
        SELECT id, id::text, $2, '{}', 'HELD', $3, $4 FROM unnest($1::uuid[]) AS k(id)`,
      [ids, newSecret(), conversation, participant],
    );
  const { mail } = await asked({ kind: "CONFIRM", inbound: ids[0] ?? "" }, held);
  expect(mail.text).toMatch(
    /\n2 more mails wait\. You find all of them, once a code was sent to you, on the page of the conversation: https:\/\/talk\.example\.org\/m\/[a-z2-7]+\n/,
  );
});

test("a code is sent, and forgotten once it went out", async () => {
  const { mail, about } = await asked({ kind: "CODE", code: "012345" });
  expect(mail.subject).toBe("Your code: 012345");
  expect(mail.text).toContain("012345 opens “Lunch”");
  expect(about).toEqual({});
});

test.each([
  ["NO_WORDS", "nothing was found but what it quotes"],
  ["FROZEN", "This conversation is frozen: its platform signed two histories"],
] as const)("who wrote in vain is told why: %s", async (why, said) => {
  const { mail } = await asked({ kind: "NOTICE", why, inbound: crypto.randomUUID() });
  expect(mail.subject).toBe("Re: Lunch");
  expect(mail.text).toContain(said);
});

test("a mail of ours is known by its Message-ID and by its second name, and by no others", () => {
  const id = "0b5e2d1c-8f0a-4c5e-9c39-1d2f3a4b5c6d";
  for (const name of [messageIdOf(id, "talk.example.org"), referenceOf(id, "talk.example.org")]) {
    expect(mailIdOf(name, "talk.example.org")).toBe(id);
    expect(mailIdOf(name.toUpperCase(), "talk.example.org")).toBe(id);
    expect(mailIdOf(name, "mail.example")).toBeNull();
  }
  for (const name of [`c.${id}@talk.example.org`, `${id}`, `x${id}@talk.example.org`, "", "a@talk.example.org"])
    expect(mailIdOf(name, "talk.example.org")).toBeNull();
});
