// parley deliveries list|retry
import { makeWorkerUtils, runMigrations } from "graphile-worker";
import type { Config } from "../config/config.ts";
import { type DestinationSummary, readDestinations } from "../store/deliveries.ts";
import { postgresPeerStore } from "../store/postgres-peer-store.ts";
import { parseArguments } from "./arguments.ts";
import { addJob } from "./open-federation.ts";
import { openShared } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

/** Shows what other platforms are owed, or has it sent anew: also what they refused, and after the last retry. */
export async function deliveries(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { json: { type: "boolean", default: false } });
  const [action, platform, ...more] = positionals;
  const isKnown = action === "list" ? platform === undefined : action === "retry";
  if (!isKnown || more.length > 0)
    throw new UsageError("Say: parley deliveries list [--json], or: parley deliveries retry [PLATFORM]");
  await using stack = new AsyncDisposableStack();
  const { database } = await openShared(stack, config);
  const destinations = await readDestinations(database.pool);
  if (action === "list") {
    console.log(values.json ? JSON.stringify(destinations, null, 2) : textOf(destinations));
    return;
  }
  const asked = destinations.filter((one) => platform === undefined || one.platform === platform);
  if (platform !== undefined && asked.length === 0)
    throw new UsageError(`Nothing was ever owed to ${platform}. Whom something is owed to: parley deliveries list`);
  const peers = postgresPeerStore(database.pool, config.platform);
  await runMigrations({ pgPool: database.pool });
  const jobs = await makeWorkerUtils({ pgPool: database.pool });
  stack.defer(() => jobs.release());
  for (const one of asked) {
    await peers.remind(one.platform);
    await addJob(jobs, "deliver", one.platform, { platform: one.platform });
  }
  console.log(
    asked.length === 0
      ? "Nothing is owed to anybody."
      : `Sent anew as soon as a worker runs: ${asked.map((one) => one.platform).join(", ")}.`,
  );
}

function textOf(destinations: readonly DestinationSummary[]): string {
  if (destinations.length === 0) return "Nothing was ever owed to another platform.";
  return destinations
    .map(({ platform, waiting, refused, failures, lastAttempt }) =>
      [
        `${platform}: ${waiting.events} events of ${waiting.conversations} conversations wait`,
        ...(lastAttempt ? [`  last tried ${lastAttempt.at}: ${lastAttempt.code} ${lastAttempt.answer}`.trimEnd()] : []),
        ...(failures > 0 ? [`  did not answer ${failures} times in a row`] : []),
        ...refused.map(({ conversation, seq, code }) => `  refuses ${conversation} at ${seq}: ${code}`),
      ].join("\n"),
    )
    .join("\n");
}
