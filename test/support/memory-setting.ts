// A setting whose store is the one in memory.
import { randomUUID } from "node:crypto";
import type { Hash } from "../../src/protocol/hash.ts";
import { home } from "../conversation/given.ts";
import { type MemoryTables, memoryStore, newTables } from "./memory-store.ts";
import { Circumstances, type Drafts, Setting } from "./setting.ts";

export function memorySetting(tables: MemoryTables = newTables()): Setting {
  const circumstances = new Circumstances();
  const { signer, now, salt, onCommitted } = circumstances;
  const versions = new Map<Hash, number>();
  const store = memoryStore({ signer, now, salt, onCommitted, tables, drafts: versions });
  const drafts: Drafts = {
    save: async (hash) => {
      const version = (versions.get(hash) ?? 0) + 1;
      versions.set(hash, version);
      return version;
    },
    discard: async (hash) => void versions.delete(hash),
    isThere: async (hash) => versions.has(hash),
  };
  const enrol = async (address: string) => ({
    recipientId: randomUUID(),
    accountId: address.endsWith(`@${home}`) ? randomUUID() : null,
  });
  // It shows no more than logs, and each of them is looked at where it matters.
  return new Setting(circumstances, { store, enrol, contents: () => store.unannounced(0, 10_000), drafts });
}
