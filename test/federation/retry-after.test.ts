// When a platform that is not to be asked now is asked again.
import { expect, test } from "vitest";
import { retryDelayMs } from "../../src/federation/deliver.ts";
import { createHttpTransport } from "../../src/federation/http-transport.ts";
import { readRetryAfter } from "../../src/federation/retry-after.ts";
import { createOutgoing } from "../../src/net/outgoing.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { signerOf } from "../conversation/given.ts";
import { startHost } from "../net/given.ts";

const now = "2026-03-01T12:00:00.000Z";
const hourMs = 3_600_000;

test.each([
  ["0", 0],
  ["120", 120_000],
  ["86401", 24 * hourMs],
  ["864000", 24 * hourMs],
  ["9".repeat(400), 24 * hourMs],
  ["Sun, 01 Mar 2026 13:00:00 GMT", hourMs],
  ["Sunday, 01-Mar-26 13:00:00 GMT", hourMs],
  ["Sun Mar  1 13:00:00 2026", hourMs],
  ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
  ["Sun, 01 Mar 2027 12:00:00 GMT", 24 * hourMs],
  ["", null],
  ["-5", null],
  ["1.5", null],
  ["0x10", null],
  ["soon", null],
  ["2026-03-01T13:00:00Z", null],
  ["Sun, 99 Xyz 2026 13:00:00 GMT", null],
  [null, null],
])("Retry-After: %s", (text, waitMs) => {
  expect(readRetryAfter(text, Date.parse(now))).toBe(waitMs);
});

test("a platform that wants to be left alone for ten days, or until two o'clock, is asked again after a day, or at two", async () => {
  const asks = ["864000", "Sun, 01 Mar 2026 14:00:00 GMT"].values();
  await using host = await startHost((_, response) => {
    response.writeHead(503, { "retry-after": asks.next().value }).end();
  });
  await using outgoing = createOutgoing({ peers: new Map([["b.localhost", host.origin]]), log: silentLogger });
  const signer = signerOf("a.localhost");
  const { greet } = createHttpTransport({ send: outgoing.send, signer, now: () => now });
  const waitMs = async () => retryDelayMs(1, 0, (await greet("b.localhost"))?.retryAfterMs);
  expect(await waitMs()).toBe(24 * hourMs);
  expect(await waitMs()).toBe(2 * hourMs);
});
