// Drafts: what only their account sees, edited by the mutations that work on conversations, then published at once.
import { expect, test } from "vitest";
import type { Parley } from "../../sdk/src/index.ts";
import { done, givenPlatform, present, said, verdictOf } from "./given.ts";

const given = givenPlatform();

const begin = async (parley: Parley, subject = "Lunch"): Promise<string> =>
  present((await done(parley.conversationCreate({ subject }))).conversation.draftHash);

test("a draft is edited by every mutation that works on drafts, then published as it stands", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const { parley } = alice;
  const conversation = await begin(parley, "  Lunch?  ");

  await done(parley.subjectModify({ conversation, subject: "Lunch on Friday" }));
  await done(parley.expiryModify({ conversation, expiresAt: new Date("2100-01-01") }));
  const work = present((await done(parley.labelAdd({ conversation, name: "work" }))).item);
  await done(parley.labelAdd({ conversation, name: "food" }));
  await done(parley.labelRemove({ conversation, label: work.id }));
  const first = present((await done(parley.messageAdd({ conversation, body: "Shall we?" }))).item);
  const answer = present((await done(parley.messageAdd({ conversation, body: "At noon.", parent: first.id }))).item);
  const doubt = present((await done(parley.messageAdd({ conversation, body: "Or not." }))).item);
  const modified = await done(parley.messageModify({ conversation, message: first.id, body: "Shall we **eat**?" }));
  expect(modified.item).toMatchObject({ id: first.id, body: "Shall we **eat**?" });
  expect(modified.event).toBeNull();
  await done(parley.messageLock({ conversation, message: first.id }));
  await done(parley.messageRelease({ conversation, message: first.id }));
  await done(parley.messageRemove({ conversation, message: doubt.id }));
  const added = await done(parley.participantAdd({ conversation, address: bob.address, role: "READER" }));
  await done(parley.participantModify({ conversation, participant: present(added.item).id, role: "COMMENTER" }));
  const mistaken = present((await done(parley.participantAdd({ conversation, address: carol.address }))).item);
  await done(parley.participantRemove({ conversation, participant: mistaken.id }));

  const draft = present(await parley.conversation({ draftHash: conversation }));
  expect(draft).toMatchObject({
    hash: null,
    draftHash: conversation,
    subject: "Lunch on Friday",
    status: "DRAFT",
    expiresAt: "2100-01-01T00:00:00.000Z",
    creator: null,
    lastEvent: null,
    leader: null,
    seq: 0,
    unread: 0,
  });
  expect(draft.participants.edges.map(({ node }) => [node.address, node.role])).toEqual([[bob.address, "COMMENTER"]]);
  expect(draft.messages.edges.map(({ node }) => [node.body, node.parent?.id ?? null])).toEqual([
    ["Shall we **eat**?", null],
    ["At noon.", first.id],
  ]);
  expect(draft.labels.edges.map(({ node }) => node.name)).toEqual(["food"]);
  expect(await parley.message({ id: answer.id })).toMatchObject({ body: "At noon.", author: null });
  expect(await parley.log({ conversation })).toMatchObject({ events: { edges: [] } });

  const published = await done(parley.conversationPublish({ draftHash: conversation }));
  const hash = present(published.conversation.hash);
  for (const { parley: reading } of [alice, bob]) {
    const shown = present(await reading.conversation({ hash }));
    expect(shown).toMatchObject({
      hash,
      draftHash: conversation,
      subject: "Lunch on Friday",
      reference: "lunch-on-friday",
      status: "OPEN",
      expiresAt: "2100-01-01T00:00:00.000Z",
      leader: "localhost",
      creator: { address: alice.address, role: "ADMIN" },
    });
    expect(shown.participants.edges.map(({ node }) => [node.address, node.role, node.status])).toEqual([
      [alice.address, "ADMIN", "ACTIVE"],
      [bob.address, "COMMENTER", "ACTIVE"],
    ]);
    const [question, reply] = shown.messages.edges.map(({ node }) => node);
    expect(question).toMatchObject({ body: "Shall we **eat**?", parent: null, author: { hash } });
    expect(reply).toMatchObject({ body: "At noon.", parent: { hash: question?.hash } });
    expect(shown.labels.edges.map(({ node }) => node.name)).toEqual(["food"]);
  }
});

