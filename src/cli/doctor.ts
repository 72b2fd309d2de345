// parley doctor [--json]
import type { Config } from "../config/config.ts";
import { type Diagnosis, diagnose, examinedTables } from "../store/doctor.ts";
import { parseArguments } from "./arguments.ts";
import { openShared } from "./open-shared.ts";
import { progressLine } from "./progress-line.ts";
import { UsageError } from "./usage.ts";

type Table = (typeof examinedTables)[number];

// None of it is done here: see "The doctor compares, and mends nothing" in docs/decisions.md.
const byHand = "stop all processes and set the columns to what is named here";
const mending: Readonly<Record<Table, string>> = {
  event: "the log itself does not follow, and no command mends that: parley verify CONVERSATION, then from a backup",
  conversation: `${byHand}; is_shared beside the running platform`,
  participant: `${byHand}; read_up_to beside the running platform`,
  message: byHand,
  label: byHand,
  attachment: byHand,
  participation: "by SQL, beside the running platform",
  outbox: "by SQL, beside the running platform",
  searchable: "parley reindex, beside the running platform",
  unindexed: "by SQL, beside the running platform",
};

/** Compares the tables with the logs, and prints how many rows differ; the process ends with 1 where any does. */
export async function doctor(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { json: { type: "boolean", default: false } });
  if (positionals.length > 0) throw new UsageError("Say: parley doctor [--json]");
  await using stack = new AsyncDisposableStack();
  const { database } = await openShared(stack, config);
  using progress = progressLine("conversations examined");
  const diagnosis = await diagnose(database.pool, (done) => progress.show(done, null));
  console.log(values.json ? JSON.stringify(diagnosis, null, 2) : textOf(diagnosis));
  if (driftOf(diagnosis) > 0) process.exitCode = 1;
}

function driftOf({ drift }: Diagnosis): number {
  return Object.values(drift).reduce((sum, count) => sum + count, 0);
}

function textOf(diagnosis: Diagnosis): string {
  const { conversations, events, drift, differences, waiting } = diagnosis;
  const total = driftOf(diagnosis);
  const lines = [`${conversations} conversations, ${events} events folded anew. Drift: ${total}.`];
  for (const table of examinedTables) {
    lines.push(`  ${table.padEnd(14)} ${drift[table]}`);
    for (const one of differences.filter((difference) => difference.table === table))
      lines.push(`    ${one.conversation} ${one.id}: ${one.what}`);
  }
  if (waiting.unannounced > 0)
    lines.push(
      `${waiting.unannounced} events wait to be announced. If that does not pass, start a worker: parley worker.`,
    );
  if (waiting.unindexed > 0)
    lines.push(`${waiting.unindexed} texts wait to be found by search. If that does not pass, start a worker.`);
  if (waiting.erasedBodies > 0)
    lines.push(`${waiting.erasedBodies} erased texts, which nobody sees, wait to be deleted by a worker.`);
  if (total > 0) {
    lines.push("The logs are what counts (parley verify proves them); the rows named here are not what they come to.");
    lines.push('What to do, step by step: docs/operating.md, "Drift". In short:');
    for (const table of examinedTables) if (drift[table] > 0) lines.push(`  ${table}: ${mending[table]}`);
  }
  return lines.join("\n");
}
