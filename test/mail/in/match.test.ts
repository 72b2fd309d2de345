import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { newSecret } from "../../../src/mail/mail-token.ts";
import { messageIdOf } from "../../../src/mail/out/ask-mail.ts";
import { conversationOf, done, givenPlatform, type Somebody, said } from "../../graphql/given.ts";
import { addByMail, arrives, sayings } from "./given-arrivals.ts";

const given = givenPlatform();

/** A mail of ours that told somebody of a message, or that they are added; its Message-ID. */
async function mailed(conversation: string, participant: string, message: string): Promise<string> {
  const { database, config } = given.platform.core;
  const id = randomUUID();
  const messageId = messageIdOf(id, config.mail.domain);
  await database.pool.query(
    `WITH told AS (SELECT seq FROM event WHERE conversation_id = $2 AND id = $4),
      sent AS (INSERT INTO mail (id, secret, conversation_id, participant, kind, up_to, message_id)
        SELECT $1, $5, $2, $3, 'EVENTS', seq, $6 FROM told)
      INSERT INTO delivery (conversation_id, seq, participant, mail_id) SELECT $2, seq, $3, $1 FROM told
      ON CONFLICT (conversation_id, participant, seq) DO UPDATE SET mail_id = excluded.mail_id`,
    [id, conversation, participant, message, newSecret(), messageId],
  );
  return messageId;
}

/** A conversation of alice's with bob by mail, who was told of one message in it. */
async function told(alice: Somebody, words: string) {
  const conversation = await conversationOf(alice);
  const bob = await addByMail(alice, conversation, "bob@b.example");
  const message = await said(alice, conversation, words);
  return { conversation, bob, messageId: await mailed(conversation, bob, message) };
}

// To an address that names nothing: what the mail answers is all there is.
const to = ["reply@localhost"];

test("an answer without a reply address is known by the mail that it answers, and answers its message", async () => {
  const { alice } = await given.people("alice");
  const { conversation, messageId } = await told(alice, "Shall we meet?");
  await said(alice, conversation, "Or not?");
  const answer = await arrives(given.platform, { inReplyTo: messageId, text: "Yes." }, { to });
  expect(answer).toMatchObject({ status: "POSTED", conversation_id: conversation });
  expect(await sayings(given.platform, conversation)).toContainEqual({
    by: "bob@b.example",
    text: "Yes.",
    answers: "Shall we meet?",
  });
});

test("an answer to the mail that introduced somebody answers the last message that it showed", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  await said(alice, conversation, "Hello");
  await said(alice, conversation, "Shall we meet?");
  const message = await said(alice, conversation, "Never mind");
  await done(alice.parley.messageRemove({ conversation, message }));
  const bob = await addByMail(alice, conversation, "bob@b.example");
  await said(alice, conversation, "Bob is here.");
  const inReplyTo = await mailed(conversation, bob, bob);
  await arrives(given.platform, { inReplyTo, text: "Yes." }, { to });
  expect((await sayings(given.platform, conversation)).at(-1)).toMatchObject({
    text: "Yes.",
    answers: "Shall we meet?",
  });
});

test("where a provider gave our mail another Message-ID, our own in its References is found", async () => {
  const { alice } = await given.people("alice");
  const { conversation, messageId } = await told(alice, "Shall we meet?");
  const references = [messageId, "rewritten@provider.example"];
  const mail = { inReplyTo: "rewritten@provider.example", references, text: "Yes." };
  expect(await arrives(given.platform, mail, { to })).toMatchObject({ conversation_id: conversation });
});

test("what is answered counts before what that referred to, and of that the latest", async () => {
  const { alice } = await given.people("alice");
  const one = await told(alice, "One");
  const two = await told(alice, "Two");
  const three = await told(alice, "Three");
  const references = [one.messageId, two.messageId];
  const answered = { inReplyTo: three.messageId, references };
  expect(await arrives(given.platform, answered, { to })).toMatchObject({ conversation_id: three.conversation });
  expect(await arrives(given.platform, { references }, { to })).toMatchObject({ conversation_id: two.conversation });
});

test("of two mails that call themselves the same, the one in whose conversation the sender takes part is meant", async () => {
  const { alice, dave } = await given.people("alice", "dave");
  const first = await arrives(given.platform, { id: "same@b.example" }, { to: [alice.address] });
  const forged = { from: "mallory@m.example", id: "same@b.example" };
  await arrives(given.platform, forged, { to: [dave.address] });
  const mail = { references: ["same@b.example"], text: "And this." };
  expect(await arrives(given.platform, mail, { to })).toMatchObject({ conversation_id: first.conversation_id });
});

test("ids that nobody has, and reply addresses that nobody made, name nothing", async () => {
  const references = [messageIdOf(randomUUID(), "localhost"), "nobody@x.example"];
  const nobody = `reply+${"a".repeat(42)}@localhost`;
  expect(await arrives(given.platform, { references }, { to: [nobody] })).toMatchObject({ reason: "NO_RECIPIENT" });
});

test("a sender who began a conversation is owed nothing of what they said, and all that is answered", async () => {
  const { alice } = await given.people("alice");
  const began = await arrives(given.platform, { from: "eve@e.example" }, { to: [alice.address] });
  const conversation = began.conversation_id ?? "";
  const { announcer, database } = given.platform.core;
  const owed = async () => {
    await announcer.idle();
    const { rows } = await database.pool.query<{ seq: number }>(
      "SELECT seq FROM delivery WHERE conversation_id = $1 AND participant = $2 ORDER BY seq",
      [conversation, began.participant],
    );
    return rows.map(({ seq }) => seq);
  };
  expect(await owed()).toEqual([]);
  await said(alice, conversation, "I will look into it.");
  const { rows } = await database.pool.query<{ seq: number }>("SELECT seq FROM conversation WHERE id = $1", [
    conversation,
  ]);
  expect(await owed()).toEqual([rows[0]?.seq]);
});
