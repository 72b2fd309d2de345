// Searching, as clients see it: who may find what, and what is shown of it.
import { expect, test } from "vitest";
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
} from "./given.ts";

const given = givenPlatform();

/** Once all that was said can be found: what is found, as `KIND marked text`. */
async function find(by: Somebody, query: string): Promise<readonly string[]> {
  await given.platform.searchable();
  const { edges } = await by.parley.search({ query });
  return edges.flatMap(({ node }) =>
    node.hits.map(
      ({ kind, snippet }) => `${kind} ${snippet.map(({ text, isHit }) => (isHit ? `[${text}]` : text)).join("")}`,
    ),
  );
}

test("a word finds the message that has it", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const message = await said(alice, conversation, "Shall we meet at the lighthouse?");
  await given.platform.searchable();
  const { edges } = await alice.parley.search({ query: "lighthouse" });
  expect(edges.map(({ node }) => [node.conversation.hash, node.hits.map((hit) => hit.message?.hash)])).toEqual([
    [conversation, [message]],
  ]);
  expect(await find(alice, "lighthouse")).toEqual(["MESSAGE Shall we meet at the [lighthouse]?"]);
});

test("the worker makes what was said searchable by itself", async () => {
  const { alice } = await given.people("alice");
  await said(alice, await conversationOf(alice), "the pelican");
  await expect.poll(async () => (await alice.parley.search({ query: "pelican" })).edges.length).toBe(1);
});

test("what somebody may not see they do not find: what was said after they were removed, and by strangers", async () => {
  const { alice, bob, eve } = await given.people("alice", "bob", "eve");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const changed = await said(alice, conversation, "the early walrus");
  await done(alice.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
  await said(alice, conversation, "the late walrus");
  expect(await find(alice, "walrus")).toHaveLength(2);
  expect(await find(bob, "walrus")).toEqual(["MESSAGE the early [walrus]"]);
  expect(await find(eve, "walrus")).toEqual([]);
  // What they saw reads otherwise by now: the new words are not theirs to see.
  await done(alice.parley.messageModify({ conversation, message: changed, body: "the changed walrus" }));
  expect(await find(bob, "walrus")).toEqual([]);
});

test("a message that is found is shown as it is wherever it is looked at, up to what they may see", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const first = await said(alice, conversation, "the first");
  const message = await said(alice, conversation, "a gnu", first);
  await done(bob.parley.messageModify({ conversation, message, body: "the gnu" }));
  await said(bob, conversation, "an answer", message);
  await done(alice.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
  await said(alice, conversation, "a late answer", message);
  await done(alice.parley.messageLock({ conversation, message }));
  await given.platform.searchable();
  const fields = `... on Message { __typename id hash seq status body bodyHtml format createdAt editedAt pending
    conversation { hash } author { id } editors { id } lock { until } parent { body } original { from { address } }
    replies(first: 9) { edges { node { body } } } attachments(first: 9) { edges { node { id } } } }`;
  const search = (directive: string) =>
    `{ search(query: "gnu") { edges { node { hits { message ${directive} { ${fields} } } } } } }`;
  for (const [who, answers] of [
    [alice, 2],
    [bob, 1],
  ] as const) {
    type Found = { search: { edges: { node: { hits: { message: { id: string } }[] } }[] } };
    // With a directive it is answered by graphql-js, and not by a plan.
    for (const directive of ["", "@include(if: true)"]) {
      const { search: found } = await who.parley.request<Found>(search(directive), {});
      const [shown] = found.edges.flatMap(({ node }) => node.hits.map((hit) => hit.message));
      const looked = await who.parley.request(`query ($id: ID!) { node(id: $id) { ${fields} } }`, {
        id: present(shown).id,
      });
      expect(looked).toEqual({ node: shown });
      expect(shown).toMatchObject({ hash: message, body: "the gnu", parent: { body: "the first" } });
      expect(shown).toHaveProperty("editors.length", 2);
      expect(shown).toHaveProperty("replies.edges.length", answers);
      expect(shown).toHaveProperty("lock", who === bob ? null : expect.anything());
    }
  }
});

test("a cursor that none of ours could be is refused, also where its numbers are too large for one", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const beside = (place: string, side: "after" | "before") =>
    alice.parley.search({ query: "word", [side]: Buffer.from(`${place} ${conversation}`).toString("base64url") });
  for (const side of ["after", "before"] as const) {
    for (const place of ["999999999 0", "10000 0", "1 99999999999999999"])
      expect(await errorCodeOf(beside(place, side))).toBe("BAD_USER_INPUT");
    for (const place of ["9999 9999999999999999", "0 -9999999999999999"])
      expect((await beside(place, side)).edges).toEqual([]);
  }
});

