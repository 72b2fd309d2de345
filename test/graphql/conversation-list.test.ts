// The list of conversations: by folder, label, unread, person, time and flags, in pages that stay cheap.
import { expect, test } from "vitest";
import type { ConversationsQueryVariables } from "../../sdk/src/index.ts";
import {
  conversationOf,
  done,
  errorCodeOf,
  givenPlatform,
  headOf,
  labelled,
  participantOf,
  present,
  type Somebody,
  said,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();

type Filter = NonNullable<ConversationsQueryVariables["filter"]>;

const listed = async ({ parley }: Somebody, filter?: Filter): Promise<readonly (string | null)[]> => {
  const { edges } = await parley.conversations({ first: 100, ...(filter && { filter }) });
  return edges.map(({ node }) => node.subject);
};

const countsOf = async ({ parley }: Somebody) =>
  Object.fromEntries(
    (await parley.folders()).folders.map(({ folder, conversations, unread }) => [folder, [conversations, unread]]),
  );

const keeps = (who: Somebody, conversation: string, own: object) =>
  done(who.parley.participationUpdate({ conversation, ...own }));

/** Everything announced: lists are in order. */
const settled = () => given.platform.core.announcer.idle();

/** Conversations of alice and bob, the last named the newest. */
async function conversations(alice: Somebody, bob: Somebody, ...subjects: readonly string[]) {
  const hashes = new Map<string, string>();
  for (const subject of subjects) hashes.set(subject, await conversationOf(alice, [[bob, "WRITER"]], subject));
  return (subject: string) => present(hashes.get(subject));
}

test("each folder has what was put there; without a folder it is all but SPAM and TRASH", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "inbox", "archive", "spam", "trash", "requests");
  for (const folder of ["ARCHIVE", "SPAM", "TRASH", "REQUESTS"] as const) {
    await keeps(alice, of(folder.toLowerCase()), { folder });
  }
  for (const folder of ["INBOX", "ARCHIVE", "SPAM", "TRASH", "REQUESTS"] as const) {
    expect(await listed(alice, { folder })).toEqual([folder.toLowerCase()]);
  }
  expect(await listed(alice)).toEqual(["requests", "archive", "inbox"]);
  expect(await listed(alice, {})).toEqual(["requests", "archive", "inbox"]);
  expect(await listed(bob, { folder: "INBOX" })).toEqual(["requests", "trash", "spam", "archive", "inbox"]);
});

test("DRAFTS are the viewer's own, the one edited last first, in pages", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const hashes: string[] = [];
  for (const subject of ["a", "b", "c"]) {
    const { conversation } = await done(alice.parley.conversationCreate({ subject }));
    hashes.push(present(conversation.draftHash));
  }
  await conversationOf(alice, [], "published");
  const filter = { folder: "DRAFTS" } as const;
  expect(await listed(alice, filter)).toEqual(["c", "b", "a"]);
  await done(alice.parley.subjectModify({ conversation: present(hashes[0]), subject: "a again" }));
  expect(await listed(alice, filter)).toEqual(["a again", "c", "b"]);
  expect(await listed(bob, filter)).toEqual([]);

  const first = await alice.parley.conversations({ filter, first: 2 });
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  expect(first.edges.map(({ node }) => [node.status, node.folder, node.unread])).toEqual([
    ["DRAFT", null, 0],
    ["DRAFT", null, 0],
  ]);
  await done(alice.parley.conversationCreate({ subject: "late" }));
  const rest = await alice.parley.conversations({ filter, first: 2, after: present(first.pageInfo.endCursor) });
  expect(rest.edges.map(({ node }) => node.subject)).toEqual(["b"]);
  expect(await alice.parley.conversations({ filter, last: 1 })).toMatchObject({ edges: [{ node: { subject: "b" } }] });
  expect(await listed(alice, { ...filter, changedSince: new Date(Date.now() + 3_600_000) })).toEqual([]);
  expect(await listed(alice, { ...filter, changedSince: new Date(0) })).toHaveLength(4);
  for (const more of [{ label: "a" }, { unread: true }, { person: bob.address }, { pinned: false }, { hidden: true }]) {
    expect(await errorCodeOf(listed(alice, { ...filter, ...more }))).toBe("BAD_USER_INPUT");
  }
});

