// Subscriptions, queries and mutations over graphql-transport-ws.
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { bodyBytesMax } from "../../src/http/body.ts";
import type { Person } from "../support/platform.ts";
import { startApi, type TestApi } from "./api.ts";
import { openSocket, post, type Socket } from "./transports.ts";

let api: TestApi;
let alice: Person;
beforeAll(async () => {
  api = await startApi();
  alice = await api.platform.person("alice");
});
afterEach(() => vi.useRealTimers());
afterAll(() => api[Symbol.asyncDispose]());

const listen = "subscription { events { __typename ... on EventAdded { event { seq } } } }";
const publish =
  'mutation { conversationCreate(input: { subject: "Lunch", publish: true }) { ... on ConversationCreatePayload { conversation { hash } } } }';

const open = () => openSocket(api.url, { params: { token: alice.token } });
const ask = (socket: Socket, id: string, query: string) => socket.send({ type: "subscribe", id, payload: { query } });

/** Asks and waits until it is answered: what was sent before has been taken by then. */
const ping = async (socket: Socket) => {
  socket.send({ type: "ping" });
  expect((await socket.next()).type).toBe("pong");
};

test("without the subprotocol it is closed with 4406", async () => {
  const socket = await openSocket(api.url, { params: null, protocols: [] });
  expect(await socket.closed).toMatchObject({ code: 4406 });
});

test("without connection_init within 10 seconds it is closed with 4408", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const socket = await openSocket(api.url, { params: null });
  vi.advanceTimersByTime(10_000);
  expect(await socket.closed).toMatchObject({ code: 4408 });
});

test("an operation before connection_init is closed with 4401", async () => {
  const socket = await openSocket(api.url, { params: null });
  ask(socket, "1", "{ __typename }");
  expect(await socket.closed).toMatchObject({ code: 4401 });
});

test("a second connection_init is closed with 4429", async () => {
  const socket = await open();
  socket.send({ type: "connection_init" });
  expect(await socket.closed).toMatchObject({ code: 4429 });
});

test("an id that is in use is closed with 4409", async () => {
  const socket = await open();
  ask(socket, "1", listen);
  ask(socket, "1", listen);
  expect(await socket.closed).toMatchObject({ code: 4409 });
});

test("without a token, it is said how to send one", async () => {
  await using socket = await openSocket(api.url, { params: {} });
  ask(socket, "1", "{ viewer { address } }");
  const { payload } = await socket.next();
  expect(payload).toMatchObject({
    errors: [{ message: expect.stringContaining("`{token: TOKEN}` in connectionParams") }],
  });
});

test.each([["token"], ["authorization"], ["AUTHORIZATION"]])("a bad %s is closed with 4403", async (name) => {
  const socket = await openSocket(api.url, { params: null });
  socket.send({ type: "connection_init", payload: { [name]: name === "token" ? "nobody's" : "Bearer nobody's" } });
  expect(await socket.closed).toMatchObject({ code: 4403 });
});

test("an authorization that is no bearer token is closed with 4403", async () => {
  const socket = await openSocket(api.url, { params: null });
  socket.send({ type: "connection_init", payload: { authorization: "Basic x" } });
  expect(await socket.closed).toMatchObject({ code: 4403 });
});

test.each([
  ["token", (token: string) => ({ token })],
  ["authorization", (token: string) => ({ authorization: `Bearer ${token}` })],
  ["Authorization", (token: string) => ({ Authorization: `Bearer ${token}` })],
])("connectionParams {%s} signs in", async (_, params) => {
  await using socket = await openSocket(api.url, { params: params(alice.token) });
  ask(socket, "1", "{ viewer { address } }");
  expect(await socket.next()).toMatchObject({
    id: "1",
    type: "next",
    payload: { data: { viewer: { address: alice.address } } },
  });
  expect(await socket.next()).toEqual({ id: "1", type: "complete" });
});

test.each([
  ["no JSON", "hello"],
  ["no message", "[]"],
  ["an unknown type", { type: "start", id: "1", payload: { query: "{ __typename }" } }],
  ["no text for a query", { type: "subscribe", id: "1", payload: { query: ["{ __typename }"] } }],
  ["a list for variables", { type: "subscribe", id: "1", payload: { query: "{ __typename }", variables: [] } }],
])("%s is closed with 4400", async (_, message) => {
  const socket = await open();
  socket.send(message);
  expect(await socket.closed).toMatchObject({ code: 4400 });
});

test("a message of the server's is closed, and is not logged as a fault of ours", async () => {
  const socket = await open();
  socket.send({ type: "next", id: "1", payload: { data: {} } });
  expect(await socket.closed).toMatchObject({ code: 4400 });
  expect(api.logged).toEqual([]);
});

