import { home } from "../conversation/given.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";
import { describePeerStore } from "./peer-store-contract.ts";

describePeerStore("peers in memory", async (run) => {
  const tables = newTables();
  await run(memorySetting(tables), memoryPeerStore(tables, newPeerTables(), home));
});