test("a page of drafts with more words than one answer may have is refused", async () => {
  const { alice } = await given.people("alice");
  const messages = Array.from({ length: 7 }, () => ({ body: "x".repeat(256 * 1024) }));
  for (let count = 0; count < 30; count++) await done(alice.parley.conversationCreate({ messages }));
  expect(await errorCodeOf(listed(alice, { folder: "DRAFTS" }))).toBe("ANSWER_TOO_LARGE");
  expect((await alice.parley.conversations({ filter: { folder: "DRAFTS" }, first: 5 })).edges).toHaveLength(5);
});

test("SENT is where the viewer said something, at once, whichever folder it is in but SPAM and TRASH", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "silent", "archived", "thrown away", "spoken");
  for (const subject of ["archived", "thrown away", "spoken"]) await said(bob, of(subject));
  // Before it is announced, when the list may not be in order yet, and after.
  expect((await listed(bob, { folder: "SENT" })).toSorted()).toEqual(["archived", "spoken", "thrown away"]);
  await settled();
  expect(await listed(bob, { folder: "SENT" })).toEqual(["spoken", "thrown away", "archived"]);
  await keeps(bob, of("archived"), { folder: "ARCHIVE" });
  await keeps(bob, of("thrown away"), { folder: "TRASH" });
  expect(await listed(bob, { folder: "SENT" })).toEqual(["spoken", "archived"]);
  expect(await listed(alice, { folder: "SENT" })).toEqual([]);
});

test("unread is what others said above the receipt, as `unread` counts it, at once", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "read", "unread", "own words", "nothing said");
  for (const subject of ["read", "unread"]) await said(alice, of(subject));
  await said(bob, of("own words"));
  await done(bob.parley.conversationRead({ conversation: of("read") }));
  const expectUnread = async (unread: readonly string[], read: readonly string[]) => {
    expect((await listed(bob, { unread: true })).toSorted()).toEqual(unread);
    expect((await listed(bob, { unread: false })).toSorted()).toEqual(read);
    const { edges } = await bob.parley.conversations({ filter: { unread: true } });
    expect(edges.every(({ node }) => node.unread > 0)).toBe(true);
    expect((await countsOf(bob))["INBOX"]).toEqual([4, unread.length]);
  };
  await expectUnread(["unread"], ["nothing said", "own words", "read"]);
  await settled();
  await expectUnread(["unread"], ["nothing said", "own words", "read"]);

  await done(bob.parley.conversationRead({ conversation: of("unread") }));
  const message = await said(alice, of("read"));
  await expectUnread(["read"], ["nothing said", "own words", "unread"]);
  await settled();
  await expectUnread(["read"], ["nothing said", "own words", "unread"]);
  // Nothing is left of it to read.
  await done(alice.parley.messageRemove({ conversation: of("read"), message }));
  await expectUnread([], ["nothing said", "own words", "read", "unread"]);
});

test("what was said before somebody was added is unread to them until they read it, also in part", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [], "Lunch");
  for (const text of ["one", "two", "three"]) await said(alice, conversation, text);
  await settled();
  await done(alice.parley.participantAdd({ conversation, address: bob.address }));
  expect(await listed(bob, { unread: true })).toEqual(["Lunch"]);
  await done(bob.parley.conversationRead({ conversation, upTo: 3 }));
  expect(await listed(bob, { unread: true })).toEqual(["Lunch"]);
  await done(bob.parley.conversationRead({ conversation }));
  expect(await listed(bob, { unread: true })).toEqual([]);

  const participant = await participantOf(bob, conversation);
  await done(alice.parley.participantRemove({ conversation, participant }));
  await said(alice, conversation, "while bob was away");
  await settled();
  expect(await listed(bob, { unread: true })).toEqual([]);
  await done(alice.parley.participantAdd({ conversation, address: bob.address }));
  expect(await listed(bob, { unread: true })).toEqual(["Lunch"]);
});

