// `clientId`: a request that is sent again is done once.
import { expect, test } from "vitest";
import { isRejection } from "../../sdk/src/index.ts";
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

test("ten mutations at once with one clientId make one event, and all answer with it", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "READER"]]);
  const head = await headOf(bob, conversation);
  const ten = Array.from({ length: 10 }, (_, index) =>
    done(alice.parley.messageAdd({ conversation, body: `Try ${index}`, clientId: "one" })),
  );
  const answers = await Promise.all(ten);
  expect(new Set(answers.map(({ event }) => event?.hash)).size).toBe(1);
  expect(new Set(answers.map(({ item }) => item?.body)).size).toBe(1);
  expect(await headOf(bob, conversation)).toBe(head + 1);
});

test("a mutation that is sent again after it was answered, answers with the same event", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const send = () => done(alice.parley.messageAdd({ conversation, body: "Words", clientId: "one" }));
  const first = await send();
  await said(alice, conversation, "More words");
  const again = await send();
  expect(again.event).toEqual(first.event);
  expect(again.item).toEqual(first.item);
  expect(await headOf(alice, conversation)).toBe(present(first.event).seq + 1);
});

test("every mutation that appends is done once for its clientId", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const conversation = await conversationOf(alice, [[bob, "READER"]]);
  const { parley } = alice;
  const message = await said(alice, conversation);
  const participant = await participantOf(bob, conversation);
  const label = await labelled(alice, conversation, "old");
  const mutations = {
    subjectModify: (clientId: string) => parley.subjectModify({ conversation, subject: "New", clientId }),
    expiryModify: (clientId: string) =>
      parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z", clientId }),
    labelAdd: (clientId: string) => parley.labelAdd({ conversation, name: "new", clientId }),
    labelRemove: (clientId: string) => parley.labelRemove({ conversation, label, clientId }),
    participantAdd: (clientId: string) => parley.participantAdd({ conversation, address: carol.address, clientId }),
    participantModify: (clientId: string) =>
      parley.participantModify({ conversation, participant, role: "WRITER", clientId }),
    participantRemove: (clientId: string) => parley.participantRemove({ conversation, participant, clientId }),
    messageLock: (clientId: string) => parley.messageLock({ conversation, message, clientId }),
    messageRelease: (clientId: string) => parley.messageRelease({ conversation, message, clientId }),
    messageModify: (clientId: string) => parley.messageModify({ conversation, message, body: "New", clientId }),
    messageRemove: (clientId: string) => parley.messageRemove({ conversation, message, clientId }),
    conversationLeave: (clientId: string) => parley.conversationLeave({ conversation, clientId }),
  };
  for (const [name, mutate] of Object.entries(mutations)) {
    const [first, again] = [await mutate(name), await mutate(name)];
    expect(isRejection(first), name).toBe(false);
    expect(first, name).toHaveProperty("event.hash");
    expect("event" in again && again.event, name).toEqual("event" in first && first.event);
  }
  const log = present(await parley.log({ conversation, last: 100 }));
  const hashes = log.events.edges.map(({ node }) => node.hash);
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("a conversation that is created and published at once is published once for its clientId", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const create = () =>
    done(
      alice.parley.conversationCreate({
        subject: "Lunch",
        participants: [{ address: bob.address }],
        publish: true,
        clientId: "one",
      }),
    );
  const answers = await Promise.all([create(), create(), create()]);
  answers.push(await create());
  expect(new Set(answers.map(({ conversation }) => conversation.hash)).size).toBe(1);
  expect(new Set(answers.map(({ event }) => event?.hash)).size).toBe(1);
  expect((await bob.parley.conversations()).edges).toHaveLength(1);
});

test("what had nothing to do has nothing to do again, also where there would be something by now", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const message = await said(alice, conversation);
  const release = () => alice.parley.messageRelease({ conversation, message, clientId: "one" });
  expect(await verdictOf(release())).toBe("nothing to do");
  await done(alice.parley.messageLock({ conversation, message }));
  expect(await verdictOf(release())).toBe("nothing to do");
});

test("what was rejected is tried anew", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  await done(alice.parley.expiryModify({ conversation, expiresAt: "2020-01-01T00:00:00Z" }));
  const send = () => alice.parley.messageAdd({ conversation, body: "Words", clientId: "one" });
  expect(await verdictOf(send())).toBe("EXPIRED");
  await done(alice.parley.expiryModify({ conversation, expiresAt: null }));
  expect(await verdictOf(send())).toBe("done");
});

