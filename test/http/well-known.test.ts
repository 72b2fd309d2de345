// What a platform says of itself to others.
import { expect, test } from "vitest";
import type { FetchDocument } from "../../src/federation/ask-host.ts";
import { rotateKey } from "../../src/federation/keys.ts";
import { readWellKnown } from "../../src/protocol/well-known.ts";
import { Net } from "../federation/given.ts";
import { createTestDatabase } from "../support/database.ts";
import { startPlatform, testSecret } from "../support/platform.ts";

const path = "/.well-known/parley";

test("a platform tells everybody its name, domains, versions and keys, and how long that may be kept", async () => {
  await using platform = await startPlatform({ worker: false });
  const answer = await fetch(platform.url + path);
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "application/json; charset=utf-8",
    "cache-control": "public, max-age=300",
    "access-control-allow-origin": "*",
  });
  const { keys } = await platform.core.database.prisma.platformKey
    .findMany()
    .then((rows) => ({ keys: rows.map(({ key }) => key) }));
  expect(await answer.json()).toEqual({
    platform: "localhost",
    domains: ["localhost"],
    versions: [1],
    keys: [
      {
        ...{ key: platform.core.signer.key.key, nbf: expect.any(String), exp: null, by: null, revoked: null },
        signature: expect.any(String),
      },
    ],
  });
  expect(keys).toEqual([platform.core.signer.key.key]);
});

test("HEAD is answered alike without the document, other methods are not allowed", async () => {
  await using platform = await startPlatform({ worker: false });
  const [get, head] = await Promise.all(
    ["GET", "HEAD"].map((method) => fetch(platform.url + path, { method, headers: { connection: "close" } })),
  );
  const length = (await get?.arrayBuffer())?.byteLength;
  expect(head?.status).toBe(200);
  expect(head?.headers.get("content-length")).toBe(`${length}`);
  expect(await head?.text()).toBe("");
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers } = await fetch(platform.url + path, { method });
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  }
});

test("without its database a platform says that it cannot say now, and not that there is none", async () => {
  const database = await createTestDatabase();
  await using platform = await startPlatform({ databaseUrl: database.url, worker: false });
  await database[Symbol.asyncDispose]();
  expect((await fetch(platform.url + path)).status).toBe(500);
});

test("another platform finds it, and a key that it made since", async () => {
  await using platform = await startPlatform({ worker: false });
  const fetchDocument: FetchDocument = async () => {
    const answer = await fetch(platform.url + path);
    return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()), maxAge: 300 };
  };
  await using net = new Net();
  const discovery = net.discovery({ fetchDocument, isMapped: () => true, now: () => new Date().toISOString() });
  expect(await discovery.platformOf("localhost")).toEqual({ kind: "platform", platform: "localhost" });
  const { key } = platform.core.signer.key;
  expect(await discovery.keyOf("localhost", key, new Date().toISOString())).toBe("valid");

  const { prisma } = platform.core.database;
  const made = await rotateKey({ prisma, platform: "localhost", secret: testSecret }, new Date().toISOString());
  const listed = async () => readWellKnown(new Uint8Array(await (await fetch(platform.url + path)).arrayBuffer()));
  await expect
    .poll(listed, { timeout: 30_000 })
    .toMatchObject({ keys: [{ key }, { key: made.key, by: key, nbf: made.nbf }] });
});
