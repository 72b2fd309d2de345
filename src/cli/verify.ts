// parley verify FILE|FOLDER|CONVERSATION [--json]
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { openVerification, type Report } from "../proof/verify.ts";
import { verifyExport } from "../proof/verify-export.ts";
import { isBase64url32 } from "../protocol/encoding.ts";
import type { Hash } from "../protocol/hash.ts";
import { parseArguments } from "./arguments.ts";
import { printable } from "./printable.ts";
import { progressLine } from "./progress-line.ts";
import { UsageError } from "./usage.ts";

/** There is nothing to verify. The message says why. */
class VerifyError extends ExplainedError {
  override readonly name = "VerifyError";
}

/**
 * Prints what a log proves and what it does not; the process ends with 1 where something is wrong with it.
 * @param readConfig asked for a conversation only: a file needs no settings, no database and no network
 */
export async function verify(args: readonly string[], readConfig: () => Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { json: { type: "boolean", default: false } });
  const [what, ...more] = positionals;
  if (what === undefined || more.length > 0)
    throw new UsageError("Say: parley verify FILE|FOLDER|CONVERSATION [--json]");
  const file = await stat(what).catch(() => null);
  if (file === null && !isBase64url32(what))
    throw new VerifyError(`There is no file "${what}", and it is not the hash of a conversation.`);
  if (file?.isDirectory()) return verifyFolder(what, values.json);
  using progress = progressLine("events checked");
  let count = 0;
  const onEvent = () => progress.show(++count, null);
  const report = file === null ? await verifyConversation(what, readConfig()) : await verifyFile(what, onEvent);
  progress[Symbol.dispose]();
  console.log(values.json ? JSON.stringify(report, null, 2) : textOf(what, report));
  if (report.fault !== null) process.exitCode = 1;
}

/** Verifies each export in it: what `parley export --account` wrote. */
async function verifyFolder(folder: string, isJson: boolean): Promise<void> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith(".json")).toSorted();
  if (names.length === 0)
    throw new VerifyError(`There is no export in the folder "${folder}": their names end in .json.`);
  using progress = progressLine("exports checked");
  const reports: { readonly file: string; readonly report: Report }[] = [];
  for (const name of names) {
    const file = join(folder, name);
    reports.push({ file, report: await verifyFile(file, () => {}) });
    progress.show(reports.length, names.length);
  }
  progress[Symbol.dispose]();
  const faulty = reports.filter(({ report }) => report.fault !== null);
  if (isJson)
    console.log(JSON.stringify(Object.fromEntries(reports.map(({ file, report }) => [file, report])), null, 2));
  else {
    const sum = (of: (report: Report) => number) => reports.reduce((total, { report }) => total + of(report), 0);
    console.log(
      [
        ...faulty.map(({ file, report }) => `${headingOf(file, report)}\n`),
        `${folder}: ${names.length - faulty.length} of ${names.length} exports hold, ${sum(({ events }) => events)} events.`,
        "What one of them proves and what it does not: parley verify FILE. That none was taken out of the folder is not proved.",
      ].join("\n"),
    );
  }
  if (faulty.length > 0) process.exitCode = 1;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VerifyError(`The folder "${folder}" cannot be read: ${reason}`, { cause: error });
  }
}

async function verifyFile(file: string, onEvent: () => void): Promise<Report> {
  try {
    return await verifyExport(createReadStream(file), new Date().toISOString(), onEvent);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new VerifyError(`The file "${file}" cannot be read: ${error.message}`, { cause: error });
  }
}

async function verifyConversation(conversation: Hash, config: Config): Promise<Report> {
  // Of no use to a file: loaded where it is needed.
  const [{ openShared }, { readLogs }] = await Promise.all([import("./open-shared.ts"), import("../store/export.ts")]);
  await using stack = new AsyncDisposableStack();
  const { database } = await openShared(stack, config);
  using progress = progressLine("events checked");
  // Awaited here, for the connection is let go of with this function.
  return await readLogs(database.pool, async (reads) => {
    const part = await reads.part(conversation, null);
    if (part === null) throw new VerifyError(`There is no conversation ${conversation} here.`);
    const verification = openVerification(await reads.keyLists(part), new Date().toISOString());
    for await (const page of reads.pages(part)) {
      const holds = page.every(({ event, signatures, body, salt }) =>
        verification.entry({ event, signatures, body, salt }),
      );
      if (!holds) break;
      progress.show(page.at(-1)?.event.seq ?? 0, part.seq);
    }
    return verification.report();
  });
}

function textOf(what: string, report: Report): string {
  const { fault, proved, notProved } = report;
  const list = (heading: string, sentences: readonly string[]) =>
    sentences.length === 0 ? [] : ["", heading, ...sentences.map((sentence) => `  - ${sentence}`)];
  return [
    headingOf(what, report),
    ...list(fault === null ? "Proved:" : "Proved of what comes before it:", proved),
    ...list("Not proved:", notProved),
  ].join("\n");
}

function headingOf(what: string, { fault, events, bodies }: Report): string {
  return fault === null
    ? `${what} holds: ${events} events; texts: ${bodies.present} present, ${bodies.erased} erased, ${bodies.missing} missing.`
    : `${what} DOES NOT HOLD. ${fault.seq === null ? "As a whole" : `At event ${fault.seq}`}: ${fault.code}. ${printable(fault.message)}`;
}
