// Bytes that are kept beside the database: files of messages, mails as they came. Written whole or not at all.

import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";

export interface Blob {
  /** In bytes. */
  readonly size: number;
  /** The bytes, as they are read. To be consumed or destroyed. */
  readonly stream: Readable;
}

/** Where bytes are kept, under names of lower-case letters, digits, `-`, `_` and `/`. */
export interface BlobStore {
  /** Keeps `bytes`; they outlive a crash once this resolves. Under a name that is taken they replace what is there. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Null where there is nothing under this name. */
  get(name: string): Promise<Blob | null>;
  /** Safe to repeat. */
  delete(name: string): Promise<void>;
}

const nameForm = /^[a-zA-Z0-9_-]+(?:\/[a-zA-Z0-9_-]+)*$/;

/** A blob store in a folder, which is made where it is missing. */
export function diskBlobStore(folder: string): BlobStore {
  const pathOf = (name: string): string => {
    if (!nameForm.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a blob`);
    return join(folder, name);
  };
  return {
    put: async (name, bytes) => {
      const path = pathOf(name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Its own name at first: of two that write the same, neither is seen half.
      const part = `${path}.${randomUUID()}.part`;
      try {
        const file = await open(part, "wx", 0o600);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
      // The name is in the folder's bytes, not in the file's.
      const parent = await open(dirname(path), "r");
      await parent.sync().finally(() => parent.close());
    },
    get: async (name) => {
      const path = pathOf(name);
      try {
        const { size } = await stat(path);
        return { size, stream: createReadStream(path) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    delete: (name) => rm(pathOf(name), { force: true }),
  };
}

/** All bytes of a blob. @param most of more than that, none are read: null */
export async function readBlob(store: Pick<BlobStore, "get">, name: string, most: number): Promise<Buffer | null> {
  const blob = await store.get(name);
  if (blob === null) return null;
  if (blob.size > most) {
    blob.stream.destroy();
    return null;
  }
  return Buffer.concat(await Array.fromAsync(blob.stream as AsyncIterable<Buffer>));
}
