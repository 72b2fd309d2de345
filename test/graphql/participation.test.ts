// What somebody has of a conversation for themselves: kept, private, and moved by nothing but themselves and new words.
import { expect, test } from "vitest";
import { participationLimits } from "../../src/store/participation.ts";
import {
  conversationOf,
  done,
  errorCodeOf,
  givenPlatform,
  labelled,
  participantOf,
  present,
  type Somebody,
  said,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();

const untouched = {
  folder: "INBOX",
  isMuted: false,
  isPinned: false,
  isHidden: false,
  personalLabels: [],
  notes: "",
} as const;

const ownOf = async ({ parley }: Somebody, hash: string) => {
  const { folder, isMuted, isPinned, isHidden, personalLabels, notes } = present(await parley.conversation({ hash }));
  return { folder, isMuted, isPinned, isHidden, personalLabels, notes };
};

const settled = () => given.platform.core.announcer.idle();

test("each part is changed by itself; what is left out or null stays", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const update = (changes: object) => done(alice.parley.participationUpdate({ conversation, ...changes }));
  expect(await ownOf(alice, conversation)).toEqual(untouched);

  const steps = [
    { folder: "ARCHIVE" },
    { isMuted: true },
    { isPinned: true },
    { isHidden: true },
    { notes: "Ask about\nthe cake 🥪" },
  ] as const;
  let expected: object = untouched;
  for (const step of steps) {
    expected = { ...expected, ...step };
    const answer = await update({ folder: null, isMuted: null, notes: null, personalLabels: null, ...step });
    expect(answer.conversation).toMatchObject(expected);
    expect(await ownOf(alice, conversation)).toEqual(expected);
  }
  await update({ personalLabels: ["Work", "food"] });
  const labels = [
    { name: "food", color: null },
    { name: "Work", color: null },
  ];
  expect(await ownOf(alice, conversation)).toEqual({ ...expected, personalLabels: labels });
  await update({ personalLabels: ["WORK"], isMuted: false, notes: "" });
  expect(await ownOf(alice, conversation)).toMatchObject({ personalLabels: [labels[1]], isMuted: false, notes: "" });
  await update({ personalLabels: [] });
  expect(await ownOf(alice, conversation)).toMatchObject({ personalLabels: [] });
  expect(await ownOf(bob, conversation)).toEqual(untouched);
});

test("nobody but its owner is told: not by participants, not by nodes, not by the answers of others", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  await done(
    alice.parley.participationUpdate({
      conversation,
      folder: "SPAM",
      isPinned: true,
      personalLabels: ["x"],
      notes: "y",
    }),
  );
  const own = "address folder isMuted isPinned isHidden personalLabels { name } notes";
  const document = `query ($hash: Hash) { conversation(hash: $hash) {
    creator { ${own} } participants { edges { node { id ${own} } } } lastEvent { actor { ${own} } } } }`;
  interface Shown {
    readonly conversation: {
      readonly creator: object;
      readonly lastEvent: { readonly actor: object };
      readonly participants: { readonly edges: readonly { readonly node: { readonly id: string } }[] };
    };
  }
  const nothing = {
    folder: null,
    isMuted: null,
    isPinned: null,
    isHidden: null,
    personalLabels: null,
    notes: null,
  };
  const alices = {
    folder: "SPAM",
    isMuted: false,
    isPinned: true,
    isHidden: false,
    personalLabels: [{ name: "x" }],
    notes: "y",
  };
  const shownTo = async (who: Somebody) =>
    (await who.parley.request<Shown>(document, { hash: conversation })).conversation;
  const toAlice = await shownTo(alice);
  const toBob = await shownTo(bob);
  expect(toAlice.participants.edges.map(({ node }) => node)).toMatchObject([alices, nothing]);
  expect(toBob.participants.edges.map(({ node }) => node)).toMatchObject([nothing, untouched]);
  expect([toAlice.creator, toAlice.lastEvent.actor]).toMatchObject([alices, alices]);
  expect([toBob.creator, toBob.lastEvent.actor]).toMatchObject([nothing, nothing]);
  const id = toAlice.participants.edges[0]?.node.id;
  const node = `query ($id: ID!) { node(id: $id) { ... on Participant { ${own} } } }`;
  expect(await alice.parley.request(node, { id })).toMatchObject({ node: alices });
  expect(await bob.parley.request(node, { id })).toMatchObject({ node: nothing });
});