test("words are found up to the longest that can be looked for, in any script", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  for (const letter of ["x", "क", "𐌰", "字"]) {
    const word = letter.repeat(500 / letter.length);
    await said(alice, conversation, `${word} and more`);
    expect(await find(alice, word)).toHaveLength(1);
    expect(await find(alice, `"${word} and"`)).toHaveLength(1);
  }
  expect(await errorCodeOf(alice.parley.search({ query: "क".repeat(700) }))).toBe("BAD_USER_INPUT");
});

test("an edit is found by its new words, not by its old ones", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const message = await said(alice, conversation, "old platypus");
  expect(await find(alice, "platypus")).toHaveLength(1);
  await done(alice.parley.messageModify({ conversation, message: message, body: "new echidna" }));
  expect(await find(alice, "platypus")).toEqual([]);
  expect(await find(alice, "echidna")).toEqual(["MESSAGE new [echidna]"]);
});

test("what is removed is not found, and nothing of it is kept", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
  const message = await said(alice, conversation, "secret quokka");
  await said(bob, conversation, "quokka of another");
  await find(alice, "quokka");
  await done(alice.parley.messageRemove({ conversation, message }));
  expect(await find(alice, "quokka")).toEqual(["MESSAGE [quokka] of another"]);
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  expect(await find(alice, "quokka")).toEqual([]);
  expect(await find(alice, "bob")).toEqual([]);
  const { pool } = given.platform.core.database;
  const left = async () =>
    (await pool.query("SELECT FROM searchable WHERE conversation_id = $1 AND folded LIKE '%quokka%'", [conversation]))
      .rowCount;
  await expect.poll(left).toBe(0);
});

test("labels, folders and what is unread or muted are the viewer's own", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const conversation = await conversationOf(alice, [[bob, "WRITER"]], "Plans");
  await said(alice, conversation, "the heron");
  const heron = ["MESSAGE the [heron]"];
  await find(alice, "heron");
  expect(await find(bob, "heron is:unread")).toEqual(heron);
  expect(await find(alice, "heron is:unread")).toEqual([]);
  await done(
    bob.parley.participationUpdate({ conversation, isMuted: true, folder: "ARCHIVE", personalLabels: ["Birds"] }),
  );
  for (const query of ["is:muted", "label:birds", "in:archive", "-in:inbox", "from:alice", "to:bob", "-from:bob"]) {
    expect(await find(bob, `heron ${query}`), query).toEqual(heron);
  }
  for (const query of ["is:muted", "label:birds", "in:archive", "from:bob", "to:alice"]) {
    expect(await find(alice, `heron ${query}`), query).toEqual([]);
  }
  await labelled(alice, conversation, "Everyone");
  expect(await find(bob, "heron label:everyone")).toEqual(heron);
  expect(await find(alice, "heron in:sent subject:plan -subject:other")).toEqual(heron);
  await done(bob.parley.conversationRead({ conversation }));
  expect(await find(bob, "heron is:unread")).toEqual([]);
  await done(bob.parley.participationUpdate({ conversation, folder: "SPAM" }));
  expect(await find(bob, "heron")).toEqual([]);
  expect(await find(bob, "heron in:spam")).toEqual(heron);
  expect(await find(bob, "heron in:anywhere")).toEqual(heron);
});

