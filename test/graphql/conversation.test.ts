// A conversation from its draft to its end, as two people and a third have it.
import { expect, test } from "vitest";
import type { StreamItem } from "../../sdk/src/index.ts";
import { conversationOf, done, givenPlatform, headOf, participantOf, present, type Somebody, said } from "./given.ts";

const given = givenPlatform();

/** The events of one conversation after a place in its log, each once. */
async function* eventsOf(
  by: Somebody,
  conversation: string,
  after: number,
): AsyncGenerator<Extract<StreamItem, { __typename: "EventAdded" }>> {
  let seen = after;
  const { cursor } = await by.parley.viewer();
  for await (const item of by.parley.events({ after: cursor, conversation })) {
    // A resume repeats a little.
    if (item.__typename !== "EventAdded" || item.event.seq <= seen) continue;
    seen = item.event.seq;
    yield item;
  }
}

test("people begin, talk, answer, correct, label, take back, come and go; and the log tells all of it, signed and chained", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");

  const draft = await done(
    alice.parley.conversationCreate({ subject: "Lunch", participants: [{ address: bob.address }] }),
  );
  const drafted = present(draft.conversation.draftHash);
  await done(alice.parley.messageAdd({ conversation: drafted, body: "Shall we try the **new place**?" }));
  const published = await done(alice.parley.conversationPublish({ draftHash: drafted }));
  const conversation = present(published.conversation.hash);

  const shown = present(await bob.parley.conversation({ hash: conversation }));
  expect(shown).toMatchObject({ subject: "Lunch", status: "OPEN", unread: 1, creator: { address: alice.address } });
  const question = present(shown.messages.edges[0]).node;
  expect(question).toMatchObject({ status: "PRESENT", format: "MARKDOWN", editedAt: null, lock: null, pending: false });
  expect(question.bodyHtml).toContain("<strong>new place</strong>");

  const answer = await said(bob, conversation, "Yes! I'll book a tabel.", question.id);
  const locked = await done(bob.parley.messageLock({ conversation, message: answer }));
  expect(locked.item?.lock?.holder?.hash).toBe(await participantOf(bob, conversation));
  const modified = await done(
    bob.parley.messageModify({ conversation, message: answer, body: "Yes! I'll book a table." }),
  );
  expect(modified.item).toMatchObject({ body: "Yes! I'll book a table.", lock: null, parent: { hash: question.hash } });
  expect(Date.parse(present(modified.item?.editedAt))).toBeGreaterThanOrEqual(
    Date.parse(present(modified.item?.createdAt)),
  );
  await done(alice.parley.messageModify({ conversation, message: answer, body: "Yes! Bob books a table." }));
  const edited = present((await bob.parley.messages({ conversation, last: 1 }))?.messages.edges[0]).node;
  const answered = await bob.parley.message({ id: edited.id });
  expect(answered).toMatchObject({
    body: "Yes! Bob books a table.",
    author: { displayName: expect.stringMatching(/^Bob/) },
    editors: [{ displayName: expect.stringMatching(/^Bob/) }, { displayName: expect.stringMatching(/^Alice/) }],
  });

  await done(bob.parley.labelAdd({ conversation, name: "food" }));
  await done(bob.parley.participantAdd({ conversation, address: carol.address, role: "COMMENTER" }));
  await done(
    alice.parley.participantModify({
      conversation,
      participant: await participantOf(carol, conversation),
      role: "WRITER",
    }),
  );
  await done(carol.parley.subjectModify({ conversation, subject: "Lunch on Friday" }));
  const mistaken = await said(carol, conversation, "Wrong window");
  await done(carol.parley.messageRemove({ conversation, message: mistaken }));
  await done(alice.parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z" }));
  await done(alice.parley.participantRemove({ conversation, participant: await participantOf(carol, conversation) }));
  await done(bob.parley.conversationLeave({ conversation }));

  const end = present(await alice.parley.conversation({ hash: conversation }));
  expect(end).toMatchObject({ subject: "Lunch on Friday", reference: "lunch", expiresAt: "2100-01-01T00:00:00.000Z" });
  expect(end.participants.edges.map(({ node }) => [node.address, node.role, node.status])).toEqual([
    [alice.address, "ADMIN", "ACTIVE"],
    [bob.address, "WRITER", "LEFT"],
    [carol.address, "WRITER", "REMOVED"],
  ]);
  const log = present(await alice.parley.log({ conversation, first: 100 })).events.edges.map(({ node }) => node);
  expect(log.map(({ action, model }) => `${action} ${model}`)).toEqual([
    "PUBLISH CONVERSATION",
    "MODIFY SUBJECT",
    "ADD MESSAGE",
    "ADD PARTICIPANT",
    "ADD MESSAGE",
    "LOCK MESSAGE",
    "MODIFY MESSAGE",
    "MODIFY MESSAGE",
    "ADD LABEL",
    "ADD PARTICIPANT",
    "MODIFY PARTICIPANT",
    "MODIFY SUBJECT",
    "ADD MESSAGE",
    "REMOVE MESSAGE",
    "MODIFY EXPIRY",
    "REMOVE PARTICIPANT",
    "REMOVE PARTICIPANT",
  ]);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect(end.lastEvent).toEqual(log.at(-1));
  expect(log[0]).toMatchObject({
    hash: conversation,
    parent: null,
    actor: { hash: conversation },
    item: null,
    follows: null,
  });
  expect(log.every(({ isLocal }) => isLocal)).toBe(true);
  for (const { id, timestamp, sentAt } of log) {
    expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(Date.parse(sentAt));
    const signed = await alice.parley.event({ id });
    expect(signed).toMatchObject({
      signatures: {
        leader: "localhost",
        platform: "localhost",
        event: expect.stringMatching(/^[\w-]{86}$/),
        proposal: null,
      },
    });
  }
  expect(new Set(log.map(({ parent }) => parent)).size).toBe(log.length);
});

