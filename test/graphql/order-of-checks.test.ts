// The order of checks: form, right, done already, LOCKED, CONFLICT.
import { expect, test } from "vitest";
import {
  conversationOf,
  done,
  givenPlatform,
  headOf,
  labelled,
  participantOf,
  present,
  said,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();
const stale = "A".repeat(43);

const scene = async () => {
  const { admin, alice, bob } = await given.people("admin", "alice", "bob");
  const conversation = await conversationOf(admin, [
    [alice, "WRITER"],
    [bob, "READER"],
  ]);
  return { admin, alice, bob, conversation, message: await said(alice, conversation) };
};

test("whoever follows another event than the latest is answered CONFLICT with the latest, and goes on from there", async () => {
  const { admin, alice, bob, conversation, message } = await scene();
  const label = await labelled(admin, conversation, "food");
  const participant = await participantOf(bob, conversation);
  const latest = {
    subject: present((await done(admin.parley.subjectModify({ conversation, subject: "Dinner" }))).event).hash,
    expiry: present((await done(admin.parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z" }))).event)
      .hash,
    message: present((await done(admin.parley.messageModify({ conversation, message, body: "New" }))).event).hash,
    participant: present(
      (await done(admin.parley.participantModify({ conversation, participant, role: "WRITER" }))).event,
    ).hash,
    label,
  };
  const { parley } = admin;
  const attempts = {
    subject: (follows: string) => parley.subjectModify({ conversation, subject: "Supper", follows }),
    expiry: (follows: string) => parley.expiryModify({ conversation, expiresAt: null, follows }),
    message: (follows: string) => parley.messageModify({ conversation, message, body: "Newer", follows }),
    participant: (follows: string) => parley.participantModify({ conversation, participant, role: "READER", follows }),
    label: (follows: string) => parley.labelRemove({ conversation, label, follows }),
  };
  const head = await headOf(alice, conversation);
  for (const name of ["subject", "expiry", "message", "participant", "label"] as const) {
    // The first event is what came before the change; of an item it is no event of its own at all.
    expect(await attempts[name](conversation), name).toMatchObject({
      __typename: "ConflictRejection",
      code: "CONFLICT",
      latest: latest[name],
    });
  }
  expect(await headOf(alice, conversation)).toBe(head);
  for (const name of ["subject", "expiry", "message", "participant", "label"] as const) {
    expect(await verdictOf(attempts[name](latest[name])), name).toBe("done");
  }
});

test("lock, release and remove follow the message's latest event too", async () => {
  const { alice, conversation, message } = await scene();
  const { parley } = alice;
  const locked = present((await done(parley.messageLock({ conversation, message }))).event).hash;
  expect(await verdictOf(parley.messageLock({ conversation, message, follows: message }))).toBe("CONFLICT");
  expect(await verdictOf(parley.messageRelease({ conversation, message, follows: message }))).toBe("CONFLICT");
  expect(await verdictOf(parley.messageRemove({ conversation, message, follows: message }))).toBe("CONFLICT");
  const released = present((await done(parley.messageRelease({ conversation, message, follows: locked }))).event).hash;
  expect(await verdictOf(parley.messageRemove({ conversation, message, follows: released }))).toBe("done");
});

test("removing a participant follows their latest event", async () => {
  const { admin, bob, conversation } = await scene();
  const participant = await participantOf(bob, conversation);
  await done(admin.parley.participantModify({ conversation, participant, role: "COMMENTER" }));
  expect(await verdictOf(admin.parley.participantRemove({ conversation, participant, follows: participant }))).toBe(
    "CONFLICT",
  );
});

test("an answer moves its message not: who follows the message is not overtaken by answers", async () => {
  const { admin, alice, conversation, message } = await scene();
  await said(admin, conversation, "Yes", message);
  const follows = message;
  expect(await verdictOf(alice.parley.messageModify({ conversation, message, body: "New", follows }))).toBe("done");
});

test("subject and expiry that nobody set yet follow the first event", async () => {
  const { alice } = await given.people("alice");
  const { conversation: made } = await done(alice.parley.conversationCreate({ publish: true }));
  const conversation = present(made.hash);
  expect(await verdictOf(alice.parley.subjectModify({ conversation, subject: "Lunch", follows: conversation }))).toBe(
    "done",
  );
  expect(
    await verdictOf(
      alice.parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z", follows: conversation }),
    ),
  ).toBe("done");
});

test("`follows` left out is the latest, whatever that is", async () => {
  const { admin, alice, conversation, message } = await scene();
  await done(admin.parley.messageModify({ conversation, message, body: "New" }));
  const { event } = await done(alice.parley.messageModify({ conversation, message, body: "Newer" }));
  expect(event?.follows).not.toBe(message);
});

test("what is done already is success without an event, whatever `follows` says", async () => {
  const { admin, alice, bob, conversation, message } = await scene();
  const { parley } = admin;
  const participant = await participantOf(bob, conversation);
  const label = await labelled(admin, conversation, "food");
  await done(parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z" }));
  await done(parley.labelRemove({ conversation, label }));
  const head = await headOf(alice, conversation);

  const follows = stale;
  const same = { expiresAt: "2100-01-01T01:00:00+01:00", follows };
  expect(await verdictOf(parley.expiryModify({ conversation, ...same }))).toBe("nothing to do");
  expect(await verdictOf(parley.labelRemove({ conversation, label, follows }))).toBe("nothing to do");
  expect(await verdictOf(parley.messageRelease({ conversation, message, follows }))).toBe("nothing to do");
  expect(await verdictOf(parley.participantModify({ conversation, participant, role: "READER", follows }))).toBe(
    "nothing to do",
  );
  expect(await headOf(alice, conversation)).toBe(head);

  await done(parley.messageRemove({ conversation, message }));
  await done(parley.participantRemove({ conversation, participant }));
  expect(await verdictOf(parley.messageRemove({ conversation, message, follows }))).toBe("nothing to do");
  expect(await verdictOf(parley.messageRelease({ conversation, message, follows }))).toBe("nothing to do");
  expect(await verdictOf(parley.participantRemove({ conversation, participant, follows }))).toBe("nothing to do");
  await done(alice.parley.conversationLeave({ conversation }));
  expect(await verdictOf(alice.parley.conversationLeave({ conversation }))).toBe("nothing to do");
  expect(await headOf(admin, conversation)).toBe(head + 3);
});

test("an erasure that was not given yet is an event, also of somebody who left", async () => {
  const { admin, alice, conversation } = await scene();
  await done(alice.parley.conversationLeave({ conversation }));
  expect(await verdictOf(alice.parley.conversationLeave({ conversation, erase: true }))).toBe("done");
  expect(await verdictOf(alice.parley.conversationLeave({ conversation, erase: true }))).toBe("nothing to do");
  expect((await done(alice.parley.conversationLeave({ conversation, erase: true }))).event).toBeNull();
  expect(present((await admin.parley.log({ conversation, last: 1 }))?.events.edges[0]).node).toMatchObject({
    action: "REMOVE",
    model: "PARTICIPANT",
    value: "ERASE",
  });
});

test("whoever may not add anybody is told so before they learn who has an address here", async () => {
  const { admin, bob, conversation } = await scene();
  const { stranger } = await given.people("stranger");
  const participant = await participantOf(bob, conversation);
  for (const address of ["nobody@localhost", "nobody@elsewhere.example", admin.address]) {
    const add = (who: typeof bob) => verdictOf(who.parley.participantAdd({ conversation, address }));
    expect(await add(stranger), address).toBe("NOT_FOUND");
    expect(await add(bob), address).toBe("FORBIDDEN");
  }
  await done(admin.parley.participantRemove({ conversation, participant }));
  expect(await verdictOf(bob.parley.participantAdd({ conversation, address: "nobody@localhost" }))).toBe(
    "NOT_PARTICIPANT",
  );
  const draftHash = present((await done(admin.parley.conversationCreate({}))).conversation.draftHash);
  expect(
    await verdictOf(stranger.parley.participantAdd({ conversation: draftHash, address: "nobody@localhost" })),
  ).toBe("NOT_FOUND");
});

test("the right comes before what is done already, that before LOCKED, that before CONFLICT", async () => {
  const { admin, alice, bob, conversation, message } = await scene();
  const follows = stale;
  // Right before done: bob may not, though there is nothing to release.
  expect(await verdictOf(bob.parley.messageRelease({ conversation, message, follows }))).toBe("FORBIDDEN");
  await done(admin.parley.messageLock({ conversation, message }));
  // LOCKED before CONFLICT.
  expect(await verdictOf(alice.parley.messageModify({ conversation, message, body: "New", follows }))).toBe("LOCKED");
  // Right before LOCKED.
  expect(await verdictOf(bob.parley.messageModify({ conversation, message, body: "New", follows }))).toBe("FORBIDDEN");
  await done(admin.parley.messageRemove({ conversation, message }));
  // Done before anything about locks and order.
  expect(await verdictOf(alice.parley.messageRemove({ conversation, message, follows }))).toBe("nothing to do");
  // Form before all of it.
  expect(await verdictOf(bob.parley.messageModify({ conversation, message, body: "", follows }))).toBe("INVALID_BODY");
});
