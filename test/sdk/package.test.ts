// The package: packed, installed elsewhere, type-checked and run there, and bundled to what is used of it.
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type InstalledSdk, installSdk } from "../support/installed-sdk.ts";
import { startPlatform } from "../support/platform.ts";

const run = promisify(execFile);
const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

let installed: InstalledSdk;
beforeAll(async () => {
  installed = await installSdk();
}, 120_000);
afterAll(() => installed[Symbol.asyncDispose]());

const write = async (name: string, text: string): Promise<string> => {
  const path = join(installed.folder, name);
  await writeFile(path, text);
  return path;
};

/** A program of somebody else's, which uses every kind of thing that the package offers. */
const consumer = `
import {
  connect, createParley, isRejection, messageAddDocument, ParleyError,
  type ErrorCode, type EventsOptions, type MessageAddInput, type Parley, type Rejection, type StreamItem, type StreamState,
} from "@parley/sdk";

const [url = "", token = ""] = process.argv.slice(2);
const parley: Parley = createParley({ url, token, timeoutMs: 10_000 });
const { cursor } = await parley.viewer();
const begun = await parley.conversationCreate({ subject: "Elsewhere", publish: true });
if (isRejection(begun)) throw new Error(begun satisfies Rejection && begun.code);
const conversation = begun.conversation.id;
const input: MessageAddInput = { conversation, body: "Hello" };
const connection = connect({ url, token });
const { messageAdd } = await connection.request(messageAddDocument, { input });
if (isRejection(messageAdd)) throw new Error(messageAdd.message);
const onState = (state: StreamState) => { if (state.is === "connected") console.log("over", state.over); };
const options: EventsOptions = { after: cursor, onState, onGap: () => [{ conversation, seq: 0 }] };
const told = (item: StreamItem): string => (item.__typename === "EventAdded" ? \`\${item.event.model} \${item.event.seq}\` : item.__typename);
for await (const item of parley.events(options)) {
  console.log(told(item));
  if (item.__typename === "EventAdded" && item.event.seq === 3) break;
}
try {
  await connect({ url }).request("{ viewer { address } }");
} catch (error) {
  if (error instanceof ParleyError) console.log((error.code satisfies ErrorCode), error.isRetryable);
}
// @ts-expect-error: an input that has no body
const without = () => parley.messageAdd({ conversation });
void without;
await parley.close();
await connection.close();
`;

test("the tarball has JavaScript and types, the README, and nothing else", () => {
  const others = installed.files.filter((path) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(path));
  expect(others.toSorted()).toEqual(["README.md", "package.json"]);
  expect(installed.files).toContain("dist/index.d.ts");
});

test("it brings graphql-ws, asks for graphql, and needs nothing else", async () => {
  const names = (await readdir(join(installed.folder, "node_modules"))).filter((name) => !name.startsWith("."));
  expect(names).toEqual(["@parley", "graphql", "graphql-ws"]);
});

test("nothing of Node is imported, and all that is imported is there for browsers", async () => {
  const dist = join(installed.folder, "node_modules/@parley/sdk/dist");
  for (const name of await readdir(dist)) {
    const text = await readFile(join(dist, name), "utf8");
    for (const [, from] of text.matchAll(/\bfrom "([^"]+)"/g))
      expect(from, name).toMatch(/^(\.\/|graphql-ws\/client$)/);
    expect(text, name).not.toMatch(/\bprocess\.|\bBuffer\b|\brequire\(|\bimport\(/);
  }
});

test("a consumer's program, and the README's, is type-checked against it as strictly as can be, for bundlers and for Node", async () => {
  const readme = await readFile(join(installed.folder, "node_modules/@parley/sdk/README.md"), "utf8");
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  await write("consumer.ts", consumer);
  await write("readme.ts", ["declare const aliceToken: string, bobToken: string;", ...examples].join("\n"));
  await write("process.d.ts", "declare const process: { readonly argv: string[] };");
  for (const resolution of [
    { module: "nodenext", lib: ["es2022", "dom"] },
    { module: "esnext", moduleResolution: "bundler", lib: ["es2023", "dom", "dom.iterable"] },
  ]) {
    const strict = {
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    };
    const compilerOptions = { ...resolution, ...strict, target: "es2022", types: [], noEmit: true };
    await write(
      "tsconfig.json",
      JSON.stringify({ compilerOptions, files: ["consumer.ts", "readme.ts", "process.d.ts"] }),
    );
    const { stdout } = await run(process.execPath, [join(modules, "typescript/bin/tsc")], {
      cwd: installed.folder,
    }).catch((error: { stdout: string }) => error);
    expect(stdout, resolution.module).toBe("");
  }
});

test("and it runs in Node", async () => {
  await using platform = await startPlatform();
  const { token } = await platform.person("alice");
  const program = await write("consumer.mts", consumer);
  const { stdout } = await run(process.execPath, [program, platform.url, token], { timeout: 30_000 });
  expect(stdout.trim().split("\n")).toEqual([
    "over webSocket",
    "CONVERSATION 1",
    "SUBJECT 2",
    "MESSAGE 3",
    "UNAUTHENTICATED false",
  ]);
});

/** What a bundler makes of a program. */
async function bundled(program: string): Promise<string> {
  const entry = await write("entry.js", program);
  const bundle = join(installed.folder, "bundle.js");
  const options = [entry, "--file", bundle, "--format", "esm", "--platform", "browser", "--minify"];
  await run(process.execPath, [join(modules, "rolldown/bin/cli.mjs"), ...options], { cwd: installed.folder });
  return readFile(bundle, "utf8");
}

test("a bundle has what is used, and no more", async () => {
  const all = await bundled('import { createParley } from "@parley/sdk"; console.log(createParley);');
  expect(all).toContain("graphql-transport-ws");
  for (const name of ["messageAdd", "labelAdd", "conversations"]) expect(all).toContain(`${name}(`);

  const some = await bundled(
    'import { connect, messageAddDocument } from "@parley/sdk"; console.log(connect, messageAddDocument);',
  );
  expect(some).toContain("graphql-transport-ws");
  expect(some).toContain("mutation messageAdd(");
  expect(some).not.toMatch(/labelAdd|conversationPublish|participants\(/);
  expect(some.length).toBeLessThan(all.length / 2);

  const least = await bundled('import { isRejection } from "@parley/sdk"; console.log(isRejection);');
  expect(least).not.toMatch(/graphql|mutation/);
  expect(least.length).toBeLessThan(300);
});
