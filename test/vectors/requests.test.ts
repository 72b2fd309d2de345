// The vectors of requests and batches, docs/vectors/requests.json: what Parley answers.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createEndpoints, type PeerAnswer } from "../../src/federation/endpoints.ts";
import { createFederation } from "../../src/federation/federation.ts";
import { signRequest } from "../../src/federation/request-signature.ts";
import type { KeyVerdict } from "../../src/federation/vouching.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import { isInWindow, keyListFault, keyListSchema } from "../../src/protocol/key-list.ts";
import type { Signer } from "../../src/protocol/seal.ts";
import { signingKey } from "../../src/protocol/signature.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memoryStore, newTables } from "../support/memory-store.ts";
import { protocolVectors } from "./read-vectors.ts";

const { requests, logs } = protocolVectors();
const { receiver, keys } = requests;
const lunch = logs.valid.find(({ name }) => name === "lunch")?.events ?? [];
const now = () => requests.now;

const listed = new Map(keys.map(({ list }) => [list.platform, keyListSchema.parse(list).keys]));
const signerOf = (platform: PlatformName): Signer => {
  const seed = keys.find(({ list }) => list.platform === platform)?.seed ?? "";
  return { platform, key: signingKey(Buffer.from(seed, "base64url")) };
};
const keyOf = async (platform: PlatformName, key: string, at: string): Promise<KeyVerdict> => {
  const found = listed.get(platform)?.find((one) => one.key === key);
  if (!found) return "unknown";
  return isInWindow(found, at) ? "valid" : "notInWindow";
};

/** A platform in memory, which others call. */
function platformCalled(platform: PlatformName) {
  const tables = newTables();
  const federation = createFederation({
    platform,
    store: memoryStore({ signer: signerOf(platform), now, salt: () => sha256("salt"), tables }),
    peers: memoryPeerStore(tables, newPeerTables(), platform),
    keys: { keyOf },
    transport: {
      post: async () => expect.fail("nobody is asked"),
      events: async () => expect.fail("nobody is asked"),
      greet: async () => expect.fail("nobody is asked"),
    },
    schedule: { deliver: () => {}, askAgain: () => {}, catchUp: async () => {}, askWords: async () => {} },
    people: async (_, added) =>
      new Map(added.map(({ address }) => [address, { recipientId: address, accountId: null }])),
    reach: async () => "unknown",
    isOurs: async (address) => address === "gus@b.example",
    onReceipts: () => {},
    onPendingChanged: () => {},
    now,
    random: () => 0,
  });
  const endpoints = createEndpoints({ platform, federation, keyOf, now });
  const ask = ({ method, target, headers, body }: (typeof requests.valid)[number]["request"]): Promise<PeerAnswer> =>
    endpoints({
      ...{ method, target, source: "192.0.2.1", headers: new Map(Object.entries(headers)) },
      body: async () => Buffer.from(body ?? ""),
    });
  const post = (caller: PlatformName, entries: readonly unknown[]) => {
    const body = JSON.stringify({ entries });
    const target = `/f/evt/${sha256(Buffer.from(body))}/`;
    const headers = new Map([["content-type", "application/json"]]);
    const message = { method: "POST", targetUri: `https://${platform}${target}`, headers, body: Buffer.from(body) };
    const signed = signRequest(message, signerOf(caller), new Date(now()));
    return ask({ method: "POST", target, headers: { ...Object.fromEntries(headers), ...signed }, body });
  };
  return { ask, post, tables };
}

describe("Requests", () => {
  test.each(keys)("the keys of $list.platform hold", ({ seed, list }) => {
    expect(keyListFault(keyListSchema.parse(list))).toBeNull();
    expect(signingKey(Buffer.from(seed, "base64url")).key).toBe(list.keys[0]?.key);
  });
  test.each(requests.valid)("taken: $why", async ({ status, request }) => {
    expect(await platformCalled(receiver).ask(request)).toMatchObject({ status });
  });
  test.each(requests.invalid)("$code: $why", async ({ code, status, request }) => {
    expect(await platformCalled(receiver).ask(request)).toMatchObject({ status, json: { status, code } });
  });
});

const results = z.object({
  results: z.array(z.object({ result: z.string(), code: z.string().optional(), seq: z.int().optional() })),
});

describe("Batches", () => {
  test.each(requests.batches)("$receiver has $holds events; $why", async ({ holds, caller, entries, ...given }) => {
    const platform = platformCalled(given.receiver);
    if (holds > 0) {
      const before = lunch.slice(0, holds).map((event) => ({ event }));
      const { json } = await platform.post("a.example", before);
      expect(results.parse(json).results).toEqual(before.map(() => ({ result: "accepted" })));
      // What it sequenced itself comes back to it here, and is nothing that it lost.
      for (const kept of platform.tables.logs.values()) kept.isInDoubt = false;
    }
    const { status, json } = await platform.post(caller, entries);
    expect(status).toBe(200);
    expect(results.parse(json).results).toEqual(given.results);
  });
});

test("every code of a refused request stands in a vector, but for those of size, rate and keys out of reach", () => {
  const shown = new Set(requests.invalid.map(({ code }) => code));
  expect([...shown].toSorted()).toEqual([
    ...["BAD_SIGNATURE", "EXPIRED", "MALFORMED", "MALFORMED_SIGNATURE", "NOT_FOUND", "NOT_YET_VALID", "UNKNOWN_KEY"],
    ...["UNSIGNED", "WRONG_DIGEST", "WRONG_HASH", "WRONG_PROFILE"],
  ]);
});