test("what people say is told to the others as they say it, in order", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const events = eventsOf(bob, conversation, await headOf(bob, conversation));
  const first = events.next();
  const bodies = ["One", "Two", "Three"];
  for (const body of bodies) await said(alice, conversation, body);
  const told = [await first, await events.next(), await events.next()].map(({ value }) => present(value));
  expect(told.map(({ event }) => event.body)).toEqual(bodies.map((text) => expect.objectContaining({ text })));
  expect(told.map(({ event }) => event.actor?.hash)).toEqual(bodies.map(() => conversation));
  expect(told.at(-1)?.conversation).toMatchObject({ hash: conversation, subject: "Lunch" });
  await events.return(undefined);
});

test("how far people have read is told to the others, and what they have not read is counted", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  for (const body of ["One", "Two"]) await said(alice, conversation, body);
  await said(bob, conversation, "My own");
  const unread = async ({ parley }: Somebody) => (await parley.conversation({ hash: conversation }))?.unread;
  expect([await unread(alice), await unread(bob)]).toEqual([1, 2]);
  expect((await bob.parley.conversations()).edges[0]?.node.unread).toBe(2);

  const { cursor } = await alice.parley.viewer();
  const stop = new AbortController();
  const items = alice.parley.events({ after: cursor, conversation, signal: stop.signal });
  const receipt = (async () => {
    for await (const item of items) if (item.__typename === "ReceiptMoved") return item;
    return null;
  })();
  // The backfill has begun once the first of what it repeats is here; a receipt is told only from then on.
  const head = await headOf(bob, conversation);
  const second = head - 1;
  await expect
    .poll(async () => {
      const read = await done(bob.parley.conversationRead({ conversation, upTo: second }));
      expect(read.conversation.unread).toBe(0);
      return (await alice.parley.participants({ conversation }))?.participants.edges[1]?.node.readUpTo;
    })
    .toBe(second);
  await done(bob.parley.conversationRead({ conversation }));
  expect(await receipt).toMatchObject({ participant: { address: bob.address }, conversation: { hash: conversation } });
  stop.abort();

  // The highest wins.
  const back = await done(bob.parley.conversationRead({ conversation, upTo: 1 }));
  expect(back.participant?.readUpTo).toBe(head);
  await said(alice, conversation, "Three");
  expect(await unread(bob)).toBe(1);
});

test("a removed message does not count as unread; a receipt without a place means all there is", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const read = await done(bob.parley.conversationRead({ conversation }));
  expect(read.participant).toMatchObject({ address: bob.address, readUpTo: await headOf(bob, conversation) });
  const message = await said(alice, conversation);
  await done(alice.parley.messageRemove({ conversation, message }));
  expect(await bob.parley.conversation({ hash: conversation })).toMatchObject({ unread: 0 });
});

test("a subject that is empty is none", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const { conversation: after } = await done(alice.parley.subjectModify({ conversation, subject: " " }));
  expect(after.subject).toBeNull();
  expect(await alice.parley.conversation({ hash: conversation })).toMatchObject({ subject: null, reference: "lunch" });
});

test("the answer to a mutation is what is read afterwards", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const { parley } = alice;
  const message = await said(bob, conversation);
  const participant = await participantOf(bob, conversation);
  const isRead = async (answer: {
    readonly item: object | null;
    readonly event: object | null;
    readonly conversation: object;
  }) => {
    const { edges } = present(await parley.messages({ conversation, first: 100 })).messages;
    expect(edges.map(({ node }) => node)).toContainEqual(answer.item);
    const shown = present(await parley.conversation({ hash: conversation }));
    expect(shown).toMatchObject(answer.conversation);
    expect(shown.lastEvent).toEqual(answer.event);
  };
  await isRead(await done(parley.messageAdd({ conversation, body: "Answer", parent: message })));
  await isRead(await done(parley.messageLock({ conversation, message })));
  await isRead(await done(parley.messageModify({ conversation, message, body: "New" })));
  await isRead(await done(parley.messageRemove({ conversation, message })));
  const { item } = await done(parley.participantModify({ conversation, participant, role: "READER" }));
  expect((await parley.participants({ conversation }))?.participants.edges.map(({ node }) => node)).toContainEqual(
    item,
  );
  const removed = await done(parley.participantRemove({ conversation, participant }));
  expect((await parley.participants({ conversation }))?.participants.edges.map(({ node }) => node)).toContainEqual(
    removed.item,
  );
});

test("a conversation that goes on with another one names it, and its last event; of another that is none of the viewer's, nothing is said", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const earlier = await conversationOf(alice, []);
  const { event } = await done(alice.parley.messageAdd({ conversation: earlier, body: "To be continued" }));
  const { conversation } = await done(
    alice.parley.conversationCreate({ subject: "II", continues: earlier, publish: true }),
  );
  const document = `query Ask($hash: Hash) { conversation(hash: $hash) { continues { conversation event } } }`;
  const read = (hash: unknown) => alice.parley.request(document, { hash });
  const continues = { conversation: earlier, event: event?.hash };
  expect(await read(conversation.hash)).toEqual({ conversation: { continues } });
  expect(await read(earlier)).toEqual({ conversation: { continues: null } });
  expect(await bob.parley.conversationCreate({ continues: earlier })).toMatchObject({ code: "NOT_FOUND" });
});