test("who left or was removed still files it; who never took part finds nothing; a draft is in no folder", async () => {
  const { alice, bob, eve } = await given.people("alice", "bob", "eve");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  await done(alice.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
  await done(bob.parley.participationUpdate({ conversation, folder: "TRASH", personalLabels: ["gone"] }));
  expect(await ownOf(bob, conversation)).toMatchObject({ folder: "TRASH", personalLabels: [{ name: "gone" }] });
  expect(await verdictOf(eve.parley.participationUpdate({ conversation, folder: "TRASH" }))).toBe("NOT_FOUND");
  const draft = present((await done(alice.parley.conversationCreate({ subject: "Draft" }))).conversation.draftHash);
  expect(await verdictOf(alice.parley.participationUpdate({ conversation: draft, folder: "SPAM" }))).toBe(
    "INVALID_ACTION",
  );
  await done(alice.parley.conversationPublish({ draftHash: draft }));
  await done(alice.parley.participationUpdate({ conversation: draft, folder: "ARCHIVE" }));
  expect((await alice.parley.conversation({ draftHash: draft }))?.folder).toBe("ARCHIVE");
});

test("a retried request with the same clientId changes nothing that was changed since", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const clientId = "the phone's";
  await done(alice.parley.participationUpdate({ conversation, clientId, folder: "TRASH" }));
  await done(alice.parley.participationUpdate({ conversation, folder: "INBOX" }));
  const answer = await done(alice.parley.participationUpdate({ conversation, clientId, folder: "TRASH" }));
  expect(answer.conversation.folder).toBe("INBOX");
  // Another's is another's; and what was refused was not done.
  await done(bob.parley.participationUpdate({ conversation, clientId, folder: "SPAM" }));
  expect((await ownOf(bob, conversation)).folder).toBe("SPAM");
  const personalLabels = Array.from({ length: participationLimits.labels }, (_, index) => `${index}`);
  await done(bob.parley.participationUpdate({ conversation, personalLabels }));
  const refused = { conversation, clientId: "refused", personalLabels: ["one more"] };
  expect(await verdictOf(bob.parley.participationUpdate(refused))).toBe("LIMIT_EXCEEDED");
  await done(bob.parley.personalLabelRemove({ name: "0" }));
  expect(await verdictOf(bob.parley.participationUpdate(refused))).toBe("done");
  expect((await ownOf(bob, conversation)).personalLabels).toMatchObject([{ name: "one more" }]);
});

