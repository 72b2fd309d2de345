// Whose budget a request counts against.
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { sourceOf } from "../../src/http/source-of.ts";

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
    socket: { remoteAddress },
  }) as unknown as IncomingMessage;

describe("addresses", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8::3:4:5:6:7", "2001:db8:0:3::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
  ])("what comes from %s is of %s", (address, source) => {
    expect(sourceOf(from(address), false)).toBe(source);
    expect(sourceOf(from("127.0.0.1", address), true)).toBe(source);
  });
});

test("what a client forwards counts only by a trusted proxy, and of it only what the proxy wrote: the last", () => {
  expect(sourceOf(from("127.0.0.1", "192.0.2.7"), false)).toBe("127.0.0.1");
  expect(sourceOf(from("127.0.0.1", "203.0.113.9, 192.0.2.7"), true)).toBe("192.0.2.7");
  expect(sourceOf(from("127.0.0.1"), true)).toBe("127.0.0.1");
  expect(sourceOf(from("127.0.0.1", "192.0.2.7, unknown"), true)).toBe("127.0.0.1");
});
