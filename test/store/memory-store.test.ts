import { randomUUID } from "node:crypto";
import { home } from "../conversation/given.ts";
import { memoryStore } from "../support/memory-store.ts";
import { Circumstances, Setting } from "../support/setting.ts";
import { describeStore } from "./contract.ts";

describeStore("the store in memory", async (run) => {
  const circumstances = new Circumstances();
  const store = memoryStore(circumstances);
  const enrol = async (address: string) => ({
    recipientId: randomUUID(),
    accountId: address.endsWith(`@${home}`) ? randomUUID() : null,
  });
  // It shows no more than logs, and each of them is looked at where it matters.
  await run(new Setting(circumstances, { store, enrol, contents: () => store.unannounced(0, 10_000) }));
});
