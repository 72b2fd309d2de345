import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secretFile } from "../../src/store/secret-file.ts";

test("a secret is made once, also by many at once, is the same for all, and its owner's alone", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "parley-secret-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, "secret");
  const secrets = await Promise.all(Array.from({ length: 50 }, () => secretFile(path)));
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]).toMatch(/^[\w-]{43}$/);
  expect(await secretFile(path)).toBe(secrets[0]);
  expect(await readFile(path, "utf8")).toBe(`${secrets[0]}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["secret"]);
});
