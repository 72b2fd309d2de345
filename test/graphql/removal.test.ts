// A removed message may be answered, nothing else.
import { expect, test } from "vitest";
import { conversationOf, done, givenPlatform, present, said, verdictOf } from "./given.ts";

const given = givenPlatform();

test("a removed message may be answered, nothing else", async () => {
  const { admin, alice } = await given.people("admin", "alice");
  const conversation = await conversationOf(admin, [[alice, "WRITER"]]);
  const message = await said(alice, conversation);
  const { item } = await done(alice.parley.messageRemove({ conversation, message }));
  expect(item).toMatchObject({ hash: message, status: "REMOVED", body: null, bodyHtml: null, format: null });
  expect(await verdictOf(alice.parley.messageModify({ conversation, message, body: "New" }))).toBe("REMOVED");
  expect(await verdictOf(alice.parley.messageLock({ conversation, message }))).toBe("REMOVED");
  const answer = await said(admin, conversation, "What was it?", message);
  const shown = present(await alice.parley.conversation({ hash: conversation }));
  expect(shown.messages.edges.map(({ node }) => [node.hash, node.status, node.parent?.hash ?? null])).toEqual([
    [message, "REMOVED", null],
    [answer, "PRESENT", message],
  ]);
});

test("what is not in the conversation is not found there, though it is in another", async () => {
  const { alice } = await given.people("alice");
  const [here, there] = [await conversationOf(alice), await conversationOf(alice)];
  const message = await said(alice, there);
  const label = present((await done(alice.parley.labelAdd({ conversation: there, name: "food" }))).event).hash;
  const conversation = here;
  const { parley } = alice;
  const attempts = [
    parley.messageAdd({ conversation, body: "Answer", parent: message }),
    parley.messageModify({ conversation, message, body: "New" }),
    parley.messageLock({ conversation, message }),
    parley.messageRelease({ conversation, message }),
    parley.messageRemove({ conversation, message }),
    parley.labelRemove({ conversation, label }),
    parley.participantModify({ conversation, participant: there, role: "READER" }),
    parley.participantRemove({ conversation, participant: there }),
  ];
  for (const attempt of attempts) expect(await verdictOf(attempt)).toBe("NOT_FOUND");
});
