// Who sees what: participants all of it, a removed one up to the removal, everybody else nothing.
import { expect, test } from "vitest";
import type { Parley } from "../../sdk/src/index.ts";
import {
  conversationOf,
  done,
  errorCodeOf,
  givenPlatform,
  headOf,
  labelled,
  participantOf,
  present,
  said,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();

/** All that somebody can see of a conversation, by whichever way. */
const everythingOf = async (parley: Parley, hash: string) => {
  const page = { conversation: hash, first: 100 };
  const [conversation, messages, participants, log] = await Promise.all([
    parley.conversation({ hash }),
    parley.messages(page),
    parley.participants(page),
    parley.log(page),
  ]);
  return { conversation, messages, participants, log };
};

/** Receipts stand beside the log: those of others move on, as far as one sees. */
const withoutReceipts = (seen: unknown): unknown =>
  JSON.parse(JSON.stringify(seen, (name, value) => (name === "readUpTo" ? undefined : value)));

test("a stranger sees nothing: not by hash, not by id, not by node, not by page", async () => {
  const { admin, bob, stranger } = await given.people("admin", "bob", "stranger");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const message = await said(bob, conversation);
  await labelled(bob, conversation, "food");
  const seen = present(await bob.parley.conversation({ hash: conversation }));
  const log = present(await bob.parley.log({ conversation }));
  const participants = seen.participants.edges.map(({ node }) => node.id);
  const ids = [
    seen.id,
    ...participants,
    ...seen.messages.edges.map(({ node }) => node.id),
    ...seen.labels.edges.map(({ node }) => node.id),
    ...log.events.edges.map(({ node }) => node.id),
  ];
  expect((await bob.parley.nodes({ ids })).every((node) => node !== null)).toBe(true);

  const { parley } = stranger;
  expect(await everythingOf(parley, conversation)).toEqual({
    conversation: null,
    messages: null,
    participants: null,
    log: null,
  });
  expect(await parley.conversation({ id: seen.id })).toBeNull();
  expect((await parley.conversations()).edges).toEqual([]);
  expect(await parley.nodes({ ids })).toEqual(ids.map(() => null));
  for (const id of ids)
    expect(await parley.request("query ($id: ID!) { node(id: $id) { id } }", { id })).toEqual({ node: null });
  expect(await parley.replies({ message: present(seen.messages.edges[0]).node.id })).toBeNull();
  expect(message).toBe(seen.messages.edges[0]?.node.hash);
});

test("to a stranger there is no such conversation, whatever they want to do in it", async () => {
  const { admin, bob, stranger } = await given.people("admin", "bob", "stranger");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const message = await said(bob, conversation);
  const label = await labelled(bob, conversation, "food");
  const participant = await participantOf(bob, conversation);
  const head = await headOf(admin, conversation);
  const { parley } = stranger;
  const attempts = {
    messageAdd: parley.messageAdd({ conversation, body: "Hello" }),
    answer: parley.messageAdd({ conversation, body: "Hello", parent: message }),
    messageModify: parley.messageModify({ conversation, message, body: "Hello" }),
    messageLock: parley.messageLock({ conversation, message }),
    messageRelease: parley.messageRelease({ conversation, message }),
    messageRemove: parley.messageRemove({ conversation, message }),
    subjectModify: parley.subjectModify({ conversation, subject: "Hello" }),
    expiryModify: parley.expiryModify({ conversation, expiresAt: null }),
    labelAdd: parley.labelAdd({ conversation, name: "hello" }),
    labelRemove: parley.labelRemove({ conversation, label }),
    participantAdd: parley.participantAdd({ conversation, address: stranger.address }),
    participantModify: parley.participantModify({ conversation, participant, role: "READER" }),
    participantRemove: parley.participantRemove({ conversation, participant }),
    conversationLeave: parley.conversationLeave({ conversation }),
    erase: parley.conversationLeave({ conversation, erase: true }),
    conversationRead: parley.conversationRead({ conversation }),
  };
  for (const [name, attempt] of Object.entries(attempts)) expect(await verdictOf(attempt), name).toBe("NOT_FOUND");
  expect(await headOf(admin, conversation)).toBe(head);
  expect(await errorCodeOf(parley.events({ conversation }).next())).toBe("BAD_USER_INPUT");
});

/** Somebody removed, and what was done before and after. */
const removal = async () => {
  const { admin, bob, gone, late } = await given.people("admin", "bob", "gone", "late");
  const conversation = await conversationOf(admin, [
    [bob, "WRITER"],
    [gone, "WRITER"],
  ]);
  const before = await said(bob, conversation, "As it was");
  const own = await said(gone, conversation, "My own", before);
  const label = await labelled(bob, conversation, "food");
  await done(gone.parley.conversationRead({ conversation, upTo: (await headOf(gone, conversation)) - 1 }));
  const participant = await participantOf(gone, conversation);
  await done(admin.parley.participantRemove({ conversation, participant }));
  const seen = await everythingOf(gone.parley, conversation);

  const after = await said(bob, conversation, "Behind your back");
  const answer = await said(bob, conversation, "And here", own);
  await done(bob.parley.messageModify({ conversation, message: before, body: "As it is" }));
  await done(bob.parley.messageLock({ conversation, message: own }));
  await done(bob.parley.subjectModify({ conversation, subject: "Without you" }));
  await done(bob.parley.labelAdd({ conversation, name: "secret" }));
  await done(admin.parley.participantAdd({ conversation, address: late.address }));
  await done(
    admin.parley.participantModify({
      conversation,
      participant: await participantOf(bob, conversation),
      role: "ADMIN",
    }),
  );
  await done(admin.parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z" }));
  await done(bob.parley.conversationRead({ conversation }));
  return { admin, bob, gone, late, conversation, before, own, label, after, answer, seen };
};

test("a removed participant goes on seeing the conversation as it was at the removal", async () => {
  const { gone, conversation, seen, before, own } = await removal();
  const now = await everythingOf(gone.parley, conversation);
  expect(withoutReceipts(now)).toEqual(withoutReceipts(seen));
  for (const { node } of present(now.participants).participants.edges) {
    expect(node.readUpTo).toBeLessThanOrEqual(present(seen.conversation).seq);
  }
  const { conversation: shown, messages, participants, log } = now;
  expect(shown).toMatchObject({ subject: "Lunch", expiresAt: null, status: "OPEN" });
  expect(shown?.lastEvent).toMatchObject({ action: "REMOVE", model: "PARTICIPANT", seq: shown?.seq });
  expect(log?.events.edges.at(-1)?.node.hash).toBe(shown?.lastEvent?.hash);
  expect(messages?.messages.edges.map(({ node }) => [node.hash, node.body, node.editedAt, node.lock])).toEqual([
    [before, "As it was", null, null],
    [own, "My own", null, null],
  ]);
  expect(participants?.participants.edges.map(({ node }) => [node.role, node.status])).toEqual([
    ["ADMIN", "ACTIVE"],
    ["WRITER", "ACTIVE"],
    ["WRITER", "REMOVED"],
  ]);
  expect(shown?.labels.edges.map(({ node }) => node.name)).toEqual(["food"]);
});

test("a removed participant finds nothing of what came after by node either", async () => {
  const { bob, gone, conversation, seen } = await removal();
  const now = await everythingOf(bob.parley, conversation);
  const idsOf = (all: typeof now) => [
    ...(all.messages?.messages.edges ?? []).map(({ node }) => node.id),
    ...(all.participants?.participants.edges ?? []).map(({ node }) => node.id),
    ...(all.conversation?.labels.edges ?? []).map(({ node }) => node.id),
    ...(all.log?.events.edges ?? []).map(({ node }) => node.id),
  ];
  const known = new Set(idsOf(seen));
  const ids = idsOf(now);
  expect(known.size).toBeLessThan(ids.length);
  const found = await gone.parley.nodes({ ids });
  expect(found.map((node) => node !== null)).toEqual(ids.map((id) => known.has(id)));

  // Down from what they may see, too: answers, editors, the conversation of a message.
  const message = present(seen.messages?.messages.edges[1]?.node);
  expect(await gone.parley.replies({ message: message.id })).toMatchObject({ replies: { edges: [] } });
  const edited = present(seen.messages?.messages.edges[0]?.node);
  expect(await gone.parley.message({ id: edited.id })).toMatchObject({
    body: "As it was",
    editors: [{ hash: edited.author?.hash }],
  });
  const document = `query ($id: ID!) { node(id: $id) { ... on Message { conversation { subject seq messages { edges { node { body } } } } } } }`;
  expect(await gone.parley.request(document, { id: edited.id })).toEqual({
    node: {
      conversation: {
        subject: "Lunch",
        seq: seen.conversation?.seq,
        messages: { edges: [{ node: { body: "As it was" } }, { node: { body: "My own" } }] },
      },
    },
  });
});

test("the answer to one's own leaving shows the conversation up to there", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const { event, conversation: left } = await done(bob.parley.conversationLeave({ conversation }));
  await said(admin, conversation, "After");
  expect(left.seq).toBe(present(event).seq);
  const again = await done(bob.parley.conversationLeave({ conversation }));
  expect(again.conversation).toMatchObject({ seq: present(event).seq });
});

test("what a removed participant may not do says nothing of what came after", async () => {
  const { bob, gone, conversation, after } = await removal();
  const attempts = [
    gone.parley.messageAdd({ conversation, body: "Still here", parent: after }),
    gone.parley.messageModify({ conversation, message: after, body: "Mine", follows: conversation }),
    gone.parley.messageLock({ conversation, message: "A".repeat(43) }),
  ];
  for (const attempt of attempts) expect(await attempt).toMatchObject({ code: "NOT_PARTICIPANT" });
  expect(await verdictOf(gone.parley.conversationRead({ conversation, upTo: 1_000 }))).toBe("done");
  const page = present(await bob.parley.participants({ conversation }));
  const seen = present(await gone.parley.conversation({ hash: conversation }));
  expect(page.participants.edges[2]?.node.readUpTo).toBeLessThanOrEqual(seen.seq);
});

test("a removed participant keeps the conversation in their list, where it was", async () => {
  const { bob, gone, conversation } = await removal();
  const newer = await conversationOf(gone);
  const list = await gone.parley.conversations();
  expect(list.edges.map(({ node }) => [node.hash, node.subject])).toEqual([
    [newer, "Lunch"],
    [conversation, "Lunch"],
  ]);
  await said(bob, conversation, "Louder");
  expect((await gone.parley.conversations()).edges.map(({ node }) => node.hash)).toEqual([newer, conversation]);
});

test("added anew, they see all of it", async () => {
  const { admin, bob, gone, conversation } = await removal();
  await done(admin.parley.participantAdd({ conversation, address: gone.address, role: "READER" }));
  const [theirs, bobs] = [await everythingOf(gone.parley, conversation), await everythingOf(bob.parley, conversation)];
  expect(theirs.messages).toEqual(bobs.messages);
  expect(theirs.log).toEqual(bobs.log);
  expect(theirs.participants).toEqual(bobs.participants);
  expect(theirs.conversation).toMatchObject({ subject: "Without you", expiresAt: "2100-01-01T00:00:00.000Z" });
});

test("removed, added and removed again, they see up to the last removal", async () => {
  const { admin, bob, gone, conversation } = await removal();
  await done(admin.parley.participantAdd({ conversation, address: gone.address }));
  const participant = await participantOf(gone, conversation);
  const removed = await done(admin.parley.participantRemove({ conversation, participant }));
  await said(bob, conversation, "Again");
  expect((await gone.parley.conversation({ hash: conversation }))?.seq).toBe(removed.event?.seq);
});

test("what was erased after the removal is hidden from a removed participant, too", async () => {
  const { bob, gone, conversation, before } = await removal();
  await done(bob.parley.messageRemove({ conversation, message: before }));
  const page = present(await gone.parley.messages({ conversation }));
  expect(page.messages.edges[0]?.node).toMatchObject({ hash: before, body: null });
  const log = present(await gone.parley.log({ conversation, first: 100 }));
  expect(log.events.edges.find(({ node }) => node.hash === before)?.node).toMatchObject({
    body: null,
    salt: null,
    isErased: true,
  });
});

test("an address shows its recipient only within a conversation", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const { pool } = given.platform.core.database;
  const { rows } = await pool.query<{ id: string }>("SELECT id FROM recipient WHERE address = $1", [bob.address]);
  const id = Buffer.from(`Recipient:${rows[0]?.id}`).toString("base64");
  expect(
    await alice.parley
      .request("query ($id: ID!) { node(id: $id) { __typename } }", { id })
      .catch(() => ({ node: null })),
  ).toEqual({
    node: null,
  });
});
