// Locks on messages: who holds one, what it keeps others from, and how it ends.
import { expect, test } from "vitest";
import {
  conversationOf,
  done,
  givenPlatform,
  participantOf,
  present,
  type Somebody,
  said,
  timePasses,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();
const minutes = 60_000;

const scene = async () => {
  const { admin, alice, bob } = await given.people("admin", "alice", "bob");
  const conversation = await conversationOf(admin, [
    [alice, "WRITER"],
    [bob, "WRITER"],
  ]);
  return { admin, alice, bob, conversation, message: await said(alice, conversation) };
};
const lockOf = async (by: Somebody, conversation: string) =>
  present((await by.parley.messages({ conversation }))?.messages.edges[0]).node.lock;

test("a lock says who holds it and until when: 15 minutes at most", async () => {
  const { alice, conversation, message } = await scene();
  const { event, item } = await done(alice.parley.messageLock({ conversation, message }));
  const lock = present(item?.lock);
  expect(lock.holder?.hash).toBe(await participantOf(alice, conversation));
  expect(Date.parse(lock.until) - Date.parse(present(event).timestamp)).toBe(15 * minutes);
  expect(await lockOf(alice, conversation)).toEqual(lock);
});

test("while a lock holds, only its holder modifies, renews or removes", async () => {
  const { alice, bob, conversation, message } = await scene();
  await done(bob.parley.messageLock({ conversation, message }));
  const { parley } = alice;
  expect(await verdictOf(parley.messageModify({ conversation, message, body: "Mine" }))).toBe("LOCKED");
  expect(await verdictOf(parley.messageLock({ conversation, message }))).toBe("LOCKED");
  expect(await verdictOf(parley.messageRelease({ conversation, message }))).toBe("LOCKED");
  expect(await verdictOf(parley.messageRemove({ conversation, message }))).toBe("LOCKED");
  expect(await verdictOf(bob.parley.messageLock({ conversation, message }))).toBe("done");
  expect(await verdictOf(bob.parley.messageModify({ conversation, message, body: "Bob's" }))).toBe("done");
});

test("while a lock holds, an ADMIN neither modifies nor locks, but releases", async () => {
  const { admin, bob, conversation, message } = await scene();
  await done(bob.parley.messageLock({ conversation, message }));
  expect(await verdictOf(admin.parley.messageModify({ conversation, message, body: "Mine" }))).toBe("LOCKED");
  expect(await verdictOf(admin.parley.messageLock({ conversation, message }))).toBe("LOCKED");
  expect(await verdictOf(admin.parley.messageRelease({ conversation, message }))).toBe("done");
  expect(await lockOf(admin, conversation)).toBeNull();
});

test("while a lock holds, an ADMIN removes the message", async () => {
  const { admin, bob, conversation, message } = await scene();
  await done(bob.parley.messageLock({ conversation, message }));
  expect(await verdictOf(admin.parley.messageRemove({ conversation, message }))).toBe("done");
});

test("modifying releases the lock", async () => {
  const { alice, bob, conversation, message } = await scene();
  await done(alice.parley.messageLock({ conversation, message }));
  const { item } = await done(alice.parley.messageModify({ conversation, message, body: "New" }));
  expect(item).toMatchObject({ body: "New", lock: null });
  expect(await verdictOf(bob.parley.messageModify({ conversation, message, body: "Newer" }))).toBe("done");
});

test("modifying without a lock is allowed", async () => {
  const { bob, conversation, message } = await scene();
  expect(await verdictOf(bob.parley.messageModify({ conversation, message, body: "New" }))).toBe("done");
});

test("the holder's lock anew renews it", async () => {
  const { alice, conversation, message } = await scene();
  const first = await done(alice.parley.messageLock({ conversation, message }));
  using _ = timePasses(10 * minutes);
  const second = await done(alice.parley.messageLock({ conversation, message }));
  const untilOf = (lock: typeof first) => Date.parse(present(lock.item?.lock).until);
  expect(untilOf(second) - untilOf(first)).toBeGreaterThanOrEqual(10 * minutes);
});

test("after 15 minutes a lock holds no more, and nobody was told", async () => {
  const { alice, bob, conversation, message } = await scene();
  const { event } = await done(alice.parley.messageLock({ conversation, message }));
  using _ = timePasses(15 * minutes);
  expect(await lockOf(bob, conversation)).toBeNull();
  expect(await verdictOf(alice.parley.messageRelease({ conversation, message }))).toBe("nothing to do");
  // A lock that ran out moves nothing: the lock is the latest event still.
  const follows = present(event).hash;
  expect(await verdictOf(bob.parley.messageModify({ conversation, message, body: "New", follows }))).toBe("done");
});

test.each(["removed", "made a READER", "gone"])("a lock ends with the holder's right to it: %s", async (how) => {
  const { admin, alice, bob, conversation, message } = await scene();
  await done(bob.parley.messageLock({ conversation, message }));
  const participant = await participantOf(bob, conversation);
  if (how === "removed") await done(admin.parley.participantRemove({ conversation, participant }));
  else if (how === "gone") await done(bob.parley.conversationLeave({ conversation }));
  else await done(admin.parley.participantModify({ conversation, participant, role: "READER" }));
  expect(await lockOf(alice, conversation)).toBeNull();
  expect(await verdictOf(alice.parley.messageModify({ conversation, message, body: "New" }))).toBe("done");
});