test("person is an address that takes or took part, however it is typed", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  await conversationOf(alice, [[bob, "WRITER"]], "with bob");
  const left = await conversationOf(
    alice,
    [
      [bob, "WRITER"],
      [carol, "WRITER"],
    ],
    "bob left",
  );
  await conversationOf(alice, [[carol, "WRITER"]], "with carol");
  await done(bob.parley.conversationLeave({ conversation: left }));
  expect(await listed(alice, { person: bob.address })).toEqual(["bob left", "with bob"]);
  expect(await listed(alice, { person: ` ${bob.address.toUpperCase()} ` })).toEqual(["bob left", "with bob"]);
  expect(await listed(alice, { person: alice.address })).toHaveLength(3);
  expect(await listed(alice, { person: "nobody@localhost" })).toEqual([]);
  expect(await errorCodeOf(listed(alice, { person: "nobody" }))).toBe("BAD_USER_INPUT");
  // Who was added after a removal is not there for the removed one.
  const { dave } = await given.people("dave");
  await done(alice.parley.participantAdd({ conversation: left, address: dave.address }));
  expect(await listed(bob, { person: dave.address })).toEqual([]);
  expect(await listed(carol, { person: dave.address })).toEqual(["bob left"]);
});

test("label is the viewer's own or the conversation's, whatever its case", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "neither", "own", "shared", "removed");
  await keeps(alice, of("own"), { personalLabels: ["Ärger"] });
  await labelled(alice, of("shared"), "ÄR\u200cGER");
  const label = await labelled(alice, of("removed"), "Ärger");
  await done(alice.parley.labelRemove({ conversation: of("removed"), label }));
  expect(await listed(alice, { label: "ärger" })).toEqual(["shared", "own"]);
  expect(await listed(alice, { label: " ÄRGER " })).toEqual(["shared", "own"]);
  expect(await listed(alice, { label: "är\u200bger" })).toEqual(["shared", "own"]);
  expect(await listed(bob, { label: "ärger" })).toEqual(["shared"]);
  expect(await listed(alice, { label: "other" })).toEqual([]);
  expect(await listed(alice, { label: "" })).toEqual([]);
});

test("the label of somebody who erased themselves is none any more; one of after a removal was never seen", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const conversation = await conversationOf(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);
  await labelled(bob, conversation, "bob's");
  expect(await listed(alice, { label: "bob's" })).toEqual(["Lunch"]);
  await done(carol.parley.conversationLeave({ conversation }));
  await labelled(alice, conversation, "after");
  expect(await listed(carol, { label: "after" })).toEqual([]);
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  expect(await listed(alice, { label: "bob's" })).toEqual([]);
  expect(await listed(alice, { label: "after" })).toEqual(["Lunch"]);
});

test("changedSince finds what has an event since, or was filed since, and tells a removed one nothing", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "old", "subject", "filed", "read", "gone");
  await said(alice, of("read"));
  await done(bob.parley.conversationLeave({ conversation: of("gone") }));
  // A day passes.
  const { pool } = given.platform.core.database;
  const hashes = ["old", "subject", "filed", "read", "gone"].map(of);
  const aDayAgo = "SET recorded_at = recorded_at - interval '1 day'";
  await settled();
  await pool.query(`UPDATE conversation ${aDayAgo} WHERE id = ANY($1)`, [hashes]);
  await pool.query(`UPDATE event ${aDayAgo} WHERE conversation_id = ANY($1)`, [hashes]);
  await pool.query(
    "UPDATE participation SET changed_at = changed_at - interval '1 day' WHERE conversation_id = ANY($1)",
    [hashes],
  );
  const changedSince = new Date(Date.now() - 3_600_000);
  expect(await listed(bob, { changedSince })).toEqual([]);

  await done(alice.parley.subjectModify({ conversation: of("subject"), subject: "subject" }));
  await labelled(alice, of("subject"), "new");
  await keeps(bob, of("filed"), { notes: "mine" });
  await done(bob.parley.conversationRead({ conversation: of("read") }));
  await said(alice, of("gone"));
  expect((await listed(bob, { changedSince })).toSorted()).toEqual(["filed", "read", "subject"]);
  expect((await listed(alice, { changedSince })).toSorted()).toEqual(["gone", "subject"]);
  expect(await listed(bob, { changedSince: new Date(Date.now() + 3_600_000) })).toEqual([]);
});

