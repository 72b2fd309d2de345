import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BlobStore, diskBlobStore, readBlob } from "../../src/files/blob-store.ts";

let folder: string;
let blobs: BlobStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-blobs-"));
  blobs = diskBlobStore(folder);
});
afterAll(() => rm(folder, { recursive: true }));

test("what is put is there, until it is deleted", async () => {
  expect(await blobs.get("inbound/one")).toBeNull();
  await blobs.put("inbound/one", Buffer.from("words"));
  expect((await readBlob(blobs, "inbound/one", 5))?.toString()).toBe("words");
  await blobs.put("inbound/one", Buffer.from("other"));
  expect((await readBlob(blobs, "inbound/one", 100))?.toString()).toBe("other");
  await blobs.delete("inbound/one");
  await blobs.delete("inbound/one");
  expect(await readBlob(blobs, "inbound/one", 100)).toBeNull();
});

test("more than is wanted is not read", async () => {
  await blobs.put("large", Buffer.alloc(1_000));
  expect(await readBlob(blobs, "large", 999)).toBeNull();
});

test("of many that write one name at once, one is there, whole, and nothing else", async () => {
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(100_000));
  await Promise.all(texts.map((text) => blobs.put("race/one", Buffer.from(text))));
  expect(texts).toContain((await readBlob(blobs, "race/one", 1e9))?.toString());
  expect(await readdir(join(folder, "race"))).toEqual(["one"]);
});

test.each(["../out", "/etc/passwd", "a//b", "a/../b", "", ".", "a.b", "a\0b", "a\\b"])(
  "%j is no name of a blob",
  async (name) => {
    await expect(async () => blobs.put(name, Buffer.of(1))).rejects.toThrow("is no name of a blob");
    await expect(async () => blobs.get(name)).rejects.toThrow("is no name of a blob");
    await expect(async () => blobs.delete(name)).rejects.toThrow("is no name of a blob");
  },
);

test("of many names that are written at once into a folder that is not there, each is there, whole", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `new/folder/${index}`);
  await Promise.all(names.map((name) => blobs.put(name, Buffer.from(name))));
  const read = await Promise.all(names.map(async (name) => (await readBlob(blobs, name, 100))?.toString()));
  expect(read).toEqual(names);
});
