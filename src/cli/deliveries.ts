// parley deliveries list|retry
import { makeWorkerUtils, runMigrations } from "graphile-worker";
import type { Config } from "../config/config.ts";
import { type DestinationSummary, readDestinations } from "../store/deliveries.ts";
import { postgresPeerStore } from "../store/postgres-peer-store.ts";
import { parseArguments } from "./arguments.ts";
import { addJob } from "./open-federation.ts";
import { openShared } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

/** Shows what other platforms are owed, and are asked as leaders, or has it sent anew: also what they refused, and after the last retry. */
export async function deliveries(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { json: { type: "boolean", default: false } });
  const [action, platform, ...more] = positionals;
  const isKnown = action === "list" ? platform === undefined : action === "retry";
  if (!isKnown || more.length > 0)
    throw new UsageError("Say: parley deliveries list [--json], or: parley deliveries retry [PLATFORM]");
  await using stack = new AsyncDisposableStack();
  const { database } = await openShared(stack, config);
  const destinations = await readDestinations(database.pool, config.platform);
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
  for (const { platform: to } of asked) {
    await peers.remind(to);
    await addJob(jobs, "deliver", to, { platform: to });
    for (const conversation of await peers.pendingWith(to, new Date().toISOString()))
      await addJob(jobs, "ask-leader", conversation, { conversation }, 0, "replace", to);
  }
  const sent = asked.filter(isWaiting);
  console.log(
    sent.length === 0
      ? `Nothing is owed to ${platform ?? "anybody"}.`
      : `Sent anew as soon as a worker runs: ${sent.map((one) => one.platform).join(", ")}.`,
  );
}

const isWaiting = ({ waiting, erasures, asking, refused }: DestinationSummary): boolean =>
  waiting.events + erasures + asking.proposals + refused.length > 0;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

const counts = (count: number, what: string, conversations: number): string =>
  `${counted(count, what)} of ${counted(conversations, "conversation")} ${count === 1 ? "waits" : "wait"}`;

function textOf(destinations: readonly DestinationSummary[]): string {
  if (destinations.length === 0) return "Nothing was ever owed to another platform.";
  return destinations
    .map(({ platform, waiting, erasures, asking, refused, failures, lastAttempt }) =>
      [
        `${platform}: ${waiting.events === 0 ? "no event waits" : counts(waiting.events, "event", waiting.conversations)}`,
        ...(erasures > 0 ? [`  ${counted(erasures, "erasure")} of what it had before it left`] : []),
        ...(asking.proposals > 0
          ? [`  as leader: ${counts(asking.proposals, "proposal", asking.conversations)} for its answer`]
          : []),
        ...(lastAttempt ? [`  last tried ${lastAttempt.at}: ${lastAttempt.code} ${lastAttempt.answer}`.trimEnd()] : []),
        ...(lastAttempt?.code === "forbidden"
          ? ["  its address is not on the Internet; to reach it all the same, name it in PARLEY_PEERS"]
          : []),
        ...(failures > 0 ? [`  did not answer ${counted(failures, "time")} in a row`] : []),
        ...refused.map(({ conversation, seq, code }) => `  refuses ${conversation} at ${seq}: ${code}`),
      ].join("\n"),
    )
    .join("\n");
}