test("a clientId that was used for something else is refused, and nothing is lost unsaid", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const { parley } = alice;
  const conversation = await conversationOf(alice);
  const other = await conversationOf(alice);
  const message = await said(alice, conversation);
  await done(parley.messageAdd({ conversation, body: "Words", clientId: "said" }));
  expect(await verdictOf(parley.messageRelease({ conversation, message, clientId: "idle" }))).toBe("nothing to do");
  await done(parley.conversationCreate({ publish: true, clientId: "created" }));
  await done(parley.participationUpdate({ conversation, isPinned: true, clientId: "kept" }));
  const heads = async () => [await headOf(alice, conversation), await headOf(alice, other)];
  const before = await heads();
  const { draftHash } = (await done(parley.conversationCreate({ subject: "Draft" }))).conversation;
  const others = await Promise.allSettled<object>([
    parley.messageAdd({ conversation: other, body: "Words", clientId: "said" }),
    parley.messageModify({ conversation, message, body: "Words", clientId: "said" }),
    parley.labelAdd({ conversation, name: "food", clientId: "said" }),
    parley.messageAdd({ conversation, body: "Words", clientId: "idle" }),
    parley.messageAdd({ conversation, body: "Words", clientId: "created" }),
    parley.conversationLeave({ conversation: other, clientId: "said" }),
    parley.messageAdd({ conversation, body: "Words", clientId: "kept" }),
    parley.messageRelease({ conversation, message, clientId: "kept" }),
    parley.conversationCreate({ publish: true, clientId: "kept" }),
    parley.participationUpdate({ conversation: other, folder: "TRASH", clientId: "kept" }),
    parley.participationUpdate({ conversation, folder: "TRASH", clientId: "said" }),
    parley.participationUpdate({ conversation, folder: "TRASH", clientId: "idle" }),
    parley.conversationCreate({ participants: [{ address: bob.address }], publish: true, clientId: "said" }),
    parley.conversationPublish({ draftHash: present(draftHash), clientId: "said" }),
    parley.conversationPublish({ draftHash: present(draftHash), clientId: "created" }),
  ]);
  const error = { code: "BAD_USER_INPUT", message: "This clientId was used for another request. Take a new one." };
  for (const [index, answer] of others.entries()) {
    expect(answer, `${index}`).toMatchObject({ status: "rejected", reason: error });
  }
  expect(await heads()).toEqual(before);
  for (const hash of [conversation, other]) expect((await parley.conversation({ hash }))?.folder).toBe("INBOX");
  expect(await parley.conversation({ draftHash: present(draftHash) })).toMatchObject({ status: "DRAFT" });
});

test("in a draft, too, a clientId makes one thing", async () => {
  const { alice } = await given.people("alice");
  const { conversation } = await done(alice.parley.conversationCreate({ subject: "Draft" }));
  const draft = { conversation: present(conversation.draftHash), clientId: "one" };
  await done(alice.parley.messageAdd({ ...draft, body: "Words" }));
  expect(await verdictOf(alice.parley.messageAdd({ ...draft, body: "Words" }))).toBe("nothing to do");
  expect(present(await alice.parley.messages(draft)).messages.edges).toHaveLength(1);
  expect(await errorCodeOf(alice.parley.labelAdd({ ...draft, name: "food" }))).toBe("BAD_USER_INPUT");
});

test("a retry may name the conversation by the draft that it was", async () => {
  const { alice } = await given.people("alice");
  const { conversation } = await done(alice.parley.conversationCreate({ subject: "Draft" }));
  const draftHash = present(conversation.draftHash);
  const publish = () => done(alice.parley.conversationPublish({ draftHash, clientId: "publish" }));
  expect((await publish()).event).toEqual((await publish()).event);
  const send = () => done(alice.parley.messageAdd({ conversation: draftHash, body: "Words", clientId: "one" }));
  expect((await send()).event).toEqual((await send()).event);
});

test("a clientId is its account's: another's is another request", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const answers = await Promise.all(
    [alice, bob].map(({ parley }) => done(parley.messageAdd({ conversation, body: "Words", clientId: "one" }))),
  );
  expect(new Set(answers.map(({ event }) => event?.hash)).size).toBe(2);
});

test("a retried leave answers with the event that ended it", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "READER"]]);
  const leave = () => done(bob.parley.conversationLeave({ conversation, clientId: "one" }));
  const first = await leave();
  await said(alice, conversation, "After");
  const again = await leave();
  expect(again.event).toEqual(first.event);
  expect(again.conversation.seq).toBe(first.event?.seq);
});

test.each([
  ["empty", ""],
  ["longer than 100 characters", "x".repeat(101)],
  ["with control characters", "a\u0000b"],
  ["with half a character", "a\ud800"],
])("a clientId that is %s is refused", async (_, clientId) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  expect(await errorCodeOf(alice.parley.messageAdd({ conversation, body: "Words", clientId }))).toBe("BAD_USER_INPUT");
  expect(await errorCodeOf(alice.parley.conversationCreate({ publish: true, clientId }))).toBe("BAD_USER_INPUT");
});