test("a frame that is too large is closed with 1009", async () => {
  const socket = await open();
  socket.send(" ".repeat(bodyBytesMax + 1));
  expect(await socket.closed).toMatchObject({ code: 1009 });
});

test.each([
  ["a syntax error", "subscription {"],
  ["an unknown field", "{ nothing }"],
  ["an operation that is not there", "fragment F on Query { __typename }"],
])("%s is an error of its id, and the socket's other operations live on", async (_, query) => {
  await using socket = await open();
  ask(socket, "live", listen);
  ask(socket, "bad", query);
  expect(await socket.next()).toMatchObject({ id: "bad", type: "error", payload: [{ message: expect.any(String) }] });
  ask(socket, "mutation", publish);
  const types = new Set<string>();
  while (types.size < 3) {
    const { id, type } = await socket.next();
    if (id === "live") expect(type).toBe("next");
    types.add(`${id} ${type}`);
  }
  expect(types).toEqual(new Set(["live next", "mutation next", "mutation complete"]));
});

test("a subscription that cannot begin is answered with errors, and completed", async () => {
  await using socket = await open();
  ask(socket, "1", 'subscription { events(after: "nonsense") { __typename } }');
  expect(await socket.next()).toMatchObject({
    id: "1",
    type: "next",
    payload: { errors: [{ extensions: { code: "BAD_USER_INPUT" } }] },
  });
  expect(await socket.next()).toEqual({ id: "1", type: "complete" });
});

test("five hundred operations may be open, and one more is refused while those live on", async () => {
  await using socket = await open();
  for (let id = 0; id < 500; id++) ask(socket, String(id), listen);
  ask(socket, "more", listen);
  expect(await socket.next()).toMatchObject({
    id: "more",
    type: "error",
    payload: [{ extensions: { code: "TOO_MANY_OPERATIONS" } }],
  });
  await expect.poll(() => api.subscribers.size).toBe(500);
  socket.send({ type: "complete", id: "0" });
  ask(socket, "again", listen);
  await ping(socket);
  await expect.poll(() => api.subscribers.size).toBe(500);
});

test.each([
  ["126 bytes", 126, "__typename", "EventAdded"],
  ["64 KiB", 65_536, "... on EventAdded { event { body } }", "x".repeat(65_400)],
])(
  "what a stream sends comes whole around %s, from which its length is said otherwise",
  async (_, bytes, shown, body) => {
    await using socket = await open();
    const created = await post(api.url, { query: publish }, alice.token);
    const conversation = /"hash":"([\w-]+)"/.exec(JSON.stringify(created.result))?.[1];
    // Each message is one byte longer than the last.
    const ids = Array.from({ length: 100 }, (_, index) => "i".repeat(index + 1));
    for (const id of ids) ask(socket, id, `subscription { events { ${shown} } }`);
    await expect.poll(() => api.subscribers.size).toBe(ids.length);
    const query = "mutation ($input: MessageAddInput!) { messageAdd(input: $input) { __typename } }";
    await post(api.url, { query, variables: { input: { conversation, body } } }, alice.token);
    const lengths = new Map<string | undefined, number>();
    while (lengths.size < ids.length) {
      const message = await socket.next();
      const text = JSON.stringify(message);
      // The conversation's first events may still be on their way.
      if (text.includes(body)) lengths.set(message.id, text.length);
    }
    expect([...lengths.values()]).toEqual(expect.arrayContaining([bytes - 1, bytes]));
  },
);

test("completed by the client, an operation is let go of; and all are when the socket closes", async () => {
  await expect.poll(() => api.subscribers.size).toBe(0);
  const socket = await open();
  for (const id of ["1", "2", "3"]) ask(socket, id, listen);
  await expect.poll(() => api.subscribers.size).toBe(3);
  socket.send({ type: "complete", id: "2" });
  await expect.poll(() => api.subscribers.size).toBe(2);
  socket.webSocket.terminate();
  await expect.poll(() => api.subscribers.size).toBe(0);
  expect(api.logged).toEqual([]);
});

test("a client that is silent even to pings is let go of", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const socket = await open();
  socket.webSocket.removeAllListeners("ping");
  const pings = vi.spyOn(socket.webSocket, "pong").mockImplementation(() => {});
  vi.advanceTimersByTime(20_000);
  await expect.poll(() => pings.mock.calls.length).toBe(1);
  vi.advanceTimersByTime(20_000);
  expect(await socket.closed).toMatchObject({ code: 1006 });
});
