// ParticipationChanged: what somebody keeps for themselves is told to their own devices, over each transport, and to nobody else.
import { describe, expect, test } from "vitest";
import { openSocket, openStream } from "../http/transports.ts";
import { conversationOf, done, givenPlatform, participantOf, type Somebody, said } from "./given.ts";

const given = givenPlatform();

const own = "hash subject folder isPinned unread notes personalLabels { name color }";
const query = `subscription ($conversation: ID) { events(conversation: $conversation) { __typename
  ... on ParticipationChanged { conversation { ${own} } } ... on EventAdded { event { seq } } } }`;

/** A device of somebody's: what it is told, one after the other. */
interface Device extends AsyncDisposable {
  next(): Promise<unknown>;
}

const eventsOf = (payload: unknown): unknown => {
  const { data, errors } = payload as { data?: { events: unknown }; errors?: unknown };
  expect(errors).toBeUndefined();
  return data?.events;
};

const transports = {
  WebSocket: async ({ token }: Somebody, conversation?: string): Promise<Device> => {
    const socket = await openSocket(given.platform.url, { params: { token } });
    socket.send({ type: "subscribe", id: "1", payload: { query, variables: { conversation } } });
    // Answered after the subscription before it has begun.
    socket.send({ type: "subscribe", id: "2", payload: { query: "{ viewer { address } }" } });
    while ((await socket.next()).id !== "2");
    expect(await socket.next()).toMatchObject({ id: "2", type: "complete" });
    return {
      next: async () => eventsOf((await socket.next()).payload),
      [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
    };
  },
  SSE: async ({ token }: Somebody, conversation?: string): Promise<Device> => {
    const stream = await openStream(given.platform.url, { query, variables: { conversation } }, { token });
    return {
      next: async () => eventsOf(await stream.result()),
      [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
    };
  },
};

const changed = (conversation: object) => ({
  __typename: "ParticipationChanged",
  conversation: expect.objectContaining(conversation),
});

describe.each(Object.entries(transports))("over %s", (_, device) => {
  test("all devices of the account are told, and no other account", async () => {
    const { alice, bob } = await given.people("alice", "bob");
    const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
    await using devices = new AsyncDisposableStack();
    const alices = [devices.use(await device(alice)), devices.use(await device(alice, conversation))];
    const bobs = devices.use(await device(bob));

    await done(alice.parley.personalLabelSet({ name: "work", color: "#1e90ff" }));
    const update = { folder: "ARCHIVE", isPinned: true, notes: "mine", personalLabels: ["work"] } as const;
    await done(alice.parley.participationUpdate({ conversation, ...update }));
    for (const { next } of alices) {
      expect(await next()).toEqual({
        __typename: "ParticipationChanged",
        conversation: {
          hash: conversation,
          subject: "Lunch",
          folder: "ARCHIVE",
          isPinned: true,
          unread: 0,
          notes: "mine",
          personalLabels: [{ name: "work", color: "#1e90ff" }],
        },
      });
    }
    await said(alice, conversation);
    expect(await bobs.next()).toEqual({ __typename: "EventAdded", event: { seq: 4 } });
    await done(bob.parley.participationUpdate({ conversation, isPinned: false, notes: "bob's" }));
    expect(await bobs.next()).toEqual(
      changed({ folder: "INBOX", isPinned: false, notes: "bob's", personalLabels: [] }),
    );
    await said(alice, conversation);
    for (const { next } of alices) {
      expect([await next(), await next()]).toEqual([4, 5].map((seq) => ({ __typename: "EventAdded", event: { seq } })));
    }
  });

  test("a device that listens to one conversation is told of no other", async () => {
    const { alice } = await given.people("alice");
    const [one, other] = [await conversationOf(alice, [], "one"), await conversationOf(alice, [], "other")];
    await using listening = await device(alice, one);
    await done(alice.parley.participationUpdate({ conversation: other, isMuted: true }));
    await done(alice.parley.participationUpdate({ conversation: one, isMuted: true }));
    expect(await listening.next()).toEqual(changed({ subject: "one" }));
  });

  test("new words that bring it back are told, after they are in the list", async () => {
    const { alice, bob } = await given.people("alice", "bob");
    const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
    await done(bob.parley.participationUpdate({ conversation, folder: "ARCHIVE" }));
    await using listening = await device(bob);
    await said(alice, conversation);
    expect(await listening.next()).toEqual({ __typename: "EventAdded", event: { seq: 4 } });
    expect(await listening.next()).toEqual(changed({ folder: "INBOX", unread: 1 }));
  });

  test("who was removed is told of their own, as far as they see", async () => {
    const { alice, bob } = await given.people("alice", "bob");
    const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
    await done(alice.parley.participantRemove({ conversation, participant: await participantOf(bob, conversation) }));
    await done(alice.parley.subjectModify({ conversation, subject: "After" }));
    await using listening = await device(bob);
    await done(bob.parley.participationUpdate({ conversation, folder: "TRASH" }));
    expect(await listening.next()).toEqual(changed({ subject: "Lunch", folder: "TRASH" }));
  });

  test("who does not tell others how far they read still has it told to their own devices", async () => {
    const { alice, bob } = await given.people("alice", "bob");
    const conversation = await conversationOf(alice, [[bob, "WRITER"]]);
    await said(alice, conversation);
    const { account } = given.platform.core.database.prisma;
    await account.update({ where: { id: bob.accountId }, data: { tellsReceipts: false } });
    await using alices = await device(alice);
    await using bobs = await device(bob);
    await done(bob.parley.conversationRead({ conversation }));
    expect(await bobs.next()).toEqual(changed({ unread: 0 }));
    await said(bob, conversation);
    expect(await alices.next()).toEqual({ __typename: "EventAdded", event: { seq: 5 } });
  });
});
