// How an API process stops: nothing in flight is cut, nothing holds it up.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { startApi } from "./api.ts";
import { openSocket, openStream, post } from "./transports.ts";

const publish = { query: 'mutation { conversationCreate(input: { subject: "Lunch", publish: true }) { __typename } }' };
const done = { data: { conversationCreate: { __typename: "ConversationCreatePayload" } } };
const listen = { query: "subscription { events { __typename } }" };

test("a request in flight is answered, and no new one is taken", async () => {
  await using api = await startApi();
  const { token } = await api.platform.person("alice");
  const held = api.hold();
  const answer = post(api.url, publish, token);
  await held;
  const stopped = api.stop();
  await expect(post(api.url, publish, token)).rejects.toThrow();
  api.release();
  expect(await answer).toEqual({ status: 200, result: done });
  await stopped;
  expect(api.logged).toEqual([]);
});

test("a mutation in flight over a WebSocket is answered, then the socket is closed with 1001", async () => {
  await using api = await startApi();
  const { token } = await api.platform.person("alice");
  const socket = await openSocket(api.url, { params: { token } });
  const held = api.hold();
  socket.send({ type: "subscribe", id: "1", payload: publish });
  await held;
  const stopped = api.stop();
  socket.send({ type: "subscribe", id: "2", payload: publish });
  expect(await socket.next()).toMatchObject({
    id: "2",
    type: "error",
    payload: [{ extensions: { code: "STOPPING" } }],
  });
  api.release();
  expect(await socket.next()).toMatchObject({ id: "1", type: "next", payload: done });
  expect(await socket.closed).toEqual({ code: 1001, reason: "Going away. Connect again." });
  await stopped;
});

test("streams and sockets are ended, without `complete`, so that clients come again", async () => {
  await using api = await startApi();
  const { token } = await api.platform.person("alice");
  const stream = await openStream(api.url, listen, { token });
  const socket = await openSocket(api.url, { params: { token } });
  socket.send({ type: "subscribe", id: "1", payload: listen });
  await expect.poll(() => api.subscribers.size).toBe(2);
  await api.stop();
  expect(await stream.next()).toBeNull();
  expect(await socket.closed).toMatchObject({ code: 1001 });
  await expect(socket.next()).rejects.toThrow("closed");
  expect(api.subscribers.size).toBe(0);
  expect(api.logged).toEqual([]);
});

test("a socket whose client does not answer holds it up for a second, not more", async () => {
  await using api = await startApi();
  const socket = await openSocket(api.url);
  socket.webSocket.pause();
  await api.stop();
  socket.webSocket.resume();
  expect(await socket.closed).toMatchObject({ code: 1001 });
});

test("a connection that is idle, or that never sends a request, does not hold it up", async () => {
  await using api = await startApi({ stopWithinMs: 60_000 });
  await post(api.url, { query: "{ __typename }" });
  const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
  await once(socket, "connect");
  const ended = once(socket, "close");
  await api.stop();
  await ended;
  expect(api.logged).toEqual([]);
});

test("a request of which only a part came is cut when the time is over, and that is logged", async () => {
  await using api = await startApi({ stopWithinMs: 200 });
  const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
  socket.on("error", () => {});
  const continued = once(socket, "data");
  socket.write(
    "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n",
  );
  expect(String(await continued)).toContain("100 Continue");
  const ended = once(socket, "close");
  await api.stop();
  await ended;
  expect(api.logged.join()).toContain("requests were still in flight");
});

test("a client that sends its headers or its body too slowly is cut", async () => {
  await using api = await startApi({ receiveWithinMs: 300 });
  for (const begun of [
    "GET / HTTP/1.1\r\nhost:",
    "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  ]) {
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    let answer = "";
    socket.on("data", (data) => {
      answer += String(data);
    });
    socket.write(begun);
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
  }
  expect(api.logged).toEqual([]);
});