test("flags: pinned and muted either way, hidden only when asked for", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "plain", "pinned", "muted", "hidden");
  await keeps(alice, of("pinned"), { isPinned: true });
  await keeps(alice, of("muted"), { isMuted: true });
  await keeps(alice, of("hidden"), { isHidden: true });
  expect(await listed(alice)).toEqual(["muted", "pinned", "plain"]);
  expect(await listed(alice, { pinned: true })).toEqual(["pinned"]);
  expect(await listed(alice, { pinned: false })).toEqual(["muted", "plain"]);
  expect(await listed(alice, { muted: true })).toEqual(["muted"]);
  expect(await listed(alice, { muted: false })).toEqual(["pinned", "plain"]);
  expect(await listed(alice, { hidden: true })).toEqual(["hidden"]);
  expect(await listed(alice, { hidden: false })).toEqual(["muted", "pinned", "plain"]);
  expect(await listed(bob)).toEqual(["hidden", "muted", "pinned", "plain"]);
  expect((await countsOf(alice))["INBOX"]).toEqual([3, 0]);
});

test("all filters at once are one list", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const of = await conversations(alice, bob, "a", "b");
  for (const subject of ["a", "b"]) {
    await done(alice.parley.participantAdd({ conversation: of(subject), address: carol.address }));
    await said(carol, of(subject));
    await said(alice, of(subject));
    await keeps(carol, of(subject), { isPinned: true, isMuted: true, isHidden: true, personalLabels: ["work"] });
  }
  await done(carol.parley.conversationRead({ conversation: of("a") }));
  const all = {
    label: "work",
    person: bob.address,
    changedSince: new Date(0),
    pinned: true,
    muted: true,
    hidden: true,
  };
  expect(await listed(carol, { ...all, folder: "SENT", unread: true })).toEqual(["b"]);
  await settled();
  expect(await listed(carol, { ...all, folder: "SENT", unread: true })).toEqual(["b"]);
  expect(await listed(carol, { ...all, folder: "INBOX", unread: false })).toEqual(["a"]);
  expect(await listed(carol, { ...all, folder: "ARCHIVE", unread: true })).toEqual([]);
});

test("folders are counted, with their drafts and what is unread in them", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const of = await conversations(alice, bob, "one", "two", "three");
  await said(alice, of("one"));
  await said(alice, of("two"));
  await settled();
  await keeps(bob, of("two"), { folder: "ARCHIVE" });
  await done(bob.parley.conversationCreate({ subject: "draft" }));
  expect(await countsOf(bob)).toEqual({
    INBOX: [2, 1],
    ARCHIVE: [1, 1],
    SPAM: [0, 0],
    TRASH: [0, 0],
    REQUESTS: [0, 0],
    DRAFTS: [1, 0],
  });
});

