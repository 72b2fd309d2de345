// What the stream goes over: connections that die silently, that are never taken, and readers that are slow.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { overEventStream } from "../../sdk/src/over-event-stream.ts";
import { overWebSocket } from "../../sdk/src/over-websocket.ts";
import { eitherTransport, type Transport } from "../../sdk/src/transport.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const endpoint = new URL("https://parley.test/graphql");
const never = new AbortController().signal;
const lasting = { signal: never, onConnected: () => {} };
const codeOf = (promise: Promise<unknown>) => promise.then(String, ({ code }: { code: string }) => code);

/** Sockets of a test: what the platform would say is said by the test. */
function sockets(onOpen: (socket: Socket) => void = (socket) => socket.take()) {
  const opened: Socket[] = [];
  class Socket {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readyState = 0;
    readonly url: string;
    readonly sent: { readonly type: string; readonly id?: string; readonly payload?: unknown }[] = [];
    onopen: () => void = () => {};
    onmessage: (message: { data: string }) => void = () => {};
    onclose: ((event: { code: number; reason: string }) => void) | null = null;
    onerror: unknown = null;
    closedWith: number | undefined;
    constructor(url: string) {
      this.url = url;
      opened.push(this);
      queueMicrotask(() => onOpen(this as unknown as Socket));
    }
    send(text: string) {
      this.sent.push(JSON.parse(text));
    }
    close(code = 1000) {
      this.closedWith ??= code;
      this.readyState = 3;
      this.onclose?.({ code, reason: "" });
    }
    say(message: object) {
      this.onmessage({ data: JSON.stringify(message) });
    }
    take() {
      this.readyState = 1;
      this.onopen();
      queueMicrotask(() => this.say({ type: "connection_ack" }));
    }
    /** Gives the subscription that was begun last. */
    next(data: unknown) {
      const id = this.sent.findLast(({ type }) => type === "subscribe")?.id;
      this.say({ type: "next", id, payload: { data } });
    }
  }
  return { opened, WebSocket: Socket };
}
type Socket = InstanceType<ReturnType<typeof sockets>["WebSocket"]>;

const overSockets = (WebSocket: unknown, token?: string) => overWebSocket({ endpoint, token, WebSocket });

test("a socket goes to where the endpoint is, with the token in its first message", async () => {
  const { opened, WebSocket } = sockets();
  const answers = overSockets(WebSocket, "secret").subscribe("subscription", { after: "c" }, lasting);
  const first = answers.next();
  await vi.advanceTimersByTimeAsync(1);
  opened[0]?.next("one");
  expect(await first).toEqual({ done: false, value: "one" });
  expect(opened[0]?.url).toBe("wss://parley.test/graphql");
  expect(opened[0]?.sent).toMatchObject([
    { type: "connection_init", payload: { token: "secret" } },
    { type: "subscribe", payload: { query: "subscription", variables: { after: "c" } } },
  ]);
  await answers.return();
});

test("a socket that answers no ping is dead", async () => {
  const { opened, WebSocket } = sockets();
  const ended = codeOf(overSockets(WebSocket).subscribe("", {}, lasting).next());
  await vi.advanceTimersByTimeAsync(15_001);
  expect(opened[0]?.sent.at(-1)).toEqual({ type: "ping" });
  opened[0]?.say({ type: "pong" });
  await vi.advanceTimersByTimeAsync(15_001);
  expect(opened[0]?.sent.filter(({ type }) => type === "ping")).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(9_990);
  expect(opened[0]?.readyState).toBe(1);
  await vi.advanceTimersByTimeAsync(10);
  expect(await ended).toBe("UNREACHABLE");
  expect(opened[0]?.closedWith).toBe(4499);
});

test.each([
  ["opens", () => {}],
  [
    "is taken",
    (socket: Socket) => {
      socket.readyState = 1;
      socket.onopen();
    },
  ],
])("a socket that never %s is given up after ten seconds", async (_, onOpen) => {
  const { WebSocket } = sockets(onOpen);
  const onConnected = vi.fn();
  const ended = codeOf(overSockets(WebSocket).subscribe("", {}, { signal: never, onConnected }).next());
  await vi.advanceTimersByTimeAsync(10_001);
  expect(await ended).toBe("UNREACHABLE");
  expect(onConnected).not.toHaveBeenCalled();
});

test("what waits for a slow reader is bounded: then the connection ends, with nothing left out before", async () => {
  const { opened, WebSocket } = sockets();
  const answers = overSockets(WebSocket).subscribe("", {}, lasting);
  const first = answers.next();
  await vi.advanceTimersByTimeAsync(1);
  for (let count = 0; count < 5_000; count++) opened[0]?.next(count);
  expect((await first).value).toBe(0);
  const told: unknown[] = [0];
  for await (const answer of answers) told.push(answer);
  expect(told).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
});

