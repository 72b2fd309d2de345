// The SDK's README: its examples, run as they stand, one after the other, as a program of an integrator's.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startPlatform } from "../support/platform.ts";

const sdk = new URL("../../sdk/", import.meta.url);

test("the examples of the README run, and print what they promise", async () => {
  const readme = await readFile(new URL("README.md", sdk), "utf8");
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  expect(examples.length).toBeGreaterThan(5);

  await using platform = await startPlatform();
  const [alice, bob] = [await platform.person("alice"), await platform.person("bob")];
  const program = [
    `const aliceToken = ${JSON.stringify(alice.token)};`,
    `const bobToken = ${JSON.stringify(bob.token)};`,
    ...examples,
  ]
    .join("\n")
    .replaceAll('"@parley/sdk"', JSON.stringify(pathToFileURL(new URL("src/index.ts", sdk).pathname).href))
    .replaceAll("http://127.0.0.1:4000", platform.url);
  const folder = await mkdtemp(join(tmpdir(), "parley-readme-"));
  try {
    const file = join(folder, "readme.mts");
    await writeFile(file, program);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
    expect(stdout.trim().split("\n")).toEqual([
      "begun: Lunch on Friday",
      "bob: Yes! I'll book a table.",
      "Alice: Shall we try the **new place**?",
      "Bob: Yes! I'll book a table.",
      "unread: 1",
      "2: MODIFY SUBJECT",
      "3: ADD MESSAGE",
      "4: ADD PARTICIPANT",
      "5: ADD MESSAGE",
      "connecting, connected",
      'lunch from:"Bob" after:"2026-01-31"',
      "UNAUTHENTICATED false",
      "BAD_URL This url is no platform's. One looks like https://parley.example or https://parley.example/graphql: localhost:4000",
      "true",
      "Lunch on Friday",
      alice.address,
      "CLOSED false",
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
