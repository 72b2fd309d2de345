// Connections: pages of every list, with cursors that survive what is added meanwhile.
import { expect, test } from "vitest";
import { conversationOf, done, errorCodeOf, givenPlatform, present, type Somebody, said } from "./given.ts";

const given = givenPlatform();

interface Asked {
  readonly first?: number;
  readonly last?: number;
  readonly after?: string;
  readonly before?: string;
}
interface Shown {
  readonly names: readonly string[];
  readonly cursors: readonly string[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}
interface List {
  readonly read: (asked?: Asked) => Promise<Shown>;
  /** In the list's order. */
  readonly names: readonly string[];
  /** Adds one at the end that lists begin or end with. Left out: nothing can be added. */
  readonly add?: (name: string) => Promise<unknown>;
  /** Where new ones come up. */
  readonly isNewestFirst?: boolean;
}

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: object }[];
  readonly pageInfo: {
    readonly startCursor: string | null;
    readonly endCursor: string | null;
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
  };
}

/** A page as its names; its `pageInfo` has to say what its edges say. */
const shownOf = (page: Page | null | undefined, name: string): Shown => {
  const { edges, pageInfo } = present(page);
  expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
  expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
  return {
    names: edges.map(({ node }) => String(new Map(Object.entries(node)).get(name))),
    cursors: edges.map(({ cursor }) => cursor),
    hasNextPage: pageInfo.hasNextPage,
    hasPreviousPage: pageInfo.hasPreviousPage,
  };
};

const six = ["a", "b", "c", "d", "e", "f"];

const lists: Readonly<Record<string, () => Promise<List>>> = {
  conversations: async () => {
    const { alice } = await given.people("alice");
    for (const subject of six) await conversationOf(alice, [], subject);
    return {
      read: async (asked) => shownOf(await alice.parley.conversations(asked), "subject"),
      names: six.toReversed(),
      add: (subject) => conversationOf(alice, [], subject),
      isNewestFirst: true,
    };
  },
  messages: async () => {
    const { alice } = await given.people("alice");
    const conversation = await conversationOf(alice);
    for (const body of six) await said(alice, conversation, body);
    return {
      read: async (asked) => shownOf((await alice.parley.messages({ conversation, ...asked }))?.messages, "body"),
      names: six,
      add: (body) => said(alice, conversation, body),
    };
  },
  "messages of a draft": async () => {
    const { alice } = await given.people("alice");
    const created = await done(alice.parley.conversationCreate({ messages: six.map((body) => ({ body })) }));
    const conversation = present(created.conversation.draftHash);
    return {
      read: async (asked) => shownOf((await alice.parley.messages({ conversation, ...asked }))?.messages, "body"),
      names: six,
      add: (body) => done(alice.parley.messageAdd({ conversation, body })),
    };
  },
  replies: async () => {
    const { alice } = await given.people("alice");
    const conversation = await conversationOf(alice);
    const parent = await said(alice, conversation, "Question");
    for (const body of six) {
      await said(alice, conversation, body, parent);
      await said(alice, conversation, "Something else");
    }
    const message = present((await alice.parley.messages({ conversation, first: 1 }))?.messages.edges[0]).node.id;
    return {
      read: async (asked) => {
        const node = await alice.parley.replies({ message, ...asked });
        return shownOf(node?.__typename === "Message" ? node.replies : null, "body");
      },
      names: six,
      add: (body) => said(alice, conversation, body, parent),
    };
  },
  participants: async () => {
    const people = await given.people("admin", "b", "c", "d", "e", "f", "late");
    const { admin, late, ...others } = people;
    const conversation = await conversationOf(
      admin,
      Object.values(others).map((one) => [one, "READER"] as const),
    );
    return {
      read: async (asked) =>
        shownOf((await admin.parley.participants({ conversation, ...asked }))?.participants, "address"),
      names: [admin, ...Object.values(others)].map(({ address }: Somebody) => address),
      add: () => done(admin.parley.participantAdd({ conversation, address: late.address })),
    };
  },
  events: async () => {
    const { alice } = await given.people("alice");
    const conversation = await conversationOf(alice);
    for (const body of six.slice(2)) await said(alice, conversation, body);
    return {
      read: async (asked) => shownOf((await alice.parley.log({ conversation, ...asked }))?.events, "seq"),
      names: ["1", "2", "3", "4", "5", "6"],
      add: (body) => said(alice, conversation, body),
    };
  },
  labels: async () => {
    const { alice } = await given.people("alice");
    const created = await done(alice.parley.conversationCreate({ labels: six, publish: true }));
    return {
      read: (asked) => labelsOf(alice, created.conversation.id, asked),
      names: six,
      add: (name) => done(alice.parley.labelAdd({ conversation: created.conversation.id, name })),
    };
  },
  "labels of a draft": async () => {
    const { alice } = await given.people("alice");
    const created = await done(alice.parley.conversationCreate({ labels: six }));
    return { read: (asked) => labelsOf(alice, created.conversation.id, asked), names: six };
  },
};