test.each([
  [
    "Latin",
    "Das Café an der Straße öffnet morgen früh",
    ["cafe", "STRASSE", "offnet", "morg", '"an der straße"'],
    ["caffè", '"der an"'],
  ],
  [
    "Cyrillic",
    "Завтра мы встретимся в библиотеке у озера",
    ["библиотека", "озер", '"у озера"', "ВСТРЕТИМСЯ"],
    ["музей", '"озера у"'],
  ],
  ["Arabic", "سنلتقي غدا في المكتبة القديمة", ["المكتبة", "مكتبة", "القديمه", '"في المكتبة"'], ["المدرسة"]],
  [
    "Chinese",
    "我们明天在图书馆见面讨论计划",
    ["图书馆", "图书", "明天 计划", '"见面讨论"', "馆", "划"],
    ["书图", "图馆"],
  ],
  ["Japanese", "明日は図書館でコーヒーを飲みましょう", ["図書館", "コーヒー", "ｺｰﾋｰ", "飲み"], ["書図", "コーラ"]],
  ["Korean", "내일 도서관에서 만나서 점심을 먹어요", ["도서관", "점심", '"도서관에서 만나서"'], ["박물관"]],
])("%s is found by words as people type them", async (_, text, found, notFound) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice, [], "x");
  await said(alice, conversation, text);
  for (const query of found) {
    const [hit, ...more] = await find(alice, query);
    expect(more, query).toEqual([]);
    expect(hit?.replaceAll(/[[\]]/g, ""), query).toBe(`MESSAGE ${text}`);
    expect(hit, query).toContain("[");
  }
  for (const query of notFound) expect(await find(alice, query), query).toEqual([]);
});

test("whole words, their forms and parts of them are found; OR and brackets choose", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice, [], "x");
  await said(alice, conversation, "The committee was running several meetings about PostgreSQL in the old library");
  for (const query of [
    "run",
    "runs",
    "meeting",
    "ostgre",
    "comm",
    "committees -dinner",
    "(dinner OR library) old",
    "dinner OR running",
  ]) {
    expect(await find(alice, query), query).toHaveLength(1);
  }
  for (const query of [
    "os",
    "dinner",
    "library -old",
    '"library old"',
    "(dinner OR lunch) old",
    "before:2020",
    "after:2100",
  ]) {
    expect(await find(alice, query), query).toEqual([]);
  }
});

test("pages go through all that is found once, the best first, whatever is added meanwhile", async () => {
  const { alice } = await given.people("alice");
  const conversations: string[] = [];
  for (let i = 0; i < 5; i++) {
    const conversation = await conversationOf(alice, [], i === 2 ? "Otter" : `x ${i}`);
    await said(alice, conversation, `otter number ${i}`);
    conversations.push(conversation);
  }
  await given.platform.searchable();
  const seen: (string | null)[] = [];
  let after: string | null = null;
  do {
    const { edges, pageInfo }: Awaited<ReturnType<typeof alice.parley.search>> = await alice.parley.search({
      query: "otter",
      first: 2,
      after,
    });
    seen.push(...edges.map(({ node }) => node.conversation.hash));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    // As good as the best, and later: too late for a page that comes after.
    await conversationOf(alice, [], "Otter");
    await given.platform.searchable();
  } while (after !== null);
  expect(seen[0]).toBe(conversations[2]);
  expect(seen.toSorted()).toEqual(conversations.toSorted());
});

test("what cannot be understood says where, and what to do", async () => {
  const { alice } = await given.people("alice");
  const error = await alice.parley.search({ query: "lunch before:soon" }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "BAD_USER_INPUT" });
  expect(JSON.stringify(error)).toContain("2026-01-31");
  expect(await errorCodeOf(alice.parley.search({ query: "lunch", after: "nonsense" }))).toBe("BAD_USER_INPUT");
});