test("publishing gives the events in the order of the rules, the participants last: adding somebody is sending", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const created = await done(
    alice.parley.conversationCreate({
      subject: "Lunch",
      expiresAt: "2100-01-01T00:00:00Z",
      participants: [{ address: bob.address }],
      labels: ["food"],
      messages: [{ body: "Shall we?" }, { body: "At noon." }],
      publish: true,
    }),
  );
  const log = present(await bob.parley.log({ conversation: created.conversation.id }));
  expect(log.events.edges.map(({ node }) => `${node.seq} ${node.action} ${node.model}`)).toEqual([
    "1 PUBLISH CONVERSATION",
    "2 MODIFY SUBJECT",
    "3 MODIFY EXPIRY",
    "4 ADD MESSAGE",
    "5 ADD MESSAGE",
    "6 ADD LABEL",
    "7 ADD PARTICIPANT",
  ]);
  expect(created.event).toMatchObject({
    seq: 1,
    action: "PUBLISH",
    value: { role: "ADMIN", via: "localhost", mail: false, imported: false },
  });
});

test("nobody but its account sees a draft, edits, publishes or discards it", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await begin(alice.parley);
  await done(alice.parley.participantAdd({ conversation, address: bob.address }));
  const item = present((await done(alice.parley.messageAdd({ conversation, body: "Words" }))).item);
  const { parley } = bob;
  expect(await parley.conversation({ draftHash: conversation })).toBeNull();
  expect(await parley.message({ id: item.id })).toBeNull();
  expect(await verdictOf(parley.subjectModify({ conversation, subject: "Mine" }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.messageAdd({ conversation, body: "Mine" }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.conversationPublish({ draftHash: conversation }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.conversationDiscard({ draftHash: conversation }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.conversationRead({ conversation }))).toBe("NOT_FOUND");
  expect(await alice.parley.conversation({ draftHash: conversation })).toMatchObject({ subject: "Lunch" });
});

test("a draft is not among the conversations", async () => {
  const { alice } = await given.people("alice");
  await begin(alice.parley);
  expect((await alice.parley.conversations()).edges).toEqual([]);
});

test("a draft is published once: again, and ten times at once, answers with what it became", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const draftHash = await begin(alice.parley);
  await done(alice.parley.participantAdd({ conversation: draftHash, address: bob.address }));
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => done(alice.parley.conversationPublish({ draftHash }))),
  );
  const again = await done(alice.parley.conversationPublish({ draftHash, clientId: "again" }));
  expect(new Set([...answers, again].map(({ conversation }) => conversation.hash)).size).toBe(1);
  expect(new Set([...answers, again].map(({ event }) => event?.hash)).size).toBe(1);
  expect((await bob.parley.conversations()).edges).toHaveLength(1);
});

test("publishing again after people talked answers with the event that published it, not with what they said", async () => {
  const { alice } = await given.people("alice");
  const draftHash = await begin(alice.parley);
  const published = await done(alice.parley.conversationPublish({ draftHash }));
  await said(alice, present(published.conversation.hash));
  const again = await done(alice.parley.conversationPublish({ draftHash }));
  expect(again.event?.hash).toBe(published.event?.hash);
});

test("the link of a draft goes on working after it was published, for its account", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const draftHash = await begin(alice.parley);
  await done(alice.parley.participantAdd({ conversation: draftHash, address: bob.address }));
  const { conversation } = await done(alice.parley.conversationPublish({ draftHash }));
  expect(await alice.parley.conversation({ draftHash })).toMatchObject({ hash: conversation.hash });
  // Where the input says "hash, draft hash or global id", it means it.
  expect(await verdictOf(alice.parley.messageAdd({ conversation: draftHash, body: "Words" }))).toBe("done");
  expect(await verdictOf(alice.parley.conversationRead({ conversation: draftHash }))).toBe("done");
  const renamed = await done(alice.parley.subjectModify({ conversation: draftHash, subject: "Dinner" }));
  expect(renamed.conversation).toMatchObject({ hash: conversation.hash, draftHash });
  expect(await verdictOf(alice.parley.conversationLeave({ conversation: draftHash }))).toBe("done");
});

