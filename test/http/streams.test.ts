// How long streams last, and how many there are, on both transports.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { encodeCursor } from "../../src/graphql/stream-cursor.ts";
import type { Person } from "../support/platform.ts";
import { startApi, type TestApi } from "./api.ts";
import { type Asked, openSocket, openStream, post } from "./transports.ts";

let api: TestApi;
let alice: Person;
beforeAll(async () => {
  api = await startApi({ checkTokensEveryMs: 10 });
});
beforeEach(async () => {
  alice = await api.platform.person("alice");
});
afterEach(() => vi.useRealTimers());
afterAll(() => api[Symbol.asyncDispose]());

const publish =
  'mutation { conversationCreate(input: { subject: "x", publish: true }) { ... on ConversationCreatePayload { conversation { hash } } } }';
const cursorNow = () => encodeCursor(Date.now() * 1_000);
const query = "subscription { events { __typename } }";

/** As if it had been revoked long enough ago for nobody to remember that it was good. */
async function revokeTokens(): Promise<void> {
  await api.platform.core.database.prisma.token.deleteMany({ where: { accountId: alice.accountId } });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 6_000 });
}

test("a socket is closed with 4403 once its token is not valid any more", async () => {
  const socket = await openSocket(api.url, { params: { token: alice.token } });
  socket.send({ type: "subscribe", id: "1", payload: { query } });
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(1);
  await revokeTokens();
  expect(await socket.closed).toMatchObject({ code: 4403 });
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(0);
});

test("a stream of server-sent events ends once its token is not valid any more", async () => {
  await using stream = await openStream(api.url, { query }, { token: alice.token });
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(1);
  await revokeTokens();
  expect((await stream.next())?.event).toBe("complete");
  expect(api.subscribers.size).toBe(0);
});

test("a stream goes on while the database is out of reach of the check", async () => {
  const { pool } = api.platform.core.database;
  await using stream = await openStream(api.url, { query }, { token: alice.token });
  const asked = vi.spyOn(pool, "query");
  asked.mockImplementation(() => Promise.reject(new Error("out of reach")));
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 6_000 });
  const isChecked = () => asked.mock.calls.some(([config]) => JSON.stringify(config).includes("find_tokens"));
  await expect.poll(isChecked, { interval: 1 }).toBe(true);
  await expect.poll(() => api.logged.join(), { interval: 1 }).toContain("could not check a stream's token");
  asked.mockRestore();
  expect(api.subscribers.size).toBe(1);
  expect(stream.status).toBe(200);
});

test("an account has 500 streams at most, also where they are asked for at once, and a place again when one ends", async () => {
  const open = () => openSocket(api.url, { params: { token: alice.token } });
  const [first, second] = [await open(), await open()];
  const subscribe = (socket: typeof first, id: string) => socket.send({ type: "subscribe", id, payload: { query } });
  for (let id = 0; id < 499; id++) subscribe(first, String(id));
  subscribe(second, "the last");
  await expect.poll(() => api.subscribers.size, { interval: 5 }).toBe(500);
  subscribe(second, "one too many");
  expect(await second.next()).toMatchObject({
    type: "next",
    payload: { errors: [{ extensions: { code: "TOO_MANY_STREAMS" } }] },
  });
  first.send({ type: "complete", id: "7" });
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(499);
  for (let id = 0; id < 100; id++) subscribe(second, `again ${id}`);
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(500);
  first.webSocket.close();
  second.webSocket.close();
  await expect.poll(() => api.subscribers.size, { interval: 5 }).toBe(0);
});

test("a socket lets go of all its streams, also of one whose id was used anew before it stood", async () => {
  const socket = await openSocket(api.url, { params: { token: alice.token } });
  const created = await post(api.url, { query: publish }, alice.token);
  const hash = /"hash":"([\w-]+)"/.exec(JSON.stringify(created.result))?.[1];
  const payload = { query: `subscription { events(conversation: "${hash}") { __typename } }` };
  socket.send({ type: "subscribe", id: "1", payload });
  socket.send({ type: "complete", id: "1" });
  socket.send({ type: "subscribe", id: "1", payload });
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBeGreaterThan(0);
  socket.webSocket.close();
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(0);
});

test("a stream that fails closes the socket, so that the client comes again, and its fault is logged and not told", async () => {
  const { pool } = api.platform.core.database;
  const { query: ask } = pool;
  const socket = await openSocket(api.url, { params: { token: alice.token } });
  const failing = vi.spyOn(pool, "query").mockImplementation((...args: readonly unknown[]) => {
    if (JSON.stringify(args[0]).includes("database_time")) return Promise.reject(new Error("out of reach at 10.0.0.7"));
    return Reflect.apply(ask, pool, args);
  });
  socket.send({
    type: "subscribe",
    id: "1",
    payload: { query: `subscription { events(after: "${cursorNow()}") { __typename } }` },
  });
  const closed = await socket.closed;
  failing.mockRestore();
  expect(closed).toMatchObject({ code: 4500, reason: "Something broke here. Connect again." });
  expect(api.logged.join()).toContain("out of reach at 10.0.0.7");
});

/** A stream that is open and is not read yet; `next` gives its next result. */
const unread = {
  "a WebSocket": async (payload: Asked) => {
    const socket = await openSocket(api.url, { params: { token: alice.token } });
    socket.send({ type: "subscribe", id: "1", payload });
    await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(1);
    socket.webSocket.pause();
    const next = async () => {
      socket.webSocket.resume();
      return JSON.stringify((await socket.next()).payload);
    };
    return { next, [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose]() };
  },
  "server-sent events": async (payload: Asked) => {
    const stream = await openStream(api.url, payload, { token: alice.token });
    const next = async () => JSON.stringify(await stream.result());
    return { next, [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose]() };
  },
} as const;

test.each(["a WebSocket", "server-sent events"] as const)(
  "who does not read what comes over %s is told of a gap once they do, and the stream goes on",
  async (transport) => {
    const created = await post(api.url, { query: publish }, alice.token);
    const conversation = /"hash":"([\w-]+)"/.exec(JSON.stringify(created.result))?.[1];
    const say = (body: string) =>
      post(
        api.url,
        {
          query: "mutation ($input: MessageAddInput!) { messageAdd(input: $input) { __typename } }",
          variables: { input: { conversation, body } },
        },
        alice.token,
      );
    await using stream = await unread[transport]({
      query: "subscription { events { __typename ... on EventAdded { event { body } } } }",
    });
    // More than the system buffers of a connection and the stream itself hold.
    for (let count = 0; count < 100; count++) await say("x".repeat(250_000));
    while (!(await stream.next()).includes("Gap"));
    await say("after the gap");
    while (!(await stream.next()).includes("after the gap"));
  },
);

test("a ping is answered without what came with it", async () => {
  const socket = await openSocket(api.url);
  socket.send({ type: "ping", payload: { text: "x".repeat(1_000) } });
  expect(await socket.next()).toEqual({ type: "pong" });
  socket.webSocket.close();
});
