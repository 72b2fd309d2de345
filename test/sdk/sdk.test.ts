// The SDK with a platform: its methods, its errors, its stream.
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { connect, createParley, isRejection, ParleyError, type StreamState } from "../../sdk/src/index.ts";
import { buildSchema } from "../../src/graphql/schema.ts";
import { conversationOf, done, errorCodeOf, givenPlatform, headOf, present, said } from "../graphql/given.ts";

const given = givenPlatform();
const sdk = fileURLToPath(new URL("../../sdk/", import.meta.url));

test("each operation is a method, and each mutation of the schema has one", async () => {
  const parley = given.client();
  const files = (await readdir(join(sdk, "src/operations"))).filter((name) => name !== "fragments.graphql");
  const named = files.map((name) =>
    name.replace(".graphql", "").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  expect(Object.keys(parley)).toEqual(expect.arrayContaining(named));
  expect(named).toEqual(expect.arrayContaining(Object.keys(present(buildSchema().getMutationType()).getFields())));
  expect(named).toEqual(expect.arrayContaining(["viewer", "conversation", "conversations", "nodes"]));
});

test("an operation is one method in one file of its name", async () => {
  for (const name of await readdir(join(sdk, "src/operations"))) {
    const text = await readFile(join(sdk, "src/operations", name), "utf8");
    const operations = [...text.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, operation]) => operation);
    const own = name.replace(".graphql", "").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(operations).toEqual(name === "fragments.graphql" ? [] : [own]);
  }
});

test("a url is a platform's or its endpoint's", async () => {
  const { alice } = await given.people("alice");
  const { token } = alice;
  for (const url of [given.platform.url, `${given.platform.url}/`, `${given.platform.url}/graphql`]) {
    await using parley = createParley({ url, token });
    expect(await parley.viewer()).toMatchObject({ address: alice.address });
  }
});

test.each(["not a url", "", "ftp://parley.example", "parley.example", "localhost:4000", "/graphql"])(
  "a url that no platform can have is told when a client is made: %j",
  (url) => {
    for (const make of [connect, createParley]) {
      const fault = expect.objectContaining({
        code: "BAD_URL",
        isRetryable: false,
        message: expect.stringContaining(url),
      });
      expect(() => make({ url })).toThrow(fault);
      expect(() => make({ url })).toThrow(ParleyError);
      expect(() => make({ url })).toThrow("looks like https://parley.example");
    }
  },
);

test("a url with a name and a password in it is refused without being told", () => {
  const error = (() => {
    try {
      return createParley({ url: "https://alice:secret@parley.example" });
    } catch (error) {
      return error;
    }
  })();
  expect(error).toMatchObject({ code: "BAD_URL", message: expect.not.stringContaining("secret") });
});

test("a rejection is told from what was done", async () => {
  const { alice } = await given.people("alice");
  const refused = await alice.parley.conversationCreate({ labels: [""] });
  expect(isRejection(refused) && refused.code).toBe("INVALID_BODY");
  const begun = await alice.parley.conversationCreate({ subject: "Lunch" });
  expect(isRejection(begun) ? null : begun.conversation.subject).toBe("Lunch");
});

test("a Date is a time like any other", async () => {
  const { alice } = await given.people("alice");
  const expiresAt = new Date("2100-01-01T00:00:00Z");
  const { conversation } = await done(alice.parley.conversationCreate({ expiresAt }));
  expect(conversation.expiresAt).toBe(expiresAt.toISOString());
});

test("what the platform says at the top is thrown, with its code and all of its errors", async () => {
  const { alice } = await given.people("alice");
  const error: unknown = await alice.parley.request("{ nothing nobody }").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ParleyError);
  expect(error).toMatchObject({ name: "ParleyError", code: "GRAPHQL_VALIDATION_FAILED" });
  expect(error instanceof ParleyError && error.errors).toHaveLength(2);
});

test("a platform that is not there is UNREACHABLE; a stream waits for it, and says so", async () => {
  await using parley = createParley({ url: "http://127.0.0.1:1", token: "nonsense", tries: 1 });
  expect(await errorCodeOf(parley.viewer())).toBe("UNREACHABLE");
  const abort = new AbortController();
  const states: StreamState[] = [];
  const onState = (state: StreamState) => {
    states.push(state);
    if (state.is === "waiting") abort.abort();
  };
  expect(await parley.events({ signal: abort.signal, onState }).next()).toEqual({ done: true, value: undefined });
  expect(states).toMatchObject([{ is: "connecting" }, { is: "waiting", error: { code: "UNREACHABLE" } }]);
});

test.each([
  ["not JSON", 502, "<h1>Bad Gateway</h1>"],
  ["JSON, but no answer", 200, '{"hello": "world"}'],
  ["null", 200, "null"],
  ["neither data nor errors", 200, '{"data": null, "errors": []}'],
  ["without data", 200, '{"data": null}'],
])("an answer that is %s is BAD_ANSWER", async (_, status, text) => {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await using parley = createParley({ url: `http://127.0.0.1:${port}`, tries: 1 });
    expect(await errorCodeOf(parley.viewer())).toBe("BAD_ANSWER");
  } finally {
    server.close();
  }
});

