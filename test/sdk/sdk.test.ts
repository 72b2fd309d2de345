// The SDK: its methods, its errors, its stream, and the package that it is built to.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createParley, isRejection, ParleyError } from "../../sdk/src/index.ts";
import { buildSchema } from "../../src/graphql/schema.ts";
import { conversationOf, done, errorCodeOf, givenPlatform, headOf, present, said } from "../graphql/given.ts";

const given = givenPlatform();
const sdk = fileURLToPath(new URL("../../sdk/", import.meta.url));
const run = promisify(execFile);

test("each operation is a method, and each mutation of the schema has one", async () => {
  const parley = given.client();
  const files = (await readdir(join(sdk, "src/operations"))).filter((name) => name !== "fragments.graphql");
  const named = files.map((name) =>
    name.replace(".graphql", "").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  expect(Object.keys(parley)).toEqual(expect.arrayContaining(named));
  expect(named).toEqual(expect.arrayContaining(Object.keys(present(buildSchema().getMutationType()).getFields())));
  expect(named).toEqual(expect.arrayContaining(["viewer", "conversation", "conversations", "nodes"]));
});

test("an operation is one method in one file of its name", async () => {
  for (const name of await readdir(join(sdk, "src/operations"))) {
    const text = await readFile(join(sdk, "src/operations", name), "utf8");
    const operations = [...text.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, operation]) => operation);
    const own = name.replace(".graphql", "").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(operations).toEqual(name === "fragments.graphql" ? [] : [own]);
  }
});

test("a url is a platform's or its endpoint's", async () => {
  const { alice } = await given.people("alice");
  const { token } = alice;
  for (const url of [given.platform.url, `${given.platform.url}/`, `${given.platform.url}/graphql`]) {
    await using parley = createParley({ url, token });
    expect(await parley.viewer()).toMatchObject({ address: alice.address });
  }
});

test("a rejection is told from what was done", async () => {
  const { alice } = await given.people("alice");
  const refused = await alice.parley.conversationCreate({ labels: [""] });
  expect(isRejection(refused) && refused.code).toBe("INVALID_BODY");
  const begun = await alice.parley.conversationCreate({ subject: "Lunch" });
  expect(isRejection(begun) ? null : begun.conversation.subject).toBe("Lunch");
});

test("a Date is a time like any other", async () => {
  const { alice } = await given.people("alice");
  const expiresAt = new Date("2100-01-01T00:00:00Z");
  const { conversation } = await done(alice.parley.conversationCreate({ expiresAt }));
  expect(conversation.expiresAt).toBe(expiresAt.toISOString());
});

test("what the platform says at the top is thrown, with its code and all of its errors", async () => {
  const { alice } = await given.people("alice");
  const error: unknown = await alice.parley.request("{ nothing nobody }").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ParleyError);
  expect(error).toMatchObject({ name: "ParleyError", code: "GRAPHQL_VALIDATION_FAILED" });
  expect(error instanceof ParleyError && error.errors).toHaveLength(2);
});

test("a platform that is not there is UNREACHABLE", async () => {
  await using parley = createParley({ url: "http://127.0.0.1:1", token: "nonsense" });
  expect(await errorCodeOf(parley.viewer())).toBe("UNREACHABLE");
  expect(await errorCodeOf(parley.events().next())).toBe("UNREACHABLE");
});

test.each([
  ["not JSON", 502, "<h1>Bad Gateway</h1>"],
  ["JSON, but no answer", 200, '{"hello": "world"}'],
  ["null", 200, "null"],
  ["neither data nor errors", 200, '{"data": null, "errors": []}'],
  ["without data", 200, '{"data": null}'],
])("an answer that is %s is BAD_ANSWER", async (_, status, text) => {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await using parley = createParley({ url: `http://127.0.0.1:${port}` });
    expect(await errorCodeOf(parley.viewer())).toBe("BAD_ANSWER");
  } finally {
    server.close();
  }
});

test("requests go through the fetch that is given", async () => {
  const { alice } = await given.people("alice");
  const headers: Headers[] = [];
  await using parley = createParley({
    url: given.platform.url,
    token: alice.token,
    fetch: (url, options) => {
      headers.push(new Headers(options?.headers));
      return fetch(url, options);
    },
  });
  await parley.viewer();
  expect(headers.map((one) => one.get("authorization"))).toEqual([`Bearer ${alice.token}`]);
});

test("sockets are opened with the WebSocket that is given", async () => {
  const { alice } = await given.people("alice");
  const opened: string[] = [];
  class Watched extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      opened.push(String(url));
    }
  }
  await using parley = createParley({ url: given.platform.url, token: alice.token, WebSocket: Watched });
  const { cursor } = await parley.viewer();
  const conversation = await conversationOf(alice);
  const events = parley.events({ after: cursor, conversation });
  expect((await events.next()).value).toMatchObject({ __typename: "EventAdded" });
  await events.return();
  expect(opened).toEqual([`${given.platform.url.replace("http", "ws")}/graphql`]);
});