test("a draft is not left and not read: it says that it is one", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await begin(alice.parley);
  for (const act of [alice.parley.conversationLeave, alice.parley.conversationRead]) {
    expect(await act({ conversation })).toMatchObject({
      code: "INVALID_ACTION",
      message: "This is a draft, which only you see. Publish it first, or discard it.",
    });
  }
  expect(await verdictOf(bob.parley.conversationLeave({ conversation }))).toBe("NOT_FOUND");
});

test("of several people, the one who cannot be added is named", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const create = (...addresses: readonly string[]) =>
    alice.parley.conversationCreate({ participants: addresses.map((address) => ({ address })) });
  expect(await create(bob.address, "carol at home")).toMatchObject({
    code: "INVALID_ADDRESS",
    message: '"carol at home" is not an address. Write it as name@example.org.',
  });
  expect(await create(bob.address, bob.address.toUpperCase())).toMatchObject({
    code: "ALREADY_PARTICIPANT",
    message: `The draft already has ${bob.address}.`,
  });
  expect(await create(bob.address, "carol@localhost")).toMatchObject({
    code: "RECIPIENT_UNKNOWN",
    message: expect.stringMatching(/carol@localhost. Check its spelling/),
  });
});

test("a draft that is discarded is gone, and can neither be discarded nor published again", async () => {
  const { alice } = await given.people("alice");
  const { parley } = alice;
  const draftHash = await begin(parley);
  expect(await done(parley.conversationDiscard({ draftHash }))).toMatchObject({ draftHash });
  expect(await parley.conversation({ draftHash })).toBeNull();
  expect(await verdictOf(parley.conversationDiscard({ draftHash }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.conversationPublish({ draftHash }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.messageAdd({ conversation: draftHash, body: "Words" }))).toBe("NOT_FOUND");
});

test("what was published cannot be discarded", async () => {
  const { alice } = await given.people("alice");
  const draftHash = await begin(alice.parley);
  const { conversation } = await done(alice.parley.conversationPublish({ draftHash }));
  expect(await verdictOf(alice.parley.conversationDiscard({ draftHash }))).toBe("NOT_FOUND");
  expect(await alice.parley.conversation({ id: conversation.id })).not.toBeNull();
});

test("a draft whose expiry is in the past is not published, and stays", async () => {
  const { alice } = await given.people("alice");
  const draftHash = await begin(alice.parley);
  await done(alice.parley.expiryModify({ conversation: draftHash, expiresAt: "2020-01-01T00:00:00Z" }));
  expect(await verdictOf(alice.parley.conversationPublish({ draftHash }))).toBe("EXPIRED");
  await done(alice.parley.expiryModify({ conversation: draftHash, expiresAt: null }));
  expect(await verdictOf(alice.parley.conversationPublish({ draftHash }))).toBe("done");
});

test("the creator takes part without being named, and cannot be named", async () => {
  const { alice } = await given.people("alice");
  const draftHash = await begin(alice.parley);
  await done(alice.parley.participantAdd({ conversation: draftHash, address: alice.address }));
  expect(await verdictOf(alice.parley.conversationPublish({ draftHash }))).toBe("ALREADY_PARTICIPANT");
});

test("a draft holds to the same limits and words as a conversation", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const { parley } = alice;
  const conversation = await begin(parley);
  await done(parley.labelAdd({ conversation, name: "Food" }));
  await done(parley.participantAdd({ conversation, address: bob.address }));
  expect(await verdictOf(parley.subjectModify({ conversation, subject: "x".repeat(201) }))).toBe("INVALID_BODY");
  expect(await verdictOf(parley.labelAdd({ conversation, name: "fOOD" }))).toBe("LABEL_EXISTS");
  expect(await verdictOf(parley.participantAdd({ conversation, address: bob.address }))).toBe("ALREADY_PARTICIPANT");
  expect(await verdictOf(parley.participantAdd({ conversation, address: "nobody@localhost" }))).toBe(
    "RECIPIENT_UNKNOWN",
  );
  expect(await verdictOf(parley.messageAdd({ conversation, body: " " }))).toBe("INVALID_BODY");
  const missing = "A".repeat(43);
  expect(await verdictOf(parley.messageAdd({ conversation, body: "x", parent: missing }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.messageModify({ conversation, body: "x", message: missing }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.labelRemove({ conversation, label: missing }))).toBe("NOT_FOUND");
  expect(await verdictOf(parley.participantRemove({ conversation, participant: missing }))).toBe("NOT_FOUND");
});

test("ten edits of a draft at once are all in it", async () => {
  const { alice } = await given.people("alice");
  const conversation = await begin(alice.parley);
  const bodies = Array.from({ length: 10 }, (_, index) => `Words ${index}`);
  await Promise.all(bodies.map((body) => done(alice.parley.messageAdd({ conversation, body }))));
  const draft = present(await alice.parley.messages({ conversation, first: 100 }));
  expect(draft.messages.edges.map(({ node }) => present(node.body)).toSorted()).toEqual(bodies);
});

test("a draft edited while it is published is published with the edit, or the edit is said in the conversation, or refused", async () => {
  const { alice } = await given.people("alice");
  for (let round = 0; round < 5; round++) {
    const draftHash = await begin(alice.parley);
    const [published, edited] = await Promise.all([
      done(alice.parley.conversationPublish({ draftHash })),
      verdictOf(alice.parley.messageAdd({ conversation: draftHash, body: "Late words" })),
    ]);
    const page = present(await alice.parley.messages({ conversation: published.conversation.id }));
    const isThere = page.messages.edges.some(({ node }) => node.body === "Late words");
    expect(isThere).toBe(edited !== "NOT_FOUND");
  }
});

test("a draft discarded while it is published is gone, or published: never both", async () => {
  const { alice } = await given.people("alice");
  for (let round = 0; round < 5; round++) {
    const draftHash = await begin(alice.parley);
    const verdicts = await Promise.all([
      verdictOf(alice.parley.conversationPublish({ draftHash })),
      verdictOf(alice.parley.conversationDiscard({ draftHash })),
    ]);
    expect([
      ["done", "NOT_FOUND"],
      ["NOT_FOUND", "done"],
    ]).toContainEqual(verdicts);
    const published = await alice.parley.conversation({ draftHash });
    expect(published !== null).toBe(verdicts[0] === "done");
  }
});

test("fifty requests on one draft: those before it is published are in it, those that come meanwhile are said in the conversation", async () => {
  const { alice } = await given.people("alice");
  const draftHash = await begin(alice.parley);
  const edits = (names: readonly string[]) =>
    Promise.all(names.map((name) => verdictOf(alice.parley.labelAdd({ conversation: draftHash, name }))));
  const names = Array.from({ length: 49 }, (_, index) => `${index}`);
  const [early, late] = [names.slice(0, 24), names.slice(24)];
  // In the draft there is no event to tell of.
  expect(await edits(early)).toEqual(early.map(() => "nothing to do"));

  const { store } = given.platform.core;
  const { append } = store;
  const [publishing, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let lookedFor = 0;
  Object.assign(store, {
    append: async (request: Parameters<typeof append>[0]) => {
      if ("proposals" in request) {
        publishing.resolve();
        await asked.promise;
        return append(request);
      }
      const answer = await append(request);
      // There is no such conversation yet: each looks for the draft next.
      if (++lookedFor === late.length) asked.resolve();
      return answer;
    },
  });
  try {
    const published = verdictOf(alice.parley.conversationPublish({ draftHash }));
    await publishing.promise;
    expect(await edits(late)).toEqual(late.map(() => "done"));
    expect(await published).toBe("done");
  } finally {
    Object.assign(store, { append });
  }
  const { labels, seq } = present(await alice.parley.conversation({ draftHash }));
  expect(labels.edges.map(({ node }) => node.name).toSorted()).toEqual(names.toSorted());
  // The conversation, its subject, and a label each.
  expect(seq).toBe(2 + names.length);
});

test("a draft that another process edits at each try to publish it is left to people: CONFLICT, after some tries", async () => {
  const { alice } = await given.people("alice");
  const draftHash = await begin(alice.parley);
  const { store, database } = given.platform.core;
  const { append } = store;
  let tries = 0;
  Object.assign(store, {
    append: async (request: Parameters<typeof append>[0]) => {
      tries++;
      await database.pool.query("UPDATE draft SET version = version + 1 WHERE hash = $1", [draftHash]);
      return append(request);
    },
  });
  try {
    expect(await verdictOf(alice.parley.conversationPublish({ draftHash }))).toBe("CONFLICT");
  } finally {
    Object.assign(store, { append });
  }
  expect(tries).toBe(5);
  expect(await verdictOf(alice.parley.conversationPublish({ draftHash }))).toBe("done");
});
