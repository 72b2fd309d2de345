// Erasing: what was removed, or taken along by whoever left, is hidden at once, before any job has deleted it.
import { expect, test } from "vitest";
import { conversationOf, done, givenPlatform, labelled, participantOf, present, type Somebody, said } from "./given.ts";

// No worker: the job that deletes bodies never runs.
const given = givenPlatform({ worker: false });

/** Whatever `by` can read of the conversation, as one text. */
const allWords = async (by: Somebody, conversation: string): Promise<string> => {
  const { parley } = by;
  const shown = present(await parley.conversation({ hash: conversation }));
  const log = present(await parley.log({ conversation, first: 100 }));
  const messages = present(await parley.messages({ conversation, first: 100 }));
  const participants = present(await parley.participants({ conversation, first: 100 }));
  const nodes = await Promise.all([
    ...messages.messages.edges.flatMap(({ node: { id } }) => [parley.message({ id }), parley.replies({ message: id })]),
    ...participants.participants.edges.map(({ node: { id } }) => parley.participant({ id })),
    ...log.events.edges.map(({ node: { id } }) => parley.event({ id })),
  ]);
  const parents = await parley.request(
    `query ($id: ID!) { conversation(id: $id) {
      creator { displayName address recipient { address name } }
      participants { edges { node { displayName address recipient { address name } } } }
      messages { edges { node { parent { body bodyHtml author { displayName address } } editors { displayName } } } }
      events { edges { node { body actor { displayName address recipient { address } } } } }
      labels { edges { node { name addedBy { displayName } } } } } }`,
    { id: conversation },
  );
  return JSON.stringify({ shown, log, messages, participants, nodes, parents });
};

test("the bodies stand in the database still: what hides them is the state", async () => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin);
  const message = await said(admin, conversation, "Unsayable");
  await done(admin.parley.messageRemove({ conversation, message }));
  const { pool } = given.platform.core.database;
  const { rows } = await pool.query("SELECT body FROM event WHERE conversation_id = $1 AND id = $2", [
    conversation,
    message,
  ]);
  expect(rows).toMatchObject([{ body: { text: "Unsayable" } }]);
});

test("a removed message is shown nowhere, with all that it was edited to, its answers staying", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const message = await said(bob, conversation, "Unsayable first");
  await done(admin.parley.messageModify({ conversation, message, body: "Unsayable second" }));
  await said(admin, conversation, "Well said", message);
  expect(await allWords(admin, conversation)).toContain("Unsayable");
  await done(bob.parley.messageRemove({ conversation, message }));
  for (const by of [admin, bob]) {
    const words = await allWords(by, conversation);
    expect(words).not.toContain("Unsayable");
    expect(words).toContain("Well said");
  }
  const log = present(await admin.parley.log({ conversation, first: 100 }));
  const events = log.events.edges.map(({ node }) => node).filter(({ model }) => model === "MESSAGE");
  expect(events.map(({ action, isErased, body, salt, ref }) => [action, isErased, body, salt, ref !== null])).toEqual([
    ["ADD", true, null, null, true],
    ["MODIFY", true, null, null, true],
    ["ADD", false, expect.anything(), expect.anything(), true],
    ["REMOVE", false, null, null, false],
  ]);
});

test("a removed label is shown nowhere", async () => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin);
  const label = await labelled(admin, conversation, "unsayable");
  await done(admin.parley.labelRemove({ conversation, label }));
  expect(await allWords(admin, conversation)).not.toContain("unsayable");
});

