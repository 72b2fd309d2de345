// What somebody who was removed learns of a conversation by writing to it, and by what they had before.
import { expect, test } from "vitest";
import { mailToken } from "../../../src/mail/mail-token.ts";
import { conversationOf, done, givenPlatform, present, said } from "../../graphql/given.ts";
import { ask, mailTo } from "../pages/given.ts";
import { addByMail, arrives, replyAddress } from "./given-arrivals.ts";

const given = givenPlatform();

/** A conversation that bob, who is in it by mail, is removed from, and in which more is said then. */
async function removed() {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const participant = await addByMail(alice, conversation, "bob@b.example");
  const to = [await replyAddress(given.platform, conversation, participant)];
  await said(alice, conversation, "Said before.");
  await done(alice.parley.participantRemove({ conversation, participant }));
  await said(alice, conversation, "Said after.");
  return { conversation, participant, to };
}

test("the link of the mail that says why they were not posted opens nothing of what came after the removal", async () => {
  const { conversation, to } = await removed();
  const { platform } = given;
  expect(await arrives(platform, {}, { to })).toMatchObject({ status: "REFUSED", reason: "NOT_A_PARTICIPANT" });
  const { rows } = await platform.core.database.pool.query<{ id: string; secret: Buffer }>(
    "SELECT id, secret FROM mail WHERE conversation_id = $1 AND kind = 'NOTICE'",
    [conversation],
  );
  const { text } = await ask(`${platform.url}/m/${mailToken("link", present(rows[0]))}`);
  expect(text).toContain("Said before.");
  expect(text).not.toContain("Said after.");
});

test("nor does the link of any other mail", async () => {
  const { conversation, participant } = await removed();
  const { platform } = given;
  const mail = await mailTo(platform.core.database.pool, {
    ...{ conversation, participant, address: "bob@b.example", participationId: "" },
  });
  const { text } = await ask(`${platform.url}/m/${mail.token("link")}`);
  expect(text).toContain("Said before.");
  expect(text).not.toContain("Said after.");
});
