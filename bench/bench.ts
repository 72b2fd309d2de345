// `npm run bench`: measures each row beside its own limit, in one run, and prints one table. README.md says how to read it.
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { Effort } from "./effort.ts";
import { type Row, round, verdictOn } from "./measure.ts";
import { appendSize } from "./rows/append-size.ts";
import { catchUp } from "./rows/catch-up.ts";
import { deadPeer } from "./rows/dead-peer.ts";
import { delivery } from "./rows/delivery.ts";
import { fanOut } from "./rows/fan-out.ts";
import { importArchive } from "./rows/import.ts";
import { lists } from "./rows/lists.ts";
import { liveLatency } from "./rows/live-latency.ts";
import { longList } from "./rows/long-list.ts";
import { mailIn } from "./rows/mail-in.ts";
import { mailOut } from "./rows/mail-out.ts";
import { messageAdd } from "./rows/message-add.ts";
import { remoteLatency } from "./rows/remote-latency.ts";
import { search } from "./rows/search.ts";
import { openStage, type Stage } from "./stage.ts";

const rows: Readonly<Record<string, (stage: Stage, effort: Effort) => Promise<readonly Row[]>>> = {
  "message-add": messageAdd,
  "live-latency": liveLatency,
  "fan-out": fanOut,
  lists,
  search,
  "long-list": longList,
  "append-size": appendSize,
  import: importArchive,
  delivery,
  "remote-latency": remoteLatency,
  "catch-up": catchUp,
  "dead-peer": deadPeer,
  "mail-in": mailIn,
  outbound: mailOut,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "string" },
    statements: { type: "boolean", default: false },
  },
});
const unknown = positionals.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(", ")}. The rows: ${Object.keys(rows).join(", ")}.`);
  process.exit(2);
}

const startedAt = performance.now();
const effort: Effort = {
  isQuick: values.quick,
  progress: (text) => console.error(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`),
};

const results: Row[] = [];
{
  await using stage = await openStage({
    progress: effort.progress,
    profileFolder: values.profile ?? null,
    countsStatements: values.statements,
  });
  for (const [name, measure] of Object.entries(rows)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    effort.progress(name);
    results.push(...(await measure(stage, effort)));
    if (values.statements) await printStatements(stage);
  }
}
print(results);
await keep(results);
process.exit(0);

function print(results: readonly Row[]): void {
  const cells = results.map((row) => {
    const { unit, ours, limit, toReach } = row;
    const bounds = [
      ...(toReach?.ratio ? [saying(toReach.ratio, "")] : []),
      ...(toReach?.ours ? [saying(toReach.ours, ` ${unit}`)] : []),
    ];
    return [
      row.row,
      `${round(ours)} ${unit}`,
      limit === null ? "" : `${round(limit)} ${unit}`,
      limit === null ? "" : (ours / limit).toFixed(2),
      bounds.join(", "),
      verdictOn(row),
    ];
  });
  const table = [["row", "ours", "limit", "ratio", "to reach", "verdict"], ...cells];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  console.log("");
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  console.log("");
  for (const { row, told } of results) {
    const told_ = Object.entries(told).map(
      ([name, value]) => `${name} ${typeof value === "number" ? round(value) : value}`,
    );
    if (told_.length > 0) console.log(`${row}: ${told_.join(", ")}`);
  }
}

function saying(bound: { readonly least: number } | { readonly most: number }, unit: string): string {
  return "least" in bound ? `≥ ${bound.least}${unit}` : `≤ ${bound.most}${unit}`;
}

/** The statements that took PostgreSQL the longest since the last time, and forgets them. */
async function printStatements({ database: { pool } }: Stage): Promise<void> {
  const { rows } = await pool.query<{ ms: number; calls: number; rows: number; query: string }>(
    `SELECT round(total_exec_time)::int AS ms, calls::int, rows::int, regexp_replace(query, '\\s+', ' ', 'g') AS query
    FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 25`,
  );
  for (const { ms, calls, rows: count, query } of rows)
    console.log(`${ms} ms, ${calls} calls, ${count} rows: ${query.slice(0, 150)}`);
  await pool.query("SELECT pg_stat_statements_reset()");
}

async function keep(results: readonly Row[]): Promise<void> {
  const folder = new URL("./results/", import.meta.url);
  await mkdir(folder, { recursive: true });
  const at = new Date().toISOString();
  const [cpu] = cpus();
  const kept = {
    at,
    isQuick: values.quick,
    revision: revision(),
    machine: {
      cores: cpus().length,
      cpu: cpu?.model,
      memoryMiB: Math.round(totalmem() / 2 ** 20),
      node: process.version,
    },
    rows: results.map((row) => ({ ...row, verdict: verdictOn(row) })),
  };
  await writeFile(new URL(`${at.replaceAll(":", "-")}.json`, folder), `${JSON.stringify(kept, null, 2)}\n`);
}

/** The commit that was measured; null where this is no checkout. */
function revision(): string | null {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}
