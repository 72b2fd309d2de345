// `node` and `nodes`: each thing by its global id, of a draft too.
import { expect, test } from "vitest";
import type { Command } from "../../src/conversation/accept.ts";
import { attachmentBody } from "../conversation/given.ts";
import { conversationOf, done, errorCodeOf, givenPlatform, labelled, participantOf, present, said } from "./given.ts";

const given = givenPlatform();

test("everything in a conversation has a global id that finds it again", async () => {
  const { alice } = await given.people("alice");
  const { parley } = alice;
  const hash = await conversationOf(alice);
  const message = await said(alice, hash, "Words");
  const label = await labelled(alice, hash, "food");
  const shown = present(await parley.conversation({ hash }));
  const log = present(await parley.log({ conversation: hash, first: 100 }));
  const participant = present(shown.participants.edges[0]).node;
  expect(await parley.participant({ id: participant.id })).toEqual({ __typename: "Participant", ...participant });
  expect(await parley.message({ id: present(shown.messages.edges[0]).node.id })).toMatchObject({
    hash: message,
    body: "Words",
  });
  expect(await parley.label({ id: present(shown.labels.edges[0]).node.id })).toMatchObject({
    hash: label,
    name: "food",
  });
  for (const { node } of log.events.edges) expect(await parley.event({ id: node.id })).toMatchObject(node);

  const all = [
    shown,
    participant,
    shown.messages.edges[0]?.node,
    shown.labels.edges[0]?.node,
    log.events.edges[0]?.node,
  ];
  const ids = all.map((one) => present(one).id);
  expect(new Set(ids).size).toBe(ids.length);
  const types = ["Conversation", "Participant", "Message", "Label", "Event"];
  expect(await parley.nodes({ ids })).toEqual(ids.map((id, index) => ({ __typename: types[index], id })));
  // In the order of asking, twice where asked twice.
  const [first = "", second = ""] = ids;
  expect((await parley.nodes({ ids: [second, first, second] })).map((node) => node?.id)).toEqual([
    second,
    first,
    second,
  ]);
});

test("everything in a draft has a global id that finds it again, for its account alone", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const created = await done(
    alice.parley.conversationCreate({
      participants: [{ address: bob.address }],
      messages: [{ body: "Words" }],
      labels: ["food"],
    }),
  );
  const draft = present(await alice.parley.conversation({ id: created.conversation.id }));
  const ids = [
    draft,
    draft.participants.edges[0]?.node,
    draft.messages.edges[0]?.node,
    draft.labels.edges[0]?.node,
  ].map((one) => present(one).id);
  const types = ["Conversation", "Participant", "Message", "Label"];
  expect(await alice.parley.nodes({ ids })).toEqual(ids.map((id, index) => ({ __typename: types[index], id })));
  expect(await alice.parley.participant({ id: ids[1] ?? "" })).toMatchObject({ address: bob.address, role: "WRITER" });
  expect(await alice.parley.message({ id: ids[2] ?? "" })).toMatchObject({ body: "Words", author: null });
  expect(await alice.parley.label({ id: ids[3] ?? "" })).toMatchObject({ name: "food" });
  expect(await bob.parley.nodes({ ids })).toEqual([null, null, null, null]);
});

test("a file has a global id that finds it again, until it is removed; whoever was removed before it finds nothing", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const append = async (command: Command) => {
    const result = await given.platform.core.store.append({ conversation, accountId: alice.accountId, command });
    return present("entries" in result ? result.entries[0] : null).id;
  };
  const adds = (title: string): Command => ({ action: "add", model: "attachment", body: attachmentBody(title) });
  const seen = await append(adds("menu.txt"));
  await done(
    alice.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation, alice) }),
  );
  const later = await append(adds("bill.txt"));
  const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Attachment { hash title } } }`;
  const ids = [seen, later].map((hash) => Buffer.from(`Attachment:${conversation}.${hash}`).toString("base64"));
  const menu = { __typename: "Attachment", hash: seen, title: "menu.txt" };
  const bill = { __typename: "Attachment", hash: later, title: "bill.txt" };
  expect(await alice.parley.request(document, { ids })).toEqual({ nodes: [menu, bill] });
  expect(await bob.parley.request(document, { ids })).toEqual({ nodes: [menu, null] });
  await append({ action: "remove", model: "attachment", item: later });
  expect(await alice.parley.request(document, { ids })).toEqual({ nodes: [menu, null] });
});

test("mutations take what they are about by global id as well as by hash", async () => {
  const { alice } = await given.people("alice");
  const { parley } = alice;
  const hash = await conversationOf(alice);
  await said(alice, hash);
  const shown = present(await parley.conversation({ hash }));
  const message = present(shown.messages.edges[0]).node;
  const { item } = await done(parley.messageModify({ conversation: shown.id, message: message.id, body: "New" }));
  expect(item).toMatchObject({ id: message.id, body: "New" });
  const answer = await done(parley.messageAdd({ conversation: shown.id, parent: message.id, body: "Answer" }));
  expect(answer.item?.parent).toEqual({ id: message.id, hash: message.hash });
});

test("an id that is none of ours finds nothing, or is told to be none", async () => {
  const { alice } = await given.people("alice");
  const hash = "A".repeat(43);
  const encoded = (text: string) => Buffer.from(text).toString("base64");
  const ids = [
    encoded(`Message:${hash}.${hash}`),
    encoded(`Conversation:${hash}`),
    encoded(`Message:${hash}`),
    encoded("Message:"),
    encoded("Message:\u0000"),
    encoded("Nothing:1"),
    encoded("Viewer:1"),
    encoded("Recipient:not-a-uuid"),
    "",
    "nonsense",
    "\u0000",
    hash,
  ];
  for (const id of ids) {
    const outcome = await alice.parley.nodes({ ids: [id] }).then(
      ([node]) => node,
      (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
    );
    expect([null, "BAD_USER_INPUT"], JSON.stringify(id)).toContain(outcome);
  }
});

test("100 nodes at a time, and no more", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const shown = present(await alice.parley.conversation({ hash: conversation }));
  const ids = Array.from({ length: 100 }, () => shown.id);
  expect(await alice.parley.nodes({ ids })).toHaveLength(100);
  expect(await errorCodeOf(alice.parley.nodes({ ids: [...ids, shown.id] }))).toBe("BAD_USER_INPUT");
});

test("a conversation is asked for by exactly one of its names", async () => {
  const { alice } = await given.people("alice");
  const hash = await conversationOf(alice);
  const { id } = present(await alice.parley.conversation({ hash }));
  expect(await alice.parley.conversation({ id })).toMatchObject({ hash });
  expect(await alice.parley.conversation({ id: hash })).toMatchObject({ hash });
  expect(await errorCodeOf(alice.parley.conversation())).toBe("BAD_USER_INPUT");
  expect(await errorCodeOf(alice.parley.conversation({ hash, id }))).toBe("BAD_USER_INPUT");
  expect(await errorCodeOf(alice.parley.conversation({ id: "nonsense" }))).toBe("BAD_USER_INPUT");
});
