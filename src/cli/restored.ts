// parley restored [--nothing-lost] [--json]
import { makeWorkerUtils, runMigrations } from "graphile-worker";
import type { Config } from "../config/config.ts";
import { createDoubt } from "../federation/doubt.ts";
import { settleLosses } from "../store/losses.ts";
import { postgresPeerStore } from "../store/postgres-peer-store.ts";
import { parseArguments } from "./arguments.ts";
import { addJob } from "./open-federation.ts";
import { openShared } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

/**
 * Says that the database is an older copy, where Parley cannot notice that by itself; or that it is none, so that nobody is
 * waited for any more. Beside a running platform, or before it is started.
 */
export async function restored(args: readonly string[], config: Config): Promise<void> {
  const options = {
    json: { type: "boolean", default: false },
    "nothing-lost": { type: "boolean", default: false },
  } as const;
  const { values, positionals } = parseArguments(args, options);
  if (positionals.length > 0) throw new UsageError("Say: parley restored [--nothing-lost] [--json]");
  await using stack = new AsyncDisposableStack();
  const { database } = await openShared(stack, config);
  const peers = postgresPeerStore(database.pool, config.platform);
  const now = () => new Date().toISOString();
  const tell = (value: object, text: string) => console.log(values.json ? JSON.stringify(value) : text);
  if (values["nothing-lost"]) {
    // Whoever turned up in a conversation meanwhile is not waited for, either.
    do await settleLosses(database.pool);
    while ((await peers.endDoubts(now())).length > 0);
    return tell({ asked: [] }, "Nobody is waited for any more: this platform sequences again.");
  }
  await runMigrations({ pgPool: database.pool });
  const jobs = await makeWorkerUtils({ pgPool: database.pool });
  stack.defer(() => jobs.release());
  const asked: { readonly platform: string; readonly inMs: number }[] = [];
  const onToTell = (platform: string, inMs: number) => void asked.push({ platform, inMs });
  await createDoubt({ peers, now, onToTell }).restored();
  for (const { platform, inMs } of asked) await addJob(jobs, "deliver", platform, { platform }, inMs);
  const platforms = asked.map(({ platform }) => platform);
  tell(
    { asked: platforms },
    platforms.length === 0
      ? "No other platform is known here: there is nobody to ask."
      : `What is said waits until other platforms have told what they have of it. In about two minutes these are asked: ${platforms.join(", ")}.`,
  );
}
