// What comes under `/f/`, on its way to federation and back.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PeerRequest } from "../../src/federation/endpoints.ts";
import { startApi, type TestApi } from "./api.ts";

const asked: PeerRequest[] = [];
let api: TestApi;
let direct: TestApi;

beforeAll(async () => {
  const endpoints = async (request: PeerRequest) => {
    asked.push(request);
    if (request.target === "/f/broken/") throw new Error("a secret of ours");
    if (request.method === "POST") await request.body(10);
    return { status: 204, headers: {}, json: null };
  };
  api = await startApi({ endpoints, isProxyTrusted: true });
  direct = await startApi({ endpoints });
});
afterAll(() => Promise.all([api, direct].map((one) => one[Symbol.asyncDispose]())));

test("a fault is answered as RFC 9457 says, tells nothing of ours, and is logged with the id of its answer", async () => {
  const answer = await fetch(`${api.url}/f/broken/`);
  expect(answer.status).toBe(500);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toEqual({
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    code: "FAULT",
    detail: "This platform could not do it, and has logged why. Send it again later.",
  });
  const lines = api.logged.filter((line) => line.includes("could not answer another platform"));
  expect(lines).toEqual([expect.stringContaining("a secret of ours")]);
  expect(lines[0]).toContain(answer.headers.get("x-request-id"));
});

test("who is behind a request is the last whom a trusted proxy forwarded it for, else who connects", async () => {
  const headers = { "x-forwarded-for": "203.0.113.9, 192.0.2.7" };
  expect((await fetch(`${api.url}/f/auth/`, { headers })).status).toBe(204);
  expect(asked.at(-1)?.source).toBe("192.0.2.7");
  expect((await fetch(`${direct.url}/f/auth/`, { headers })).status).toBe(204);
  expect(asked.at(-1)?.source).toBe("127.0.0.1");
});
