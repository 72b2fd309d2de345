// `parley import mbox` as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type pg from "pg";
import { expect } from "vitest";
import { z } from "zod";
import { testSecret } from "./platform.ts";

const remarkedSchema = z.record(z.string(), z.object({ count: z.number(), examples: z.array(z.string()) }));
const summarySchema = z.object({
  mails: z.number(),
  imported: z.number(),
  thereAlready: z.number(),
  threads: z.number(),
  conversationsMade: z.number(),
  conversationsFound: z.number(),
  files: z.number(),
  isStopped: z.boolean(),
  leftOut: remarkedSchema,
  notes: remarkedSchema,
});
export type PrintedSummary = z.infer<typeof summarySchema>;

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: unknown;
  readonly output: string;
  readonly errors: string;
  /** What it printed last, with `--json`. */
  summary(): PrintedSummary;
}

/**
 * Runs it to its end.
 * @param signal sent as soon as the database has messages of the import
 */
export async function runImport(
  databaseUrl: string,
  args: readonly string[],
  interrupt?: { readonly signal: NodeJS.Signals; readonly pool: pg.Pool },
): Promise<Ended> {
  const settings = { DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret, PARLEY_LOG_LEVEL: "warn" };
  const child = spawn(process.execPath, ["src/cli/parley.ts", "import", ...args], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const told = { output: "", errors: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    told.output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    told.errors += chunk.toString();
  });
  const ended = once(child, "close").then(([code, signal]: readonly unknown[]) => code ?? signal);
  if (interrupt) {
    const messages = async () => (await interrupt.pool.query("SELECT FROM message LIMIT 1")).rowCount;
    await expect.poll(messages, { interval: 5, timeout: 60_000 }).toBe(1);
    child.kill(interrupt.signal);
  }
  const code = await ended;
  return {
    code,
    ...told,
    summary: () => summarySchema.parse(JSON.parse(told.output.trim().split("\n").at(-1) ?? "")),
  };
}