test("requests go through the fetch that is given", async () => {
  const { alice } = await given.people("alice");
  const headers: Headers[] = [];
  await using parley = createParley({
    url: given.platform.url,
    token: alice.token,
    fetch: (url, options) => {
      headers.push(new Headers(options?.headers));
      return fetch(url, options);
    },
  });
  await parley.viewer();
  expect(headers.map((one) => one.get("authorization"))).toEqual([`Bearer ${alice.token}`]);
});

test("sockets are opened with the WebSocket that is given", async () => {
  const { alice } = await given.people("alice");
  const opened: string[] = [];
  class Watched extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      opened.push(String(url));
    }
  }
  await using parley = createParley({ url: given.platform.url, token: alice.token, WebSocket: Watched });
  const { cursor } = await parley.viewer();
  const conversation = await conversationOf(alice);
  const events = parley.events({ after: cursor, conversation });
  expect((await events.next()).value).toMatchObject({ __typename: "EventAdded" });
  await events.return();
  expect(opened).toEqual([`${given.platform.url.replace("http", "ws")}/graphql`]);
});

test("what happens comes in order, from the cursor on, of one conversation where one is named", async () => {
  const { alice } = await given.people("alice");
  const { cursor } = await alice.parley.viewer();
  const [here, there] = [await conversationOf(alice), await conversationOf(alice)];
  await said(alice, there, "Elsewhere");
  await said(alice, here, "Here");
  const head = await headOf(alice, here);
  const told: string[] = [];
  for await (const item of alice.parley.events({ after: cursor, conversation: here })) {
    if (item.__typename !== "EventAdded") continue;
    expect(item.conversation.hash).toBe(here);
    told.push(`${item.event.seq}`);
    if (item.event.seq === head) break;
  }
  expect(told).toEqual(Array.from({ length: head }, (_, index) => `${index + 1}`));
});

test("two loops run at once over one socket, and leaving one leaves the other alone", async () => {
  const { alice } = await given.people("alice");
  const { cursor } = await alice.parley.viewer();
  const conversation = await conversationOf(alice);
  const [one, two] = [alice.parley.events({ after: cursor }), alice.parley.events({ after: cursor })];
  expect((await one.next()).value).toMatchObject({ event: { seq: 1 } });
  expect((await two.next()).value).toMatchObject({ event: { seq: 1 } });
  await one.return();
  const message = await said(alice, conversation, "Still there?");
  for await (const item of two) if (item.__typename === "EventAdded" && item.event.hash === message) break;
});

test("a signal ends the stream without an error: before it begins, while it waits, and while it is read", async () => {
  const { alice } = await given.people("alice");
  expect(await alice.parley.events({ signal: AbortSignal.abort() }).next()).toEqual({ done: true, value: undefined });

  const waiting = new AbortController();
  const next = alice.parley.events({ signal: waiting.signal }).next();
  waiting.abort();
  expect(await next).toEqual({ done: true, value: undefined });

  const { cursor } = await alice.parley.viewer();
  await conversationOf(alice);
  const reading = new AbortController();
  let count = 0;
  for await (const _ of alice.parley.events({ after: cursor, signal: reading.signal })) {
    count++;
    reading.abort();
  }
  expect(count).toBe(1);
});

/** Sockets that the test can break. */
function kept() {
  const sockets: WebSocket[] = [];
  class Kept extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  return { sockets, WebSocket: Kept };
}

test("a stream whose connection breaks goes on where it was, each event once", async () => {
  const { alice } = await given.people("alice");
  const { sockets, WebSocket } = kept();
  await using parley = createParley({ url: given.platform.url, token: alice.token, WebSocket });
  const { cursor } = await parley.viewer();
  const conversation = await conversationOf(alice);
  const told: number[] = [];
  for await (const item of parley.events({ after: cursor })) {
    if (item.__typename !== "EventAdded") continue;
    told.push(item.event.seq);
    if (told.length === 2) {
      present(sockets[0]).close(4000, "broken");
      await said(alice, conversation, "Did you miss me?");
    }
    if (told.length === 3) break;
  }
  expect(told).toEqual([1, 2, 3]);
  expect(sockets).toHaveLength(2);
});

test("a stream over server-sent events tells the same", async () => {
  const { alice } = await given.people("alice");
  await using parley = createParley({ url: given.platform.url, token: alice.token, transport: "eventStream" });
  const { cursor } = await parley.viewer();
  const conversation = await conversationOf(alice);
  const told: number[] = [];
  const states: StreamState[] = [];
  for await (const item of parley.events({ after: cursor, onState: (state) => states.push(state) })) {
    if (item.__typename !== "EventAdded") continue;
    told.push(item.event.seq);
    if (told.length === 2) await said(alice, conversation, "And live");
    if (told.length === 3) break;
  }
  expect(told).toEqual([1, 2, 3]);
  expect(states).toEqual([{ is: "connecting" }, { is: "connected", over: "eventStream" }]);
});

