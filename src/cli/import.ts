// parley import mbox FILE --as ADDRESS [--json]
import { findViewer, toAddress } from "../accounts/accounts.ts";
import type { Config } from "../config/config.ts";
import { type Archive, openArchive } from "../mail/archive/archive.ts";
import { importArchive } from "../mail/archive/import.ts";
import type { ImportSummary, Remark, Remarked } from "../mail/archive/tally.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import { parseArguments } from "./arguments.ts";
import { locateDatabase } from "./database.ts";
import { now, salt } from "./now-and-salt.ts";
import { openCore } from "./parts.ts";
import { printable } from "./printable.ts";
import { progressBar } from "./progress-bar.ts";
import { Stopped, stoppedBySignals } from "./stopping.ts";
import { UsageError } from "./usage.ts";

/** The import cannot begin, or broke off. The message says why, and what to do. */
class ImportError extends ExplainedError {
  override readonly name = "ImportError";
}

/** Imports an mbox; beside a running platform, or without one. Stops at SIGINT and SIGTERM, after what it has begun. */
export async function importMails(args: readonly string[], config: Config, log: LoggerFactory): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    as: { type: "string" },
    json: { type: "boolean", default: false },
  });
  const [kind, path, ...more] = positionals;
  const { as, json } = values;
  if (kind !== undefined && kind !== "mbox")
    throw new UsageError(`"${kind}" cannot be imported. What can: parley import mbox FILE --as ADDRESS`);
  if (kind === undefined || path === undefined || as === undefined || more.length > 0)
    throw new UsageError("Say: parley import mbox FILE --as ADDRESS [--json]");
  if (toAddress(as) === null)
    throw new UsageError(`"${as}" is not an address. Say --as name@${config.domains[0]}, as its account is called.`);
  const stopped = new Stopped("What was imported stays. Say the same again to go on where it was.");
  const signal = stoppedBySignals(stopped);
  try {
    await using archive = await readArchive(path, signal);
    await using stack = new AsyncDisposableStack();
    const located = await locateDatabase(stack, config, "find", log("postgres"));
    const core = await openCore(stack, config, located, log);
    const { pool, prisma } = core.database;
    const account = await findViewer(prisma, as);
    if (account === null)
      throw new ImportError(`There is no account "${as}" here. Make it first: parley account create ${as}`);
    using bar = progressBar({ title: "Importing", what: "messages" });
    const summary = await importArchive({
      ...{ archive, account, pool, store: core.store, signer: core.signer, domains: config.domains },
      now,
      salt,
      signal,
      onProgress: ({ mails, bytes }) => bar.show(bytes, archive.bytes, mails),
    });
    bar[Symbol.dispose]();
    console.log(json ? jsonOf(archive, summary) : textOf(path, account.address, archive, summary));
    if (summary.isStopped) throw stopped;
  } catch (error) {
    if (error instanceof ExplainedError || !(error instanceof Error)) throw error;
    throw new ImportError(
      `The import broke off: ${error.message}\nWhat was imported stays. Say the same again to go on where it was.`,
      { cause: error },
    );
  }
}

async function readArchive(path: string, signal: AbortSignal): Promise<Archive> {
  using bar = progressBar({ title: "Reading", what: "messages" });
  let mails = 0;
  return openArchive({ path, nowMs: Date.now(), signal, onRead: (bytes, total) => bar.show(bytes, total, ++mails) });
}

const remarks: Readonly<Record<Remark, string>> = {
  duplicate: "another mail in the file has the same Message-ID, or, without one, the same bytes",
  noMail: "it has no headers, so it is no mail",
  tooLarge: "it is larger than 64 MiB",
  unreadable: "it could not be taken apart",
  notTakingPart: "you do not take part in its conversation any more",
  speaksForThemselves: "its sender takes part in the conversation and speaks for themselves",
  full: "its conversation has as many participants as there may be",
  rejected: "the conversation did not take it",
  cut: "the text is longer than a message may be, and was cut",
  undated: "the date is missing or cannot be, so the time of its arrival stands for it",
  madeUpSender: "the sender has no address, and got one at “invalid”",
  recipientsLeftOut: "not all recipients fit into the conversation",
  filesLeftOut: "not all files fit beside the message",
  signaturesLeftOut: "a PGP or S/MIME signature was left out, which proves nothing without the mail's bytes",
};

function textOf(path: string, address: string, archive: Archive, summary: ImportSummary): string {
  const { threads } = archive;
  const { mails, imported, thereAlready, conversationsMade, conversationsFound, files } = summary;
  const leftOut = [...summary.leftOut.values()].reduce((sum, { count }) => sum + count, 0);
  const counted = (count: number): string => count.toLocaleString("en").padStart(9);
  const long = threads.filter((thread) => thread.mails.length > 1).length;
  const longest = threads.reduce((most, thread) => Math.max(most, thread.mails.length), 0);
  return [
    `${path}, imported as ${address}:`,
    "",
    `${counted(mails)} messages read${summary.isStopped ? ` of ${archive.mails.length.toLocaleString("en")}` : ""}`,
    `${counted(imported)} imported`,
    `${counted(thereAlready)} there already`,
    `${counted(leftOut)} left out`,
    `${counted(threads.length)} threads, ${long.toLocaleString("en")} of two or more, the longest of ${longest.toLocaleString("en")}`,
    `${counted(conversationsMade)} conversations made`,
    `${counted(conversationsFound)} conversations found again`,
    `${counted(files)} files noted by name, type, size and hash; the files themselves are not stored yet, so keep the archive`,
    ...linesOf("Left out, because", summary.leftOut),
    ...linesOf("Imported, but", summary.notes),
  ].join("\n");
}

function linesOf(title: string, remarked: ReadonlyMap<Remark, Remarked>): readonly string[] {
  if (remarked.size === 0) return [];
  const lines = [...remarked].flatMap(([remark, { count, examples }]) => [
    `${count.toLocaleString("en").padStart(9)} ${remarks[remark]}`,
    ...examples.map((example) => `            ${printable(example)}`),
    ...(count > examples.length ? ["            …"] : []),
  ]);
  return ["", `${title}:`, ...lines];
}

function jsonOf({ threads }: Archive, summary: ImportSummary): string {
  const { leftOut, notes, ...counts } = summary;
  return JSON.stringify({
    ...{ ...counts, threads: threads.length },
    ...{ leftOut: Object.fromEntries(leftOut), notes: Object.fromEntries(notes) },
  });
}
