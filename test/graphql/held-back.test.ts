// What a review found could be had by asking cleverly, and cannot.
import { expect, test } from "vitest";
import { conversationOf, done, givenPlatform, participantOf, present, said } from "./given.ts";

const given = givenPlatform();

test("erasing oneself takes along what one said before one was removed and added anew", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  await said(bob, conversation, "said first");
  await done(
    admin.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation, admin) }),
  );
  await done(admin.parley.participantAdd({ conversation, address: bob.address }));
  await said(bob, conversation, "said later");

  await done(bob.parley.conversationLeave({ conversation, erase: true }));

  const { messages } = present(await admin.parley.messages({ conversation, first: 100 }));
  expect(messages.edges.map(({ node }) => node.body).filter((body) => body?.startsWith("said"))).toEqual([]);
  const people = present(await admin.parley.participants({ conversation, first: 100 }));
  expect(people.participants.edges.map(({ node }) => node.address)).toEqual([admin.address, null, null]);
});

test("an account that does not tell how far it has read is shown as not having said", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  await given.platform.core.database.prisma.account.update({
    where: { id: bob.accountId },
    data: { tellsReceipts: false },
  });
  await done(bob.parley.conversationRead({ conversation }));

  const people = present(await admin.parley.participants({ conversation, first: 100 }));
  expect(people.participants.edges.map(({ node }) => node.readUpTo)).toEqual([0, 0]);
  expect(present(await bob.parley.conversation({ hash: conversation })).unread).toBe(0);
});

test("more values in the variables than a request may have are refused, and nothing is done", async () => {
  const { admin } = await given.people("admin");
  const labels = Array.from({ length: 10_001 }, (_, index) => `label ${index}`);
  await expect(admin.parley.conversationCreate({ labels })).rejects.toMatchObject({ code: "VARIABLES_TOO_LARGE" });
});

test("one document does ten things at most", async () => {
  const { admin } = await given.people("admin");
  const thing = (index: number) => `m${index}: conversationCreate(input: {}) { __typename }`;
  const document = (count: number) =>
    `mutation { ${Array.from({ length: count }, (_, index) => thing(index)).join(" ")} }`;
  await expect(admin.parley.request(document(10))).resolves.toBeTruthy();
  await expect(admin.parley.request(document(11))).rejects.toMatchObject({ code: "DOCUMENT_TOO_LARGE" });
});

test("an answer that would fill the memory is refused", async () => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin, []);
  for (let index = 0; index < 12; index++) await said(admin, conversation, "x".repeat(256 * 1024));
  const page = (index: number) =>
    `p${index}: conversation(hash: "${conversation}") { messages(first: 100) { edges { node { body } } } }`;
  const document = (count: number) => `{ ${Array.from({ length: count }, (_, index) => page(index)).join(" ")} }`;
  await expect(admin.parley.request(document(1))).resolves.toBeTruthy();
  await expect(admin.parley.request(document(20))).rejects.toMatchObject({ code: "ANSWER_TOO_LARGE" });
});

test("a draft takes a retried add once", async () => {
  const { admin } = await given.people("admin");
  const draft = await done(admin.parley.conversationCreate({ subject: "once" }));
  const add = () =>
    admin.parley.messageAdd({ conversation: present(draft.conversation.draftHash), body: "once", clientId: "same" });
  const first = await done(add());
  const second = await done(add());
  expect(second.item?.id).toBe(first.item?.id);
  const published = await done(admin.parley.conversationPublish({ draftHash: present(draft.conversation.draftHash) }));
  const { messages } = present(
    await admin.parley.messages({ conversation: present(published.conversation.hash), first: 10 }),
  );
  expect(messages.edges.map(({ node }) => node.body)).toEqual(["once"]);
});
