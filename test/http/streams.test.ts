// How long streams last, and how many there are, on both transports.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Person } from "../support/platform.ts";
import { startApi, type TestApi } from "./api.ts";
import { openSocket, openStream } from "./transports.ts";

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
  asked.mockRestore();
  expect(api.subscribers.size).toBe(1);
  expect(stream.status).toBe(200);
});

test("an account has a thousand streams at most, and a place again when one ends", async () => {
  const [full, more] = [
    await openSocket(api.url, { params: { token: alice.token } }),
    await openSocket(api.url, { params: { token: alice.token } }),
  ];
  const subscribe = (socket: typeof full, id: string) => socket.send({ type: "subscribe", id, payload: { query } });
  for (let id = 0; id < 1_000; id++) subscribe(full, String(id));
  await expect.poll(() => api.subscribers.size, { interval: 5 }).toBe(1_000);
  subscribe(more, "one too many");
  expect(await more.next()).toMatchObject({
    type: "next",
    payload: { errors: [{ extensions: { code: "TOO_MANY_STREAMS" } }] },
  });
  full.send({ type: "complete", id: "7" });
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(999);
  subscribe(more, "in its place");
  await expect.poll(() => api.subscribers.size, { interval: 1 }).toBe(1_000);
  full.webSocket.close();
  more.webSocket.close();
  await expect.poll(() => api.subscribers.size, { interval: 5 }).toBe(0);
});