test.each<[string, object, object]>([
  ["archived", { folder: "ARCHIVE" }, { folder: "INBOX" }],
  ["archived and muted", { folder: "ARCHIVE", isMuted: true }, { folder: "ARCHIVE" }],
  ["spam", { folder: "SPAM" }, { folder: "SPAM" }],
  ["thrown away", { folder: "TRASH" }, { folder: "TRASH" }],
  ["a request", { folder: "REQUESTS" }, { folder: "REQUESTS" }],
  ["hidden", { isHidden: true }, { isHidden: false, folder: "INBOX" }],
  ["hidden in the archive", { folder: "ARCHIVE", isHidden: true }, { isHidden: false, folder: "INBOX" }],
  ["hidden and muted", { isHidden: true, isMuted: true }, { isHidden: true }],
  ["hidden in the trash", { folder: "TRASH", isHidden: true }, { folder: "TRASH", isHidden: true }],
])(
  "of a conversation that is %s, new words by others move this, and nothing else moves anything",
  async (_, filed, then) => {
    const { alice, bob } = await given.people("alice", "bob");
    const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
    const message = await said(alice, conversation);
    const bobs = await said(bob, conversation);
    // Not announced yet: it was said before, and brings nothing back.
    await done(bob.parley.participationUpdate({ conversation, ...filed }));
    await settled();
    expect(await ownOf(bob, conversation)).toMatchObject(filed);

    await done(alice.parley.messageLock({ conversation, message }));
    await done(alice.parley.messageModify({ conversation, message, body: "Other words" }));
    await done(alice.parley.subjectModify({ conversation, subject: "Dinner" }));
    await labelled(alice, conversation, "food");
    await done(alice.parley.conversationRead({ conversation }));
    await done(bob.parley.conversationRead({ conversation }));
    await done(alice.parley.messageRemove({ conversation, message }));
    // Words of one's own: to say and archive is one thing.
    await said(bob, conversation, "Done.", bobs);
    await settled();
    expect(await ownOf(bob, conversation)).toMatchObject(filed);

    await said(alice, conversation, "One more thing");
    await settled();
    expect(await ownOf(bob, conversation)).toEqual({ ...untouched, ...filed, ...then });
    expect(await ownOf(alice, conversation)).toEqual(untouched);
  },
);

test("what was brought back and filed again stays, until something new is said", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const archive = () => done(bob.parley.participationUpdate({ conversation, folder: "ARCHIVE" }));
  for (let round = 0; round < 3; round++) {
    await archive();
    await said(alice, conversation);
    await settled();
    expect((await ownOf(bob, conversation)).folder).toBe("INBOX");
  }
  await archive();
  await settled();
  expect((await ownOf(bob, conversation)).folder).toBe("ARCHIVE");
});

test("who is added anew has it back in the inbox, unless it is muted, spam or trash", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const conversation = await conversationOf(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);
  for (const who of [bob, carol]) await done(who.parley.conversationLeave({ conversation }));
  await done(bob.parley.participationUpdate({ conversation, folder: "ARCHIVE", isHidden: true, notes: "kept" }));
  await done(carol.parley.participationUpdate({ conversation, folder: "SPAM" }));
  for (const { address } of [bob, carol]) await done(alice.parley.participantAdd({ conversation, address }));
  expect(await ownOf(bob, conversation)).toEqual({ ...untouched, notes: "kept" });
  expect((await ownOf(carol, conversation)).folder).toBe("SPAM");
});

test("a personal label has a name and a colour of its account alone, is renamed and removed everywhere", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const { parley } = alice;
  const labelsOf = async ({ parley: client }: Somebody) => (await client.folders()).personalLabels;
  await done(parley.participationUpdate({ conversation, personalLabels: ["Work"] }));
  expect(await labelsOf(alice)).toEqual([{ name: "Work", color: null }]);
  expect((await done(parley.personalLabelSet({ name: "work", color: "#1E90FF" }))).label).toEqual({
    name: "Work",
    color: "#1e90ff",
  });
  await done(parley.personalLabelSet({ name: "home" }));
  expect(await verdictOf(parley.personalLabelSet({ name: "home", newName: "WORK" }))).toBe("LABEL_EXISTS");
  await done(parley.personalLabelSet({ name: "work", newName: "Office" }));
  expect(await labelsOf(alice)).toEqual([
    { name: "home", color: null },
    { name: "Office", color: "#1e90ff" },
  ]);
  expect((await ownOf(alice, conversation)).personalLabels).toEqual([{ name: "Office", color: "#1e90ff" }]);
  await done(parley.personalLabelSet({ name: "Office", newName: "OFFICE", color: "" }));
  expect((await ownOf(alice, conversation)).personalLabels).toEqual([{ name: "OFFICE", color: null }]);
  expect(await labelsOf(bob)).toEqual([]);
  expect(await verdictOf(bob.parley.personalLabelRemove({ name: "office" }))).toBe("NOT_FOUND");
  await done(parley.personalLabelRemove({ name: "office" }));
  expect(await ownOf(alice, conversation)).toEqual(untouched);
  expect(await labelsOf(alice)).toEqual([{ name: "home", color: null }]);
});