test("where no WebSocket gets through, a stream finds its way", async () => {
  const { alice } = await given.people("alice");
  class Blocked extends WebSocket {
    constructor() {
      super("ws://127.0.0.1:1");
    }
  }
  await using parley = createParley({ url: given.platform.url, token: alice.token, WebSocket: Blocked });
  const { cursor } = await parley.viewer();
  await conversationOf(alice);
  expect((await parley.events({ after: cursor }).next()).value).toMatchObject({ event: { seq: 1 } });
});

test.each(["webSocket", "eventStream"] as const)(
  "over %s, a token that nobody gave out, a cursor that is none and a conversation that is not one's end the stream",
  async (transport) => {
    const { alice, bob } = await given.people("alice", "bob");
    const { url } = given.platform;
    const conversation = await conversationOf(bob);
    await using stranger = createParley({ url, token: "parley_nonsense", transport });
    expect(await errorCodeOf(stranger.events().next())).toBe("UNAUTHENTICATED");
    expect(await errorCodeOf(stranger.events({ after: "anything" }).next())).toBe("UNAUTHENTICATED");
    await using parley = createParley({ url, token: alice.token, transport });
    expect(await errorCodeOf(parley.events({ after: "nonsense" }).next())).toBe("BAD_USER_INPUT");
    expect(await errorCodeOf(parley.events({ conversation }).next())).toBe("BAD_USER_INPUT");
  },
);

/** A cursor that is too old to be resumed after: with it, the platform says that there is a gap. */
const longAgo = () => Buffer.from(`t${(Date.now() - 48 * 3_600_000) * 1_000}`).toString("base64url");

test("a gap is filled from the logs of the conversations that are named, and the stream goes on", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const [long, short, hidden] = [await conversationOf(alice), await conversationOf(alice), await conversationOf(bob)];
  // More than two pages of a log.
  for (let count = 0; count < 205; count++) await said(alice, long, `${count}`);
  const head = await headOf(alice, long);
  const told = new Map<string | null, number[]>();
  const stream = alice.parley.events({
    after: longAgo(),
    onGap: () => [
      { conversation: long, seq: 3 },
      { conversation: short, seq: 0 },
      { conversation: hidden, seq: 0 },
    ],
  });
  for await (const item of stream) {
    if (item.__typename !== "EventAdded") throw new Error(`${item.__typename} where events were to come`);
    const seqs = told.get(item.conversation.hash) ?? [];
    told.set(item.conversation.hash, [...seqs, item.event.seq]);
    if (item.conversation.hash === short && item.event.seq === 2) await said(alice, short, "Live again");
    if (item.conversation.hash === short && item.event.seq === 3) break;
  }
  expect([...told]).toEqual([
    [long, Array.from({ length: head - 3 }, (_, index) => index + 4)],
    [short, [1, 2, 3]],
  ]);
});

test("a gap that nobody fills is told, once", async () => {
  const { alice } = await given.people("alice");
  const { sockets, WebSocket } = kept();
  await using parley = createParley({ url: given.platform.url, token: alice.token, WebSocket });
  const conversation = await conversationOf(alice);
  const after = longAgo();
  const told: string[] = [];
  for await (const item of parley.events({ after, conversation })) {
    told.push(item.__typename);
    if (item.__typename === "EventAdded") break;
    expect(item).toEqual({ __typename: "Gap", cursor: after });
    present(sockets[0]).close(4000, "broken");
    await said(alice, conversation);
  }
  expect(told).toEqual(["Gap", "EventAdded"]);
});

test("a mutation whose answer is lost on the way is done once", async () => {
  const { alice } = await given.people("alice");
  let isLost = false;
  const losing: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (isLost || !String(init?.body).includes("mutation")) return response;
    isLost = true;
    throw new TypeError("fetch failed");
  };
  await using parley = createParley({ url: given.platform.url, token: alice.token, fetch: losing });
  const conversation = await conversationOf(alice);
  const { event } = await done(parley.messageAdd({ conversation, body: "Once" }));
  expect(isLost).toBe(true);
  expect(present(event).seq).toBe(await headOf(alice, conversation));
  expect((await parley.messages({ conversation }))?.messages.edges).toHaveLength(1);
});

test("disposing a client closes its socket and ends its loops", async () => {
  const { alice } = await given.people("alice");
  const parley = createParley({ url: given.platform.url, token: alice.token });
  const { cursor } = await parley.viewer();
  await conversationOf(alice);
  const events = parley.events({ after: cursor });
  await events.next();
  const rest = (async () => {
    for await (const _ of events);
    return "ended";
  })();
  await parley.close();
  expect(await rest).toBe("ended");
});
