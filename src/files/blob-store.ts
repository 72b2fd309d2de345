// Bytes that are kept beside the database: files of messages, mails as they came. Written whole or not at all.

import { randomUUID } from "node:crypto";
import { mkdir, open, opendir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { createTurns } from "../store/turns.ts";

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
  /**
   * Deletes what nobody knows of: blobs right under `folder` that were written before `before` and are not among those that
   * `known` gives back of the names it is asked about; and what a crash left half written.
   * @returns how many
   */
  prune(
    folder: string,
    before: Date,
    known: (names: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<number>;
}

const nameForm = /^[a-zA-Z0-9_-]+(?:\/[a-zA-Z0-9_-]+)*$/;

/** A blob store in a folder, which is made where it is missing. */
export function diskBlobStore(folder: string): BlobStore {
  const pathOf = (name: string): string => {
    if (!nameForm.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a blob`);
    return join(folder, name);
  };
  const syncFolder = createSyncFolder();
  return {
    put: async (name, bytes) => {
      const path = pathOf(name);
      // Its own name at first: of two that write the same, neither is seen half.
      const part = `${path}.${randomUUID()}.part`;
      const create = () => open(part, "wx", 0o600);
      let made: string | undefined;
      try {
        const file = await create().catch(async (error: NodeJS.ErrnoException) => {
          absent(error);
          made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
          return create();
        });
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
      // The name is in the folder's bytes, not in the file's; and a new folder's is in that of the one above.
      const last = made === undefined ? dirname(path) : dirname(made);
      for (let parent = dirname(path); ; parent = dirname(parent)) {
        await syncFolder(parent);
        if (parent === last || parent === dirname(parent)) break;
      }
    },
    get: async (name) => {
      const path = pathOf(name);
      try {
        // Opened first: deleted from then on, it is still read to its end.
        const file = await open(path, "r");
        const { size } = await file.stat().catch(async (error: unknown) => {
          await file.close();
          throw error;
        });
        return { size, stream: file.createReadStream() };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    delete: (name) => rm(pathOf(name), { force: true }),
    prune: async (name, before, known) => {
      const path = pathOf(name);
      let count = 0;
      const pruneSome = async (old: readonly string[]) => {
        const whole = old.filter((one) => !one.endsWith(".part"));
        const kept = whole.length > 0 ? await known(whole.map((one) => `${name}/${one}`)) : new Set<string>();
        for (const one of old) {
          if (kept.has(`${name}/${one}`)) continue;
          await rm(join(path, one), { force: true });
          count += 1;
        }
      };
      let some: string[] = [];
      for await (const one of filesOf(path)) {
        const { mtime } = (await stat(join(path, one)).catch(absent)) ?? { mtime: before };
        if (mtime < before) some.push(one);
        if (some.length < prunedAtOnce) continue;
        await pruneSome(some);
        some = [];
      }
      await pruneSome(some);
      return count;
    },
  };
}

const prunedAtOnce = 500;

async function* filesOf(folder: string): AsyncGenerator<string> {
  const entries = await opendir(folder).catch(absent);
  for await (const entry of entries ?? []) if (entry.isFile()) yield entry.name;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

/** Makes the function that syncs a folder: those that ask for it while a sync of it is out share the next one. */
function createSyncFolder(): (path: string) => Promise<void> {
  const next = new Map<string, Promise<void>>();
  const turns = createTurns();
  return (path) => {
    const known = next.get(path);
    if (known !== undefined) return known;
    const sync = turns.take(path, async () => {
      // Who asks from now on may have changed it after it was synced.
      next.delete(path);
      const folder = await open(path, "r");
      await folder.sync().finally(() => folder.close());
    });
    next.set(path, sync);
    return sync;
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