test("a token that is not taken is UNAUTHENTICATED; any other close is a broken connection", async () => {
  for (const [closeCode, code] of [
    [4403, "UNAUTHENTICATED"],
    [1001, "UNREACHABLE"],
    [1006, "UNREACHABLE"],
    [4500, "UNREACHABLE"],
  ] as const) {
    const { WebSocket } = sockets((socket) => socket.close(closeCode));
    expect(await codeOf(overSockets(WebSocket).subscribe("", {}, lasting).next())).toBe(code);
  }
});

test("where there are no WebSockets, a stream over one is UNREACHABLE, and nothing breaks before it is asked for", async () => {
  expect(await codeOf(overSockets("no class").subscribe("", {}, lasting).next())).toBe("UNREACHABLE");
});

/** A stream of server-sent events that the test writes. */
function eventStream() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const requests: Request[] = [];
  const fetch = async (url: unknown, init?: RequestInit) => {
    requests.push(new Request(String(url), init));
    const body = new ReadableStream<Uint8Array>({
      start: (one) => {
        controller = one;
        init?.signal?.addEventListener("abort", () => one.error(init.signal?.reason));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  };
  const write = (text: string | Uint8Array) =>
    controller?.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
  return { fetch, requests, write, end: () => controller?.close() };
}

const told = async (answers: AsyncIterable<unknown>) => {
  const all: unknown[] = [];
  for await (const answer of answers) all.push(answer);
  return all;
};

test("events are read however the network cuts them", async () => {
  const stream = eventStream();
  const answers = overEventStream({ endpoint, token: "secret", fetch: stream.fetch });
  const all = told(answers.subscribe("subscription", {}, lasting));
  await vi.advanceTimersByTimeAsync(1);
  const text =
    'id: x\nevent: next\ndata: {"data":"grüße"}\n\n:\n\nevent: next\r\ndata: {"data":2}\r\n\r\nevent: complete\ndata:\n\n';
  for (const byte of new TextEncoder().encode(text)) stream.write(Uint8Array.of(byte));
  expect(await all).toEqual(["grüße", 2]);
  expect(stream.requests[0]?.headers.get("accept")).toBe("text/event-stream");
  expect(stream.requests[0]?.headers.get("authorization")).toBe("Bearer secret");
});

test("a stream that is silent, even of heartbeats, is dead; a slow reader is not taken for one", async () => {
  const stream = eventStream();
  const answers = overEventStream({ endpoint, token: undefined, fetch: stream.fetch }).subscribe("", {}, lasting);
  const first = answers.next();
  await vi.advanceTimersByTimeAsync(40_000);
  stream.write(":\n\n");
  await vi.advanceTimersByTimeAsync(40_000);
  stream.write('data: {"data":1}\n\ndata: {"data":2}\n\n');
  expect((await first).value).toBe(1);
  await vi.advanceTimersByTimeAsync(300_000);
  expect((await answers.next()).value).toBe(2);
  const ended = codeOf(answers.next());
  await vi.advanceTimersByTimeAsync(45_000);
  expect(await ended).toBe("UNREACHABLE");
});

test.each([
  [
    "an error of the platform",
    { errors: [{ message: "No.", extensions: { code: "UNAUTHENTICATED" } }] },
    "UNAUTHENTICATED",
  ],
  ["an answer that is no stream", { data: { events: 1 } }, "BAD_ANSWER"],
  ["a page", "<h1>Log in</h1>", "BAD_ANSWER"],
])("%s in place of a stream is thrown", async (_, body, code) => {
  const fetch = async () => new Response(typeof body === "string" ? body : JSON.stringify(body));
  expect(await codeOf(overEventStream({ endpoint, token: undefined, fetch }).subscribe("", {}, lasting).next())).toBe(
    code,
  );
});

/** A transport of the test's that is taken or not. */
function trying(tried: string[]) {
  const works = { webSocket: true, eventStream: true };
  const one = (name: "webSocket" | "eventStream"): Transport => ({
    async *subscribe(_document, _variables, { onConnected }) {
      tried.push(name);
      if (works[name]) onConnected(name);
      yield* [];
    },
    close: async () => {},
  });
  const either = eitherTransport(one("webSocket"), one("eventStream"));
  return { works, once: () => told(either.subscribe("", {}, lasting)) };
}

test("where no socket gets through it stays with event streams, until they do not get through either", async () => {
  const tried: string[] = [];
  const { works, once } = trying(tried);
  works.webSocket = false;
  for (let times = 0; times < 4; times++) await once();
  expect(tried.splice(0)).toEqual(["webSocket", "eventStream", "eventStream", "eventStream"]);
  works.eventStream = false;
  for (let times = 0; times < 4; times++) await once();
  expect(tried).toEqual(["eventStream", "webSocket", "eventStream", "webSocket"]);
});

test("where sockets have got through, an event stream is but a stopgap", async () => {
  const tried: string[] = [];
  const { works, once } = trying(tried);
  await once();
  works.webSocket = false;
  await once();
  await once();
  works.webSocket = true;
  await once();
  expect(tried).toEqual(["webSocket", "webSocket", "eventStream", "webSocket"]);
});