test.each<[string, Filter]>([
  ["everything", {}],
  ["a folder", { folder: "INBOX" }],
  ["SENT", { folder: "SENT" }],
  ["unread", { unread: true }],
  ["read or unread", { label: "work" }],
  ["one person", { person: "bob" }],
  ["changed", { changedSince: new Date(0) }],
])("pages of %s go both ways, merge what is read, unread and pinned, and survive what comes in", async (_, filter) => {
  const { alice, bob } = await given.people("alice", "bob");
  const subjects = ["a", "b", "c", "d", "e", "f", "g"];
  const of = await conversations(alice, bob, ...subjects);
  for (const subject of subjects) await said(bob, of(subject));
  await settled();
  for (const subject of subjects) await keeps(alice, of(subject), { personalLabels: ["work"] });
  await keeps(alice, of("c"), { isPinned: true });
  const isOfBob = filter.folder === "SENT";
  if (filter.unread === undefined) await done(alice.parley.conversationRead({ conversation: of("d") }));
  const who = isOfBob ? bob : alice;
  const asked = filter.person === undefined ? filter : { person: bob.address };
  const page = async (more: object) => {
    const { edges, pageInfo } = await who.parley.conversations({ filter: asked, ...more });
    return { names: edges.map(({ node }) => node.subject).join(""), ...pageInfo };
  };

  const start = await page({ first: 3 });
  expect(start).toMatchObject({ names: "gfe", hasNextPage: true, hasPreviousPage: false });
  const after = present(start.endCursor);
  // One comes up from the next page, and a new one comes in.
  await said(bob, of("b"), "again");
  const late = await conversationOf(alice, [[bob, "WRITER"]], "late");
  await said(bob, late);
  await settled();
  const next = await page({ first: 3, after });
  expect(next).toMatchObject({ names: "dca", hasNextPage: false, hasPreviousPage: true });
  expect(await page({ last: 2 })).toMatchObject({ names: "ca", hasPreviousPage: true });
  expect(await page({ last: 2, before: present(next.endCursor) })).toMatchObject({ names: "dc", hasNextPage: true });
  expect(await page({ first: 1, after, before: present(next.endCursor) })).toMatchObject({ names: "d" });
});

test("a page of fifty asks the database for the same as a page of five, in fewer than a dozen statements", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  for (let count = 0; count < 50; count++) {
    const conversation = await conversationOf(alice, [[bob, "WRITER"]], `${count}`);
    await said(bob, conversation);
    if (count % 2 === 0) await keeps(alice, conversation, { isPinned: true, personalLabels: ["even"] });
  }
  const document = `query ($first: Int) { conversations(first: $first) { edges { node {
    subject reference unread folder isPinned personalLabels { name } notes creator { displayName }
    lastEvent { action actor { displayName folder } body }
    labels(first: 5) { edges { node { name } } }
    participants(first: 10) { edges { node { displayName role readUpTo isMuted recipient { address } } } } } } } }`;
  const { pool } = given.platform.core.database;
  await settled();
  const queriesOf = async (first: number): Promise<readonly string[]> => {
    const names: string[] = [];
    const { query } = pool;
    // Counted on the way in: the reader names each of its statements.
    const counting = (...args: readonly unknown[]): unknown => {
      const [config] = args;
      if (typeof config === "object" && config !== null && "name" in config) names.push(String(config.name));
      return Reflect.apply(query, pool, args);
    };
    Reflect.set(pool, "query", counting);
    try {
      const answer = await alice.parley.request<{ conversations: { edges: readonly object[] } }>(document, { first });
      expect(answer.conversations.edges).toHaveLength(first);
    } finally {
      Reflect.deleteProperty(pool, "query");
    }
    return names.filter((name) => name.startsWith("read_")).toSorted();
  };
  const ofFive = await queriesOf(5);
  const ofFifty = await queriesOf(50);
  expect(new Set(ofFifty)).toEqual(new Set(ofFive));
  // Not equally many: whether two answers of the database come at once, and what they bring up is read by one, is chance.
  expect(Math.max(ofFive.length, ofFifty.length)).toBeLessThan(12);
});

test("who was removed keeps the conversation in their list, up to there", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]], "Before");
  const seq = await headOf(alice, conversation);
  await done(alice.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
  await done(alice.parley.subjectModify({ conversation, subject: "After" }));
  await said(alice, conversation);
  await settled();
  const { edges } = await bob.parley.conversations();
  expect(edges.map(({ node }) => [node.subject, node.seq, node.lastEvent?.action])).toEqual([
    ["Before", seq + 1, "REMOVE"],
  ]);
  await keeps(bob, conversation, { folder: "ARCHIVE", personalLabels: ["old"] });
  await said(alice, conversation);
  await settled();
  expect(await listed(bob, { folder: "ARCHIVE", label: "old" })).toEqual(["Before"]);
});

