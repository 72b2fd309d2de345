// Known attacks on GraphQL servers, each over each transport that can carry it: refused or harmless, quickly, and the
// process serves on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { openSocket } from "../http/transports.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";

const attackSchema = z.object({
  id: z.string(),
  why: z.string(),
  expect: z.string(),
  method: z.string().default("POST"),
  headers: z.record(z.string(), z.string()).default({ "content-type": "application/json" }),
  json: z.unknown().optional(),
  raw: z.string().optional(),
  raw_base64: z.string().optional(),
  query_string: z.record(z.string(), z.string()).optional(),
});
type Attack = z.infer<typeof attackSchema>;

const path = join(process.env["PARLEY_TEST_DATA"] ?? "", "bad-input/graphql-attacks.json");
const attacks = z.array(attackSchema).parse(JSON.parse(readFileSync(path, "utf8")));

/** Within which each is answered. */
const withinMs = 2_000;
const growthBytesMax = 16 * 1024 * 1024;

let platform: TestPlatform;
let token: string;
beforeAll(async () => {
  platform = await startPlatform();
  ({ token } = await platform.person("alice"));
});
afterAll(() => platform[Symbol.asyncDispose]());

const bodyOf = ({ json, raw, raw_base64 }: Attack): Buffer =>
  raw_base64 === undefined ? Buffer.from(raw ?? JSON.stringify(json) ?? "") : Buffer.from(raw_base64, "base64");

interface Outcome {
  readonly status: number;
  readonly text: string;
}

const overHttp = async (attack: Attack, accept: string): Promise<Outcome> => {
  const search = attack.query_string ? `?${new URLSearchParams(attack.query_string)}` : "";
  const response = await fetch(`${platform.url}/graphql${search}`, {
    method: attack.method,
    headers: { ...attack.headers, accept, authorization: `Bearer ${token}` },
    body: attack.method === "GET" ? null : bodyOf(attack),
    signal: AbortSignal.timeout(withinMs),
  });
  return { status: response.status, text: await response.text() };
};

/** As the payload of a `subscribe` message; what closes the socket counts as 4xx where it is the client's fault. */
const overWebSocket = async (attack: Attack): Promise<Outcome> => {
  const socket = await openSocket(platform.url, { params: { token } });
  socket.send(`{"type":"subscribe","id":"1","payload":${bodyOf(attack).toString()}}`);
  const late = AbortSignal.timeout(withinMs);
  const text = await Promise.race([
    socket.next().then(
      (message) => JSON.stringify({ [message.type === "error" ? "errors" : "result"]: message.payload }),
      () => "",
    ),
    new Promise<never>((_, reject) => late.addEventListener("abort", () => reject(late.reason))),
  ]);
  socket.webSocket.close();
  const { code } = await socket.closed;
  return { status: code === 4400 ? 400 : code >= 4500 || code === 1011 ? 500 : 200, text };
};

const check = (attack: Attack, { status, text }: Outcome) => {
  expect(status).toBeLessThan(500);
  expect(text).not.toContain("INTERNAL_SERVER_ERROR");
  const isRefused = status >= 400 || /"errors":/.test(text);
  switch (attack.expect) {
    case "limited":
    case "rejected":
    case "validation-error":
      expect(isRefused).toBe(true);
      expect(text).not.toContain('"data"');
      break;
    case "no-suggestion":
      expect(isRefused).toBe(true);
      expect(text).not.toMatch(/did you mean/i);
      break;
    case "405":
      expect(status).toBe(405);
      break;
    case "4xx":
      expect(status).toBeGreaterThanOrEqual(400);
      break;
    case "4xx-or-replaced":
    case "any-not-500":
    case "any-not-500-and-no-hang":
    case "harmless":
      break;
    default:
      expect.fail(`not known what to expect: ${attack.expect}`);
  }
};

const transports: readonly (readonly [string, (attack: Attack) => boolean, (attack: Attack) => Promise<Outcome>])[] = [
  ["POST, application/json", () => true, (attack) => overHttp(attack, "application/json")],
  [
    "POST, application/graphql-response+json",
    () => true,
    (attack) => overHttp(attack, "application/graphql-response+json"),
  ],
  ["SSE", () => true, (attack) => overHttp(attack, "text/event-stream")],
  // Its messages are JSON: what is no JSON is no attack on GraphQL there, and has tests of its own.
  [
    "WebSocket",
    (attack) => attack.method !== "GET" && attack.headers["content-type"] === "application/json",
    overWebSocket,
  ],
];

describe.each(transports)("over %s", (_, carries, send) => {
  test.each(attacks.filter(carries).map((attack) => [attack.id, attack.expect, attack] as const))(
    "%s: %s",
    async (_id, _expect, attack) => {
      check(attack, await send(attack));
      expect((await fetch(`${platform.url}/healthz`)).status).toBe(200);
      expect("polluted" in {}).toBe(false);
    },
  );
});

test("all of them, again and again, leave the memory as it was", async () => {
  const round = () => Promise.all(attacks.map((attack) => overHttp(attack, "application/json")));
  await round();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const used = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  for (let count = 0; count < 20; count++) await round();
  expect(used() - before).toBeLessThan(growthBytesMax);
  expect((await fetch(`${platform.url}/readyz`)).status).toBe(200);
});
