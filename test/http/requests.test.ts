// What is no request is refused, with a 4xx that says what to send.
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bodyBytesMax } from "../../src/http/body.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { queryString } from "./transports.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform({ worker: false });
});
afterAll(() => platform[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };
const hello = JSON.stringify({ query: "{ __typename }" });

/** @returns the status and what the first error says */
const told = async (
  path: string,
  init: RequestInit,
): Promise<{ status: number; message: string; allow: string | null }> => {
  const response = await fetch(platform.url + path, { redirect: "manual", ...init });
  expect(response.headers.get("content-type")).toMatch(/^application\/(graphql-response\+)?json; charset=utf-8$/);
  const body = JSON.parse(await response.text());
  return { status: response.status, message: body.errors[0].message, allow: response.headers.get("allow") };
};

const post = (body: string | Buffer, headers: Record<string, string> = json) =>
  told("/graphql", { method: "POST", headers, body });

test("a mutation by GET, also as a stream, is 405 and nothing is done", async () => {
  const path = `/graphql?${queryString({ query: "mutation { __typename }" })}`;
  for (const accept of ["application/json", "application/graphql-response+json", "text/event-stream"]) {
    expect(await told(path, { headers: { accept } })).toEqual({
      status: 405,
      message: "Send mutations by POST.",
      allow: "POST",
    });
  }
});

test.each(["PUT", "DELETE", "PATCH", "OPTIONS"])("%s is 405", async (method) => {
  expect(await told("/graphql", { method })).toEqual({
    status: 405,
    message: "Use POST, or GET for queries.",
    allow: "GET, POST",
  });
});

test.each([
  ["a form", "application/x-www-form-urlencoded", "query=%7B__typename%7D"],
  [
    "multipart",
    "multipart/form-data; boundary=x",
    '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{__typename}"}\r\n--x--\r\n',
  ],
  ["plain text", "text/plain", hello],
  ["GraphQL itself", "application/graphql", "{ __typename }"],
  ["another charset", "application/json; charset=latin1", hello],
  ["something like JSON", "application/json-patch+json", hello],
  ["nothing", "", hello],
])("%s for a body is 415", async (_, type, body) => {
  expect(await post(Buffer.from(body), { "content-type": type })).toMatchObject({
    status: 415,
    message: expect.stringContaining("application/json"),
  });
});

test("a compressed body is 415", async () => {
  expect(await post(hello, { ...json, "content-encoding": "gzip" })).toMatchObject({
    status: 415,
    message: expect.stringContaining("not compressed"),
  });
});

test.each([
  ["nothing", ""],
  ["half of JSON", '{"query":"{__typen'],
  ["no JSON", "{ __typename }"],
  ["wrong UTF-8", Buffer.from("7b227175657279223a2223ffc08022", "hex")],
])("%s for a body is 400", async (_, body) => {
  expect(await post(body)).toMatchObject({
    status: 400,
    message: expect.stringMatching(/not JSON in UTF-8.*Send \{query/),
  });
});

describe.each([
  ["null", null, "This"],
  ["a text", "{ __typename }", "This"],
  ["nothing of a request", {}, "`query`"],
  ["no text for `query`", { query: ["{ __typename }"] }, "`query`"],
  ["null for `query`", { query: null }, "`query`"],
  ["a list for `variables`", { query: "{ __typename }", variables: [] }, "`variables`"],
  ["a text for `variables`", { query: "{ __typename }", variables: "{}" }, "`variables`"],
  ["a number for `operationName`", { query: "{ __typename }", operationName: 1 }, "`operationName`"],
  ["a text for `extensions`", { query: "{ __typename }", extensions: "x" }, "`extensions`"],
])("%s", (_, value, named) => {
  test.each(["application/json", "text/event-stream"])("is 400, accepting %s", async (accept) => {
    expect(await post(JSON.stringify(value), { ...json, accept })).toMatchObject({
      status: 400,
      message: `${named} is ${named === "This" ? "" : "missing or "}something else. Send {query, variables, operationName}: a text, an object and a text.`,
    });
  });
});

test("a batch is 400", async () => {
  expect(await post(`[${hello},${hello}]`)).toMatchObject({
    status: 400,
    message: expect.stringContaining("one operation per request"),
  });
});

test.each([
  ["", "`query` is missing"],
  ["variables=%7B%7D", "`query` is missing"],
  ["query=%7B__typename%7D&variables=%7B", "`variables` is not JSON"],
  ["query=%7B__typename%7D&variables=[]", "`variables` is missing or something else"],
])("a GET with ?%s is 400", async (search, message) => {
  expect(await told(`/graphql?${search}`, {})).toMatchObject({
    status: 400,
    message: expect.stringContaining(message),
  });
});

test("variables from JSON do not reach into the process", async () => {
  const body =
    '{"query":"{__typename}","variables":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}';
  const response = await fetch(`${platform.url}/graphql`, { method: "POST", headers: json, body });
  expect(response.status).toBe(200);
  expect("polluted" in {}).toBe(false);
});

test("a subscription by plain POST or GET is refused at once, and told where to go", async () => {
  const query = "subscription { events { __typename } }";
  const message = expect.stringContaining("text/event-stream");
  expect(await post(JSON.stringify({ query }))).toMatchObject({ status: 406, message });
  expect(await told(`/graphql?${queryString({ query })}`, {})).toMatchObject({ status: 406, message });
});

describe("a body that is too large", () => {
  const tooLarge = { status: 413, message: "A request may have 2 MiB at most." };

  test("and says so is 413", async () => {
    expect(await post("x".repeat(bodyBytesMax + 1))).toMatchObject(tooLarge);
  });

  test("and comes in chunks is 413, and not kept in memory", async () => {
    const chunk = new Uint8Array(64 * 1024);
    let left = 64 * 16;
    const body = new ReadableStream<Uint8Array>({ pull: (to) => (left-- > 0 ? to.enqueue(chunk) : to.close()) });
    const before = process.memoryUsage().arrayBuffers;
    // `duplex`: undici's, and not yet in the types.
    expect(await told("/graphql", { method: "POST", headers: json, body, ...{ duplex: "half" } })).toMatchObject(
      tooLarge,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  });

  test("is taken up to the limit", async () => {
    const padding = " ".repeat(bodyBytesMax - hello.length);
    const response = await fetch(`${platform.url}/graphql`, { method: "POST", headers: json, body: hello + padding });
    expect(response.status).toBe(200);
  });
});

/** Sends bytes, and answers with all that comes back until the connection ends. */
const raw = async (bytes: string): Promise<string> => {
  const socket = connect(Number(new URL(platform.url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => {
    answer += String(data);
  });
  socket.on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  return answer;
};

test.each([
  ["no HTTP", "hello\r\n\r\n", /^HTTP\/1.1 400 /],
  ["headers that are too large", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
  [
    "an upgrade elsewhere",
    "GET /elsewhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    /^HTTP\/1.1 404 /,
  ],
  [
    "an upgrade of an odd target",
    "GET // HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    /^HTTP\/1.1 404 /,
  ],
  [
    "an upgrade without a key",
    "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    /^HTTP\/1.1 400 /,
  ],
  ["an odd target", "GET // HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", /^HTTP\/1.1 404 /],
  [
    "an offer of HTTP/2",
    "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n",
    /^HTTP\/1.1 200 /,
  ],
])("%s is answered, and the process serves on", async (_, bytes, answer) => {
  expect(await raw(bytes)).toMatch(answer);
  expect((await fetch(`${platform.url}/healthz`)).status).toBe(200);
});
