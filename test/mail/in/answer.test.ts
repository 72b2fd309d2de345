import { expect, test, vi } from "vitest";
import { conversationOf, givenPlatform, said } from "../../graphql/given.ts";
import { overWebSocket } from "../../platforms/subscribers.ts";
import { addByMail, arrives, became, replyAddress, sayings, stored, written } from "./given-arrivals.ts";

const given = givenPlatform();

test("an answer to a mail is a message of the conversation, and comes to who listens", async () => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const conversation = await conversationOf(alice);
  const bob = await addByMail(alice, conversation, "bob@b.example");
  await said(alice, conversation, "Shall we meet?");
  const to = [await replyAddress(platform, conversation, bob)];
  await using subscriber = await overWebSocket(platform.url, alice.token);

  const id = await stored(platform, written({ to: to[0] ?? "", text: "Yes, at noon." }), { to });
  await platform.core.jobs.addJob("handle-mail", { inbound: id });
  await vi.waitFor(async () => expect((await became(platform, id)).status).toBe("POSTED"), { timeout: 20_000 });

  expect(await became(platform, id)).toMatchObject({ conversation_id: conversation, participant: bob, reason: null });
  expect(await sayings(platform, conversation)).toEqual([
    { by: alice.address, text: "Shall we meet?", answers: null },
    { by: "bob@b.example", text: "Yes, at noon.", answers: null },
  ]);
  await subscriber.until(conversation, 5);
});

test("working through a mail again changes nothing", async () => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  const { id } = await arrives(platform, { text: "Yes." }, { to });
  await platform.core.mail.inbound.handle(id);
  expect(await sayings(platform, conversation)).toHaveLength(1);
});

test("who has an address beyond ASCII answers as everybody does", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const participant = await addByMail(alice, conversation, "Müller@b.example");
  const to = [await replyAddress(given.platform, conversation, participant)];
  const answer = { from: "Jörg Müller <müller@b.example>", text: "Jawohl." };
  expect(await arrives(given.platform, answer, { to })).toMatchObject({ status: "POSTED", participant });
});