const labelsOf = async ({ parley }: Somebody, id: string, asked: Asked = {}): Promise<Shown> => {
  const document = `query ($id: ID!, $first: Int, $last: Int, $after: String, $before: String) {
    conversation(id: $id) { labels(first: $first, last: $last, after: $after, before: $before) {
      edges { cursor node { name } } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } } }`;
  const answer = await parley.request<{ conversation: { labels: Page } }>(document, { id, ...asked });
  return shownOf(answer.conversation.labels, "name");
};

test.each(Object.keys(lists))("%s come in pages, forwards and backwards", async (kind) => {
  const { read, names } = await present(lists[kind])();
  expect(await read()).toMatchObject({ names, hasNextPage: false, hasPreviousPage: false });
  expect(await read({ first: 100 })).toMatchObject({ names, hasNextPage: false, hasPreviousPage: false });

  const start = await read({ first: 2 });
  expect(start).toMatchObject({ names: names.slice(0, 2), hasNextPage: true, hasPreviousPage: false });
  const after = present(start.cursors[1]);
  const next = await read({ first: 2, after });
  expect(next).toMatchObject({ names: names.slice(2, 4), hasNextPage: true, hasPreviousPage: true });
  const end = await read({ first: 2, after: present(next.cursors[1]) });
  expect(end).toMatchObject({ names: names.slice(4), hasNextPage: false, hasPreviousPage: true });
  expect(await read({ first: 2, after: present(end.cursors[1]) })).toMatchObject({ names: [], hasNextPage: false });

  const last = await read({ last: 2 });
  expect(last).toMatchObject({ names: names.slice(4), hasNextPage: false, hasPreviousPage: true });
  expect(last.cursors).toEqual(end.cursors);
  const before = present(last.cursors[0]);
  expect(await read({ last: 2, before })).toMatchObject({
    names: names.slice(2, 4),
    hasNextPage: true,
    hasPreviousPage: true,
  });
  expect(await read({ last: 3, before: present(next.cursors[1]) })).toMatchObject({
    names: names.slice(0, 3),
    hasPreviousPage: false,
  });

  expect(await read({ first: 2, after, before })).toMatchObject({ names: names.slice(2, 4), hasNextPage: true });
  expect(await read({ first: 1, after, before })).toMatchObject({ names: names.slice(2, 3), hasNextPage: true });
  expect(await read({ last: 1, after, before })).toMatchObject({ names: names.slice(3, 4), hasPreviousPage: true });
});

test.each(Object.keys(lists))("a cursor of %s survives what is added meanwhile", async (kind) => {
  const { read, names, add, isNewestFirst } = await present(lists[kind])();
  if (!add) return;
  const page = await read({ first: 2 });
  await add("late");
  const rest = await read({ first: 100, after: present(page.cursors[1]) });
  expect(rest.names.slice(0, 4)).toEqual(names.slice(2));
  expect(rest.names).toHaveLength(isNewestFirst ? 4 : 5);
});

test.each(Object.keys(lists))(
  "a page of %s has 1 to 100, counted from one side, after a cursor of ours",
  async (kind) => {
    const { read } = await present(lists[kind])();
    const cursor = (place: string) => Buffer.from(place).toString("base64url");
    const hash = "A".repeat(43);
    const wrong: readonly Asked[] = [
      { first: 0 },
      { first: -1 },
      { first: 101 },
      { last: 0 },
      { last: 101 },
      { first: 1, last: 1 },
      { after: "" },
      { after: "nonsense" },
      { before: "\u0000" },
      { after: cursor("-1") },
      { after: cursor("1e3") },
      { after: cursor("99999999999999999999") },
      { after: cursor("1; DROP TABLE event") },
      { after: cursor(`1 ${hash} 2`) },
      { after: cursor(`x ${hash}`) },
      { before: cursor("1 short") },
    ];
    for (const asked of wrong) expect(await errorCodeOf(read(asked)), JSON.stringify(asked)).toBe("BAD_USER_INPUT");
    // The largest that a cursor can say is a place like any other.
    for (const place of ["999999999", `9999999999999999 ${hash}`]) {
      const outcome = await read({ after: cursor(place) }).then(
        () => "a page",
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
      );
      expect(["a page", "BAD_USER_INPUT"], place).toContain(outcome);
    }
  },
);

test("a conversation in which somebody speaks comes up in the list; pages before it are not read twice", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const hashes: string[] = [];
  for (const subject of ["a", "b", "c"]) hashes.push(await conversationOf(alice, [[bob, "WRITER"]], subject));
  await said(bob, present(hashes[0]));
  await expect
    .poll(async () => (await alice.parley.conversations()).edges.map(({ node }) => node.subject))
    .toEqual(["a", "c", "b"]);
});

test("attachments have a page, and it is empty while there are none", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  await said(alice, conversation);
  const document = `query ($id: ID!) { conversation(id: $id) {
    attachments(first: 10) { edges { node { id } } pageInfo { hasNextPage } }
    messages { edges { node { attachments { edges { node { id } } } } } } } }`;
  expect(await alice.parley.request(document, { id: conversation })).toEqual({
    conversation: {
      attachments: { edges: [], pageInfo: { hasNextPage: false } },
      messages: { edges: [{ node: { attachments: { edges: [] } } }] },
    },
  });
});
