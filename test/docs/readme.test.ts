// The README's first conversation, as a newcomer would have it.
import { readFile } from "node:fs/promises";
import { createClient } from "graphql-ws";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { type Person, startPlatform } from "../support/platform.ts";

type Json = Readonly<Record<string, unknown>>;

const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");

/** The README's GraphQL documents, by the name of their operation. */
const documents = new Map(
  [...readme.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text = ""]) => [/^\w+ (\w+)/.exec(text)?.[1], text]),
);

const documentOf = (name: string): string => {
  const text = documents.get(name);
  if (text === undefined) throw new Error(`the README has no ${name}`);
  return text;
};

test("two people talk, with the README's own documents", async () => {
  await using platform = await startPlatform();
  const alice = await platform.person("alice");
  const bob = await platform.person("bob");
  const ask = async (person: Person, name: string, variables: Json = {}): Promise<Json> => {
    const response = await fetch(`${platform.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${person.token}` },
      body: JSON.stringify({ query: documentOf(name), variables }),
    });
    const { data, errors } = (await response.json()) as { data: Json; errors?: unknown };
    expect(errors).toBeUndefined();
    return data;
  };

  const client = createClient({
    url: `${platform.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: bob.token },
  });
  const heard = client.iterate<{ events: { event: Json; conversation: Json } }>({ query: documentOf("Listen") });
  // Sent after it on the same socket and answered by way of the database: once it is answered, the subscription stands.
  await client.iterate({ query: "{ viewer { cursor } }" }).next();

  const begun = await ask(alice, "Begin");
  expect(begun).toMatchObject({ conversationCreate: { conversation: { subject: "Lunch on Friday", status: "OPEN" } } });
  const events = [await heard.next(), await heard.next(), await heard.next(), await heard.next()].map(
    ({ value }) => value?.data?.events,
  );
  expect(events.map((one) => one?.event)).toMatchObject([
    { seq: 1, action: "PUBLISH", model: "CONVERSATION", actor: { displayName: "Alice" } },
    { seq: 2, action: "MODIFY", model: "SUBJECT" },
    { seq: 3, action: "ADD", model: "MESSAGE", body: { text: "Shall we try the **new place**?" } },
    { seq: 4, action: "ADD", model: "PARTICIPANT" },
  ]);

  const answered = await ask(bob, "Answer", { conversation: events[0]?.conversation["hash"] });
  expect(answered).toMatchObject({
    messageAdd: { event: { seq: 5 }, item: { bodyHtml: expect.stringContaining("book a table") } },
  });
  expect((await heard.next()).value?.data?.events.event).toMatchObject({ seq: 5, actor: { displayName: "Bob" } });

  const read = await ask(alice, "Read");
  expect(read).toMatchObject({
    conversations: {
      edges: [{ node: { unread: 1, messages: { edges: [{ node: { author: { displayName: "Alice" } } }, {}] } } }],
    },
  });

  await platform.searchable();
  const snippet = [
    { text: "Shall we try the **", isHit: false },
    { text: "new place", isHit: true },
    { text: "**?", isHit: false },
  ];
  const node = { conversation: { subject: "Lunch on Friday" }, hits: [{ kind: "MESSAGE", snippet }] };
  expect(await ask(bob, "Find")).toEqual({ search: { edges: [{ node }] } });

  const invited = await ask(alice, "Invite", { conversation: events[0]?.conversation["hash"] });
  expect(invited).toEqual({ participantAdd: { item: { displayName: "Carol", role: "WRITER" } } });
  await client.dispose();
});
