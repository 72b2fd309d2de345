// After the expiry there are only removals, leaving and an ADMIN's new expiry; nothing is deleted.
import { expect, test } from "vitest";
import {
  conversationOf,
  done,
  givenPlatform,
  labelled,
  participantOf,
  present,
  said,
  timePasses,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();

const expired = async () => {
  const { admin, alice, bob, carol } = await given.people("admin", "alice", "bob", "carol");
  const conversation = await conversationOf(admin, [
    [alice, "WRITER"],
    [bob, "READER"],
  ]);
  const message = await said(alice, conversation);
  const label = await labelled(alice, conversation, "food");
  const participant = await participantOf(bob, conversation);
  await done(admin.parley.expiryModify({ conversation, expiresAt: new Date(Date.now() - 1_000) }));
  return { admin, alice, bob, carol, conversation, message, label, participant };
};

test("after the expiry nothing is added or changed", async () => {
  const { admin, alice, carol, conversation, message, participant } = await expired();
  const { parley } = admin;
  const attempts = {
    messageAdd: parley.messageAdd({ conversation, body: "Late" }),
    answer: parley.messageAdd({ conversation, body: "Late", parent: message }),
    messageModify: alice.parley.messageModify({ conversation, message, body: "Late" }),
    messageLock: alice.parley.messageLock({ conversation, message }),
    messageRelease: alice.parley.messageRelease({ conversation, message }),
    subjectModify: parley.subjectModify({ conversation, subject: "Late" }),
    labelAdd: parley.labelAdd({ conversation, name: "late" }),
    participantAdd: parley.participantAdd({ conversation, address: carol.address }),
    participantModify: parley.participantModify({ conversation, participant, role: "WRITER" }),
  };
  for (const [name, attempt] of Object.entries(attempts)) expect(await verdictOf(attempt), name).toBe("EXPIRED");
});

test("after the expiry there are removals and leaving, each with its own right", async () => {
  const { admin, alice, bob, conversation, message, label, participant } = await expired();
  expect(await verdictOf(bob.parley.messageRemove({ conversation, message }))).toBe("FORBIDDEN");
  expect(await verdictOf(alice.parley.messageRemove({ conversation, message }))).toBe("done");
  expect(await verdictOf(alice.parley.labelRemove({ conversation, label }))).toBe("done");
  expect(await verdictOf(admin.parley.participantRemove({ conversation, participant }))).toBe("done");
  expect(await verdictOf(alice.parley.conversationLeave({ conversation, erase: true }))).toBe("done");
});

test("after the expiry an ADMIN sets a new one, and people talk on", async () => {
  const { admin, alice, conversation } = await expired();
  expect(await verdictOf(alice.parley.expiryModify({ conversation, expiresAt: null }))).toBe("FORBIDDEN");
  expect(await verdictOf(admin.parley.expiryModify({ conversation, expiresAt: null }))).toBe("done");
  expect(await verdictOf(alice.parley.messageAdd({ conversation, body: "Still here" }))).toBe("done");
});

test("expiry deletes nothing: it is read as before, and how far one has read is still told", async () => {
  const { bob, conversation, message } = await expired();
  const shown = present(await bob.parley.conversation({ hash: conversation }));
  expect(shown.status).toBe("EXPIRED");
  expect(shown.messages.edges.map(({ node }) => [node.hash, node.body])).toEqual([[message, "Words"]]);
  expect(await verdictOf(bob.parley.conversationRead({ conversation }))).toBe("done");
});

test("an expiry is judged when it comes, by the time of what is being decided", async () => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin);
  await done(admin.parley.expiryModify({ conversation, expiresAt: new Date(Date.now() + 3_600_000) }));
  expect(await verdictOf(admin.parley.messageAdd({ conversation, body: "In time" }))).toBe("done");
  using _ = timePasses(3_600_000);
  expect(await verdictOf(admin.parley.messageAdd({ conversation, body: "Late" }))).toBe("EXPIRED");
  expect((await admin.parley.conversation({ hash: conversation }))?.status).toBe("EXPIRED");
});

test("a new conversation is not published with an expiry in the past", async () => {
  const { admin } = await given.people("admin");
  expect(await verdictOf(admin.parley.conversationCreate({ expiresAt: "2020-01-01T00:00:00Z", publish: true }))).toBe(
    "EXPIRED",
  );
});
