// What Prometheus reads of a running platform.
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { get, openSocket, openStream, post } from "./transports.ts";

const read = async ({ metricsUrl }: TestPlatform): Promise<readonly string[]> => {
  const response = await fetch(`${metricsUrl}/metrics`);
  expect(response.headers.get("content-type")).toContain("text/plain");
  return (await response.text()).split("\n");
};

/** Of a series: its value; null where there is none. */
const sampleOf = (lines: readonly string[], series: string): number | null => {
  const line = lines.find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
};

const counted = (operation: string, transport: string, outcome = "ok"): string =>
  `parley_operation_seconds_count{operation="${operation}",transport="${transport}",outcome="${outcome}"}`;

const publish = {
  query: 'mutation { conversationCreate(input: { subject: "Lunch", publish: true }) { __typename } }',
};
const listen = { query: "subscription Mine { events { __typename } }" };

test("operations are counted by root field and transport, never by what the client calls them", async () => {
  await using platform = await startPlatform({ metrics: true });
  const { token } = await platform.person("alice");
  await get(platform.url, { query: "query A { viewer { cursor } }", operationName: "A" }, token);
  await post(
    platform.url,
    { query: "query B { you: viewer { cursor } ...F } fragment F on Query { viewer { cursor } }" },
    token,
  );
  await post(platform.url, { query: "{ viewer { cursor } conversations { edges { cursor } } }" }, token);
  await post(platform.url, { query: "{ __schema { queryType { name } } }" });
  await post(platform.url, { query: "{ viewer { cursor } }" });
  await post(platform.url, { query: "{ nothing }" });
  await fetch(`${platform.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  await post(platform.url, { query: "{ viewer { cursor } }" }, "unknown");
  await using socket = await openSocket(platform.url, { params: { token } });
  socket.send({ type: "subscribe", id: "1", payload: { query: "query C { viewer { cursor } }" } });
  await socket.next();
  const lines = await read(platform);
  const operations = lines.filter((line) => line.startsWith("parley_operation_seconds_count"));
  expect(operations.toSorted()).toEqual(
    [
      `${counted("viewer", "http")} 2`,
      `${counted("several", "http")} 1`,
      `${counted("introspection", "http")} 1`,
      `${counted("viewer", "http", "refused")} 1`,
      `${counted("none", "http", "refused")} 3`,
      `${counted("viewer", "websocket")} 1`,
    ].toSorted(),
  );
});

test("streams, sockets, lag, appends and the outbox are told", async () => {
  await using platform = await startPlatform({ metrics: true });
  const { token } = await platform.person("alice");
  const stream = await openStream(platform.url, listen, { token });
  const socket = await openSocket(platform.url, { params: { token } });
  socket.send({ type: "subscribe", id: "1", payload: listen });
  // Answered after it on the same socket: once it is, the subscription stands.
  socket.send({ type: "subscribe", id: "2", payload: { query: "{ viewer { cursor } }" } });
  await socket.next();
  await post(platform.url, publish, token);
  // The first has been sent when the second comes.
  for (let events = 0; events < 2; events++) await stream.result();
  await platform.core.announcer.idle();
  const lines = await read(platform);
  expect(sampleOf(lines, 'parley_streams{transport="sse"}')).toBe(1);
  expect(sampleOf(lines, 'parley_streams{transport="websocket"}')).toBe(1);
  expect(sampleOf(lines, counted("events", "sse"))).toBe(1);
  expect(sampleOf(lines, counted("events", "websocket"))).toBe(1);
  expect(sampleOf(lines, "parley_sockets")).toBe(1);
  expect(sampleOf(lines, "parley_append_batch_requests_count")).toBe(1);
  expect(sampleOf(lines, "parley_stream_lag_seconds_count")).toBeGreaterThanOrEqual(1);
  expect(sampleOf(lines, "parley_stream_lag_seconds_sum")).toBeLessThan(10);
  expect(sampleOf(lines, "parley_outbox_events")).toBe(0);
  expect(sampleOf(lines, "parley_outbox_age_seconds")).toBe(0);
  expect(sampleOf(lines, "parley_database_up")).toBe(1);
  expect(sampleOf(lines, "parley_bus_up")).toBe(1);

  await stream[Symbol.asyncDispose]();
  await socket[Symbol.asyncDispose]();
  await expect
    .poll(async () => {
      const after = await read(platform);
      return ['parley_streams{transport="sse"}', 'parley_streams{transport="websocket"}', "parley_sockets"].map((one) =>
        sampleOf(after, one),
      );
    })
    .toEqual([0, 0, 0]);
});

test("without the database the metrics are still there, and say so; another path is 404", async () => {
  const database = await createTestDatabase();
  await using platform = await startPlatform({ databaseUrl: database.url, worker: false, metrics: true });
  await database[Symbol.asyncDispose]();
  expect(sampleOf(await read(platform), "parley_database_up")).toBe(0);
  expect(await (await fetch(`${platform.metricsUrl}/healthz`)).text()).toBe("ok\n");
  expect((await fetch(`${platform.metricsUrl}/graphql`)).status).toBe(404);
});

test("unless they are asked for there are none, and never where GraphQL is", async () => {
  await using platform = await startPlatform({ worker: false });
  expect(platform.metricsUrl).toBeNull();
  await using measured = await startPlatform({ databaseUrl: platform.databaseUrl, worker: false, metrics: true });
  expect((await fetch(`${measured.url}/metrics`)).status).toBe(404);
});

test("a job is counted and logged with the id of the request that it came of", async () => {
  const { promise: line, resolve } = Promise.withResolvers<string>();
  await using platform = await startPlatform({
    metrics: true,
    log: { write: (text) => text.includes("a job is done") && text.includes("erase-bodies") && resolve(text) },
  });
  const { token } = await platform.person("alice");
  const asked = async (query: string) => {
    const response = await fetch(`${platform.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${token}`,
        "x-request-id": "removal-7",
      },
      body: JSON.stringify({ query }),
    });
    expect(response.headers.get("x-request-id")).toBe("removal-7");
    return (await response.json()) as { data: { said: { item: { hash: string }; conversation: { hash: string } } } };
  };
  const { data } = (await asked(`mutation {
    conversationCreate(input: { subject: "Lunch", publish: true }) { ... on ConversationCreatePayload { conversation { hash } } }
  }`)) as unknown as { data: { conversationCreate: { conversation: { hash: string } } } };
  const conversation = data.conversationCreate.conversation.hash;
  const said = await asked(
    `mutation { said: messageAdd(input: { conversation: "${conversation}", body: "Hi" }) { ... on MessageAddPayload { item { hash } } } }`,
  );
  await asked(
    `mutation { messageRemove(input: { conversation: "${conversation}", message: "${said.data.said.item.hash}" }) { __typename } }`,
  );
  expect(JSON.parse(await line)).toMatchObject({ name: "worker", task: "erase-bodies", requestId: "removal-7" });
  expect(sampleOf(await read(platform), 'parley_task_seconds_count{task="erase-bodies",outcome="ok"}')).toBe(1);
});

test("a fault is logged under the request's id, over HTTP and over a WebSocket", async () => {
  const lines: string[] = [];
  await using platform = await startPlatform({ worker: false, log: { write: (text) => void lines.push(text) } });
  const { token } = await platform.person("alice");
  const { pool } = platform.core.database;
  await pool.query("ALTER TABLE conversation RENAME TO lost");
  const query = '{ conversation(hash: "x") { subject } }';
  const answer = await fetch(`${platform.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: query.replace("x", "A".repeat(43)) }),
  });
  const given = answer.headers.get("x-request-id");
  await answer.text();
  const failed = lines.map((line) => JSON.parse(line) as { msg: string; requestId?: string });
  expect(failed).toMatchObject([{ msg: "a request failed", requestId: given }]);
  lines.length = 0;
  await using socket = await openSocket(platform.url, { params: { token } });
  socket.send({ type: "subscribe", id: "1", payload: { query: query.replace("x", "A".repeat(43)) } });
  await socket.next();
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ]);
  await pool.query("ALTER TABLE lost RENAME TO conversation");
});

test("a fault of a stream is logged under the id of who opened it, and not of who spoke", async () => {
  const lines: string[] = [];
  await using platform = await startPlatform({ worker: false, log: { write: (text) => void lines.push(text) } });
  const { token } = await platform.person("alice");
  const { pool } = platform.core.database;
  await pool.query("ALTER TABLE attempt RENAME TO lost");
  const stream = await fetch(`${platform.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${token}`,
      "x-request-id": "stream-7",
    },
    body: JSON.stringify({
      query: "subscription { events { ... on EventAdded { event { deliveries { status } } } } }",
    }),
  });
  await post(platform.url, publish, token);
  const failed = () =>
    lines
      .map((line) => JSON.parse(line) as { msg: string; requestId?: string })
      .filter(({ msg }) => msg === "a request failed");
  await expect.poll(() => failed().length).toBeGreaterThan(0);
  await stream.body?.cancel();
  expect(new Set(failed().map(({ requestId }) => requestId))).toEqual(new Set(["stream-7"]));
  await pool.query("ALTER TABLE lost RENAME TO attempt");
});
