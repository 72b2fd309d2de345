// What people are shown of mails of an event: bounded, and nothing that names who is erased.
import { expect, test } from "vitest";
import { mailDeliveriesMost, readMailDeliveries } from "../../../src/mail/out/mail-deliveries.ts";
import { conversationOf, done, givenPlatform, headOf, present, said } from "../../graphql/given.ts";

const given = givenPlatform({ worker: false });

test("as many mails of an event are shown as of people here, and of who is erased no answer", async () => {
  const { alice } = await given.people("alice");
  const { announcer, database } = given.platform.core;
  const conversation = await conversationOf(alice);
  const address = (index: number) => `nina${index}@mail.example`;
  for (let index = 0; index <= mailDeliveriesMost; index++)
    await done(alice.parley.participantAdd({ conversation, address: address(index) }));
  await said(alice, conversation, "To all");
  await announcer.idle();
  const seq = await headOf(alice, conversation);
  const shown = () => readMailDeliveries(database.pool, conversation, seq);
  const all = await shown();
  expect(all).toHaveLength(mailDeliveriesMost);

  const erased = present(all[0]).participant;
  await database.pool.query(
    `WITH mails AS (INSERT INTO mail (secret, conversation_id, participant, kind, up_to, message_id, status)
        SELECT '', conversation_id, participant, 'EVENTS', seq, participant, 'BOUNCED' FROM delivery
        WHERE conversation_id = $1 AND seq = $2 RETURNING id, participant),
      told AS (INSERT INTO mail_attempt (mail_id, code, answer) SELECT id, '5.1.1', 'nobody is ' || participant FROM mails)
      UPDATE delivery AS d SET mail_id = mails.id FROM mails
      WHERE d.conversation_id = $1 AND d.seq = $2 AND d.participant = mails.participant`,
    [conversation, seq],
  );
  const text = "UPDATE participant SET recipient_id = $3 WHERE conversation_id = $1 AND id = $2";
  const { rows } = await database.pool.query("SELECT recipient_id FROM participant WHERE id = $1", [erased]);
  await database.pool.query(text, [conversation, erased, null]);
  const [first, second] = await shown();
  // As it was: rows are compared with the log in the end.
  await database.pool.query(text, [conversation, erased, rows[0]?.recipient_id]);
  expect(first).toMatchObject({ participant: erased, address: null, attempts: [{ code: "5.1.1", answer: "" }] });
  expect(second).toMatchObject({ address: address(1), attempts: [{ answer: `nobody is ${second?.participant}` }] });
});
