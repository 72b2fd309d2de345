// Subscriptions as server-sent events.
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Person } from "../support/platform.ts";
import { startApi, type TestApi } from "./api.ts";
import { openStream, post, type StreamEvent } from "./transports.ts";

let api: TestApi;
let alice: Person;
beforeAll(async () => {
  api = await startApi();
  alice = await api.platform.person("alice");
});
afterEach(() => vi.useRealTimers());
afterAll(() => api[Symbol.asyncDispose]());

const listen = {
  query:
    "subscription Listen($after: String) { events(after: $after) { __typename ... on EventAdded { cursor event { seq action } conversation { subject } } } }",
};

/** Publishes a conversation, which is two events: its first, and its subject. */
const publish = async (subject: string) => {
  const query =
    "mutation P($subject: String) { conversationCreate(input: { subject: $subject, publish: true }) { __typename ... on Rejection { message } } }";
  const { result } = await post(api.url, { query, variables: { subject } }, alice.token);
  expect(result.data).toEqual({ conversationCreate: { __typename: "ConversationCreatePayload" } });
};

const read = (event: StreamEvent | null) => JSON.parse(event?.data ?? "null").data.events;

test.each(["GET", "POST"] as const)("by %s: each event as it happens, its cursor for an id", async (method) => {
  await using stream = await openStream(api.url, listen, { token: alice.token, method });
  expect(stream.status).toBe(200);
  await publish("Lunch");
  const [first, second] = [await stream.next(), await stream.next()];
  expect([first, second].map((event) => event?.event)).toEqual(["next", "next"]);
  expect([read(first).event, read(second).event]).toEqual([
    { seq: 1, action: "PUBLISH" },
    { seq: 2, action: "MODIFY" },
  ]);
  expect([first?.id, second?.id]).toEqual([read(first).cursor, read(second).cursor]);
});

test("Last-Event-ID resumes after that event, and goes before what the document says", async () => {
  await using stream = await openStream(api.url, listen, { token: alice.token });
  await publish("Before the break");
  await stream.next();
  const lastEventId = (await stream.next())?.id ?? "";
  await stream[Symbol.asyncDispose]();
  await publish("During the break");
  await using resumed = await openStream(
    api.url,
    { ...listen, variables: { after: "nonsense" } },
    { token: alice.token, lastEventId },
  );
  // A resume repeats a little.
  for (;;) {
    const { conversation } = read(await resumed.next());
    if (conversation.subject === "During the break") break;
  }
});

test("a cursor of nobody's is 400", async () => {
  await using stream = await openStream(api.url, listen, { token: alice.token, lastEventId: "nonsense" });
  expect(stream.status).toBe(400);
  expect((await stream.result()).errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
});

test.each([
  ["a syntax error", "subscription {", "GRAPHQL_PARSE_FAILED"],
  ["an unknown field", "subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"],
  ["nothing but introspection", "subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"],
])("a document with %s is 400", async (_, query, code) => {
  await using stream = await openStream(api.url, { query }, { token: alice.token });
  expect(stream.status).toBe(400);
  expect((await stream.result()).errors?.[0]?.extensions?.code).toBe(code);
});

test("who is not signed in gets 401, and no stream", async () => {
  await using stream = await openStream(api.url, listen);
  expect(stream.status).toBe(401);
});

test("a query in a stream is one event and the end", async () => {
  await using stream = await openStream(api.url, { query: "{ __typename }" });
  expect([await stream.next(), await stream.next(), await stream.next()]).toEqual([
    { id: null, event: "next", data: '{"data":{"__typename":"Query"}}' },
    { id: null, event: "complete", data: "" },
    null,
  ]);
});

test("who would take either gets JSON for a query, and a stream for a subscription", async () => {
  const ask = async (query: string) => {
    const abort = new AbortController();
    const response = await fetch(`${api.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${alice.token}`,
      },
      body: JSON.stringify({ query }),
      signal: abort.signal,
    });
    abort.abort();
    return response.headers.get("content-type");
  };
  expect(await ask("{ __typename }")).toBe("application/json; charset=utf-8");
  expect(await ask(listen.query)).toBe("text/event-stream; charset=utf-8");
});

test("a silent stream says every 15 seconds that it lives", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  await using stream = await openStream(api.url, listen, { token: alice.token });
  vi.advanceTimersByTime(15_000);
  expect(await stream.next()).toMatchObject({ event: ":" });
});

test("a client that goes is let go of", async () => {
  await expect.poll(() => api.subscribers.size).toBe(0);
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => openStream(api.url, listen, { token: alice.token })),
  );
  expect(api.subscribers.size).toBe(20);
  for (const stream of streams) await stream[Symbol.asyncDispose]();
  await expect.poll(() => api.subscribers.size).toBe(0);
});