test("whoever leaves with ERASE takes all that they said along, and their name and address", async () => {
  const { admin, bob, carol } = await given.people("admin", "bob", "carol");
  const conversation = await conversationOf(admin, [[carol, "WRITER"]], "Kept subject");
  await done(admin.parley.participantAdd({ conversation, address: bob.address, name: "Unsayable Bob" }));
  const own = await said(bob, conversation, "Unsayable words");
  await done(carol.parley.messageModify({ conversation, message: own, body: "Unsayable edit of theirs" }));
  const others = await said(carol, conversation, "Older words");
  await done(bob.parley.messageModify({ conversation, message: others, body: "Unsayable edit" }));
  await done(bob.parley.subjectModify({ conversation, subject: "Unsayable subject" }));
  await labelled(bob, conversation, "unsayable label");
  await labelled(carol, conversation, "kept label");
  const answer = await said(carol, conversation, "Kept answer", own);
  expect(await allWords(carol, conversation)).toMatch(/unsayable/i);

  const erased = await done(bob.parley.conversationLeave({ conversation, erase: true }));
  expect(erased.item).toMatchObject({ status: "LEFT", address: null, displayName: "(erased)" });

  for (const by of [admin, carol, bob]) {
    const words = await allWords(by, conversation);
    expect(words).not.toMatch(/unsayable/i);
    expect(words).not.toContain(bob.address);
    expect(words).toContain("Kept answer");
    expect(words).toContain("kept label");
  }
  const shown = present(await carol.parley.conversation({ hash: conversation }));
  // Where the latest words are erased, that is shown: never an older version.
  expect(shown.subject).toBeNull();
  expect(shown.messages.edges.map(({ node }) => [node.hash, node.status, node.body])).toEqual([
    [own, "REMOVED", null],
    [others, "ERASED", null],
    [answer, "PRESENT", "Kept answer"],
  ]);
  // What they changed can be said anew.
  await done(carol.parley.messageModify({ conversation, message: others, body: "Newer words" }));
  await done(admin.parley.subjectModify({ conversation, subject: "New subject" }));
  const after = present(await carol.parley.conversation({ hash: conversation }));
  expect(after.subject).toBe("New subject");
  expect(after.messages.edges[1]?.node).toMatchObject({ body: "Newer words", status: "PRESENT" });
});

test("whoever adds others and leaves with ERASE does not take them along", async () => {
  const { admin, bob, carol } = await given.people("admin", "bob", "carol");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  await done(bob.parley.participantAdd({ conversation, address: carol.address, name: "Carol" }));
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  const page = present(await carol.parley.participants({ conversation }));
  expect(page.participants.edges[1]?.node).toMatchObject({ address: null, displayName: "(erased)" });
  expect(page.participants.edges[2]?.node).toMatchObject({ address: carol.address, displayName: "Carol" });
});

test("a creator who leaves with ERASE takes address, name and reference of the first event along", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]], "Unsayable lunch");
  await done(admin.parley.conversationLeave({ conversation, erase: true }));
  const words = await allWords(bob, conversation);
  expect(words).not.toMatch(/unsayable/i);
  expect(words).not.toContain(admin.address);
  expect(await bob.parley.conversation({ hash: conversation })).toMatchObject({
    subject: null,
    reference: null,
    creator: { address: null, displayName: "(erased)" },
  });
});

test("somebody removed erases what they said, too, and what they said before they were added anew stays theirs", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  await said(bob, conversation, "Unsayable");
  await done(admin.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  expect(await allWords(admin, conversation)).not.toContain("Unsayable");
  // Their account still sees it up to the removal, without the words.
  expect(await allWords(bob, conversation)).not.toContain("Unsayable");
});

test("what is erased is not counted as unread", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const message = await said(admin, conversation);
  expect((await bob.parley.conversation({ hash: conversation }))?.unread).toBe(1);
  await done(admin.parley.messageRemove({ conversation, message }));
  expect((await bob.parley.conversation({ hash: conversation }))?.unread).toBe(0);
});

test("the words of somebody who erased themselves are not counted as unread", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  await said(bob, conversation);
  expect((await admin.parley.conversation({ hash: conversation }))?.unread).toBe(1);
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  expect((await admin.parley.conversation({ hash: conversation }))?.unread).toBe(0);
});