test("an account has a hundred personal labels at most, however many requests make them at once", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const { labels: most } = participationLimits;
  const personalLabels = Array.from({ length: most - 5 }, (_, index) => `label ${index}`);
  await done(alice.parley.participationUpdate({ conversation, personalLabels }));
  const verdicts = await Promise.all(
    Array.from({ length: 12 }, (_, index) => verdictOf(alice.parley.personalLabelSet({ name: `new ${index}` }))),
  );
  expect(verdicts.filter((verdict) => verdict === "done")).toHaveLength(5);
  expect(verdicts.filter((verdict) => verdict === "LIMIT_EXCEEDED")).toHaveLength(7);
  expect((await alice.parley.folders()).personalLabels).toHaveLength(most);
  expect(await verdictOf(alice.parley.personalLabelSet({ name: "label 1", color: "#000000" }))).toBe("done");
  const tooMany = [...personalLabels, "1", "2", "3", "4", "5", "6"];
  expect(await verdictOf(alice.parley.participationUpdate({ conversation, personalLabels: tooMany }))).toBe(
    "LIMIT_EXCEEDED",
  );
});

test("texts are kept as they are, or refused and change nothing", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const { notesCharacters, labelCharacters } = participationLimits;
  const update = (changes: object) =>
    verdictOf(alice.parley.participationUpdate({ conversation, isPinned: true, ...changes }));
  const wrong = ["a\u0000b", "\ud800", "\udc00b"];
  for (const notes of [...wrong, "🥪".repeat(notesCharacters + 1)])
    expect(await update({ notes })).toBe("INVALID_BODY");
  const names = [...wrong, "", " \t ", "a\nb", "a\u2028b", "a\u0007b", "🥪".repeat(labelCharacters + 1)];
  for (const name of names) {
    expect(await update({ personalLabels: ["fine", name] })).toBe("INVALID_BODY");
    expect(await verdictOf(alice.parley.personalLabelSet({ name }))).toBe("INVALID_BODY");
    expect(await verdictOf(alice.parley.personalLabelSet({ name: "fine", newName: name }))).toBe("INVALID_BODY");
    expect(await verdictOf(alice.parley.personalLabelRemove({ name }))).toBe("NOT_FOUND");
  }
  for (const color of ["red", "#fff", "#12345g", "#1234567", "\u0000", "url(x)"]) {
    expect(await verdictOf(alice.parley.personalLabelSet({ name: "fine", color }))).toBe("INVALID_BODY");
  }
  expect(await ownOf(alice, conversation)).toEqual(untouched);
  expect((await alice.parley.folders()).personalLabels).toEqual([]);
  expect(await errorCodeOf(update({ folder: "DRAFTS" }))).toBe("BAD_USER_INPUT");
  expect(await errorCodeOf(update({ clientId: "" }))).toBe("BAD_USER_INPUT");
  expect(await errorCodeOf(update({ conversation: "nonsense" }))).toBe("BAD_USER_INPUT");

  const fits = { notes: `'); DROP TABLE participation; --\r\n\t${"🥪".repeat(9_000)}` };
  expect(await update({ ...fits, personalLabels: ["🥪".repeat(labelCharacters), "__proto__", " <b>%s</b> "] })).toBe(
    "done",
  );
  const own = await ownOf(alice, conversation);
  expect(own.notes).toBe(fits.notes);
  expect(own.personalLabels.map(({ name }) => name).toSorted()).toEqual(
    ["🥪".repeat(labelCharacters), "__proto__", "<b>%s</b>"].toSorted(),
  );
});