test("what happens comes in order, from the cursor on, of one conversation where one is named", async () => {
  const { alice } = await given.people("alice");
  const { cursor } = await alice.parley.viewer();
  const [here, there] = [await conversationOf(alice), await conversationOf(alice)];
  await said(alice, there, "Elsewhere");
  await said(alice, here, "Here");
  const head = await headOf(alice, here);
  const told: string[] = [];
  for await (const item of alice.parley.events({ after: cursor, conversation: here })) {
    if (item.__typename !== "EventAdded") continue;
    expect(item.conversation.hash).toBe(here);
    told.push(`${item.event.seq}`);
    if (item.event.seq === head) break;
  }
  expect(told).toEqual(Array.from({ length: head }, (_, index) => `${index + 1}`));
});

test("two loops run at once over one socket, and leaving one leaves the other alone", async () => {
  const { alice } = await given.people("alice");
  const { cursor } = await alice.parley.viewer();
  const conversation = await conversationOf(alice);
  const [one, two] = [alice.parley.events({ after: cursor }), alice.parley.events({ after: cursor })];
  expect((await one.next()).value).toMatchObject({ event: { seq: 1 } });
  expect((await two.next()).value).toMatchObject({ event: { seq: 1 } });
  await one.return();
  const message = await said(alice, conversation, "Still there?");
  for await (const item of two) if (item.__typename === "EventAdded" && item.event.hash === message) break;
});

test("a signal ends the stream without an error: before it begins, while it waits, and while it is read", async () => {
  const { alice } = await given.people("alice");
  expect(await alice.parley.events({ signal: AbortSignal.abort() }).next()).toEqual({ done: true, value: undefined });

  const waiting = new AbortController();
  const next = alice.parley.events({ signal: waiting.signal }).next();
  waiting.abort();
  expect(await next).toEqual({ done: true, value: undefined });

  const { cursor } = await alice.parley.viewer();
  await conversationOf(alice);
  const reading = new AbortController();
  let count = 0;
  for await (const _ of alice.parley.events({ after: cursor, signal: reading.signal })) {
    count++;
    reading.abort();
  }
  expect(count).toBe(1);
});

test("a connection that breaks is UNREACHABLE to whoever reads, and the client connects anew when asked again", async () => {
  const { alice } = await given.people("alice");
  const sockets: WebSocket[] = [];
  class Kept extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  await using parley = createParley({ url: given.platform.url, token: alice.token, WebSocket: Kept });
  const { cursor } = await parley.viewer();
  await conversationOf(alice);
  const events = parley.events({ after: cursor });
  await events.next();
  const rest = (async () => {
    for await (const _ of events);
  })();
  present(sockets[0]).close(4000, "broken");
  expect(await errorCodeOf(rest)).toBe("UNREACHABLE");
  const again = parley.events({ after: cursor });
  expect((await again.next()).value).toMatchObject({ event: { seq: 1 } });
  await again.return();
});

test("disposing a client closes its socket and ends its loops", async () => {
  const { alice } = await given.people("alice");
  const parley = createParley({ url: given.platform.url, token: alice.token });
  const { cursor } = await parley.viewer();
  await conversationOf(alice);
  const events = parley.events({ after: cursor });
  await events.next();
  const rest = (async () => {
    for await (const _ of events);
    return "ended";
  })();
  await parley[Symbol.asyncDispose]();
  expect(await rest).toBe("ended");
});

test("built, the package is JavaScript that Node imports, with types, and its exports are those of the source", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-sdk-"));
  try {
    await run(process.execPath, [
      join(sdk, "../node_modules/typescript/bin/tsc"),
      "--project",
      sdk,
      "--outDir",
      join(folder, "dist"),
    ]);
    await cp(join(sdk, "package.json"), join(folder, "package.json"));
    await symlink(join(sdk, "../node_modules"), join(folder, "node_modules"));
    const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      exports: { ".": { types: string; default: string } };
    };
    expect(await readFile(join(folder, exports["."].types), "utf8")).toContain("createParley");
    const program = `const sdk = await import(${JSON.stringify(join(folder, exports["."].default))});
      await using parley = sdk.createParley({ url: ${JSON.stringify(given.platform.url)} });
      console.log(Object.keys(sdk).sort().join(), (await parley.request("{ __typename }")).__typename);`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
    expect(stdout.trim()).toBe("ParleyError,createParley,isRejection Query");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