test("a last event is the same whether all of it is asked for or only what lists show, also for whoever was removed", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const people = [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ] as const;
  const left = await conversationOf(alice, people, "bob was removed");
  await done(alice.parley.participantRemove({ conversation: left, participant: await participantOf(bob, left) }));
  await said(carol, left, "after bob");
  const erased = await conversationOf(alice, people, "carol took her words along");
  await said(carol, erased);
  await done(carol.parley.conversationLeave({ conversation: erased, erase: true }));
  await conversationOf(alice, people, "only begun");
  await settled();

  const shown = "__typename id hash seq timestamp action model actor { id displayName status readUpTo }";
  const lastEvents = async ({ parley }: Somebody, fields: string) => {
    const document = `query { conversations { edges { ...Listed } } }
      fragment Listed on QueryConversationsConnectionEdge { node { subject lastEvent { ${fields} } } }`;
    const { conversations } = await parley.request<{
      conversations: { edges: readonly { node: { subject: string; lastEvent: Record<string, unknown> } }[] };
    }>(document, {});
    return conversations.edges.map(({ node }) => node);
  };
  for (const who of [alice, bob, carol]) {
    const alone = await lastEvents(who, shown);
    const whole = await lastEvents(who, `${shown} ref`);
    expect(alone).toEqual(whole.map(({ lastEvent: { ref: _, ...lastEvent }, ...node }) => ({ ...node, lastEvent })));
  }
  expect((await lastEvents(bob, shown)).map(({ subject, lastEvent }) => [subject, lastEvent["action"]])).toEqual([
    ["only begun", "ADD"],
    ["carol took her words along", "REMOVE"],
    ["bob was removed", "REMOVE"],
  ]);
  expect(await lastEvents(bob, "actor { displayName } action")).toContainEqual({
    subject: "carol took her words along",
    lastEvent: { actor: { displayName: "(erased)" }, action: "REMOVE" },
  });
});

test("filters that nobody means well with are refused, or find nothing", async () => {
  const { alice } = await given.people("alice");
  await conversationOf(alice);
  const wrong: readonly Filter[] = [
    { label: "a\u0000b" },
    { label: "\ud800" },
    { person: "\u0000@localhost" },
    { person: "" },
    { changedSince: "yesterday" },
    { changedSince: "0000-01-01T00:00:00Z" },
  ];
  for (const filter of wrong) expect(await errorCodeOf(listed(alice, filter))).toBe("BAD_USER_INPUT");
  for (const label of ["'; DROP TABLE participation; --", "%", "__proto__", "x".repeat(100_000)]) {
    expect(await listed(alice, { label })).toEqual([]);
  }
  expect(await listed(alice, { changedSince: "0001-01-01T00:00:00Z" })).toEqual(["Lunch"]);
  expect(await listed(alice, { changedSince: "9999-12-31T23:59:59.999Z" })).toEqual([]);
});

test("a label that all see is found by its name however it is written, in lists and by search", async () => {
  const { alice } = await given.people("alice");
  for (const [name, asked] of [
    ...([
      ["ÄRGER", "ärger"],
      ["ΟΔΟΣ", "οδος"],
      ["λόγος", "ΛΌΓΟΣ"],
      ["İstanbul", "i\u0307STANBUL"],
      ["ẞ", "ß"],
    ] as const),
    ...([
      ["e\u0301te\u0301", "\u00c9T\u00c9"],
      ["sp\u200bam", "SPAM"],
    ] as const),
  ]) {
    const conversation = await conversationOf(alice);
    await done(alice.parley.labelAdd({ conversation, name }));
    // They are one label.
    expect(await verdictOf(alice.parley.labelAdd({ conversation, name: asked }))).toBe("LABEL_EXISTS");
    await given.platform.searchable();
    const listed = await alice.parley.conversations({ filter: { label: asked } });
    expect([asked, ...listed.edges.map(({ node }) => node.hash)]).toEqual([asked, conversation]);
    const found = await alice.parley.search({ query: `label:"${asked}"` });
    expect([asked, ...found.edges.map(({ node }) => node.conversation.hash)]).toEqual([asked, conversation]);
  }
});
