// parley export CONVERSATION [--account ADDRESS] [--out FILE] | parley export --account ADDRESS [--out FOLDER]
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { findPeople, toAddress } from "../accounts/accounts.ts";
import type { Config } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { exportText, signStatement } from "../proof/export-form.ts";
import { type ExportedPage, exportIndex } from "../proof/export-index.ts";
import { exportPage } from "../proof/export-page.ts";
import { OutlineDrawer } from "../proof/outline.ts";
import { isBase64url32 } from "../protocol/encoding.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry, Signer } from "../protocol/seal.ts";
import type { AccountId } from "../store/conversation-store.ts";
import type { Database } from "../store/database.ts";
import { conversationsOf, type LogPart, type LogReads, readLogs } from "../store/export.ts";
import { parseArguments } from "./arguments.ts";
import { makeFolder } from "./database.ts";
import { openShared } from "./open-shared.ts";
import { progressLine } from "./progress-line.ts";
import { Stopped, stoppedBySignals } from "./stopping.ts";
import { UsageError } from "./usage.ts";

/** What was asked for cannot be exported. The message says why. */
class ExportError extends ExplainedError {
  override readonly name = "ExportError";
}

/** Writes the log of a conversation, or of all that an account sees, and a page to read beside each. */
export async function exportLogs(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { account: { type: "string" }, out: { type: "string" } });
  const [conversation, ...more] = positionals;
  if (more.length > 0 || (conversation === undefined && values.account === undefined))
    throw new UsageError(
      "Say: parley export CONVERSATION [--out FILE], or parley export --account ADDRESS [--out FOLDER]",
    );
  if (conversation !== undefined && !isBase64url32(conversation))
    throw new UsageError(`"${conversation}" is not the hash of a conversation: 43 letters, digits, - and _.`);
  const signal = stoppedBySignals(new Stopped("What is written is whole. Said again, it writes all anew."));
  await using stack = new AsyncDisposableStack();
  const { database, signer } = await openShared(stack, config);
  const account = values.account === undefined ? null : await accountOf(database, values.account);
  const from: ExportFrom = { pool: database.pool, signer, account, signal };
  if (conversation !== undefined) {
    const file = await logFileOf(values.out ?? fileOf(conversation), conversation);
    using progress = progressLine("events written");
    const written = await exportOne(from, conversation, file, (done, total) => progress.show(done, total));
    if (!written)
      throw new ExportError(
        `There is no conversation ${conversation}${account ? ` that ${account.address} may see` : ""}.`,
      );
    console.log(`Wrote ${written.seq} events to ${file}, and to read them ${pageOf(file)}.`);
  } else if (account !== null) await exportAll({ ...from, account }, values.out ?? `parley-${account.address}`);
}

interface ExportFrom {
  readonly pool: pg.Pool;
  readonly signer: Signer;
  /** As whom; null: all of it. */
  readonly account: Account | null;
  /** Ends it, with what is being written taken away. */
  readonly signal: AbortSignal;
}

interface Account {
  readonly id: AccountId;
  readonly address: string;
}

async function exportAll(from: ExportFrom & { readonly account: Account }, folder: string): Promise<void> {
  const { pool, account, signal } = from;
  await makeOutFolder(folder);
  const pages: ExportedPage[] = [];
  using progress = progressLine("conversations written");
  for (let after: Hash = ""; ; ) {
    const page = await conversationsOf(pool, account.id, after, 100);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last;
    for (const id of page) {
      const written = await exportOne(from, id, join(folder, fileOf(id)));
      if (written) pages.push(written.page);
      progress.show(pages.length, null);
    }
  }
  const index = join(folder, "index.html");
  await writeWhole(index, [exportIndex(account.address, new Date().toISOString(), pages)], signal);
  progress[Symbol.dispose]();
  console.log(
    `Wrote ${pages.length} conversations of ${account.address} to ${folder}, and to find them ${index}. Drafts, which nobody has signed, are not among them.`,
  );
}

/** Where the log goes: into a folder under a name of its own, and beside its page where that is what was named. */
async function logFileOf(out: string, conversation: Hash): Promise<string> {
  if ((await stat(out).catch(() => null))?.isDirectory()) return join(out, fileOf(conversation));
  return out.replace(/\.html$/, ".json");
}

async function accountOf(database: Database, typed: string): Promise<Account> {
  const address = toAddress(typed);
  const person = address === null ? undefined : (await findPeople(database, [address])).get(address);
  if (address === null || !person?.accountId)
    throw new ExportError(`There is no account "${typed}" here. Which there are: parley account list`);
  return { id: person.accountId, address };
}

async function makeOutFolder(folder: string): Promise<void> {
  try {
    await makeFolder(resolve(folder));
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new ExportError(
      `The folder ${folder} cannot be made: ${error.message}\nSay --out FOLDER with one that you may write to.`,
      { cause: error },
    );
  }
}

// An id may begin with a dash, which commands take for an option.
const fileOf = (conversation: Hash): string => `conversation-${conversation}.json`;
const pageOf = (file: string): string => `${file.replace(/\.json$/, "")}.html`;

interface Written {
  readonly seq: number;
  readonly page: ExportedPage;
}

/** @returns what was written; null where there is nothing that the account may see */
function exportOne(
  { pool, signer, account, signal }: ExportFrom,
  conversation: Hash,
  file: string,
  onEvents?: (done: number, total: number) => void,
): Promise<Written | null> {
  return readLogs(pool, async (reads) => {
    const part = await reads.part(conversation, account?.id ?? null);
    if (part === null) return null;
    const drawer = new OutlineDrawer();
    const exportedAt = new Date().toISOString();
    const signed = signStatement({ ...part, exportedAt, platforms: await reads.keyLists(part) }, signer);
    const log = passing(reads, part, (entry) => drawer.take(entry), onEvents);
    await writeWhole(file, exportText(signed, log), signal);
    const bodiesAt = (seqs: readonly number[]) => reads.bodiesAt(conversation, seqs);
    const outline = drawer.outline();
    const source = { statement: signed.statement, outline, log: reads.pages(part), bodiesAt };
    await writeWhole(pageOf(file), exportPage(source), signal);
    const { subject, saidAt } = outline;
    const people = [...outline.people.values()].map(({ name, address }) => name ?? address);
    return { seq: part.seq, page: { file: basename(pageOf(file)), subject, people, saidAt } };
  });
}

async function* passing(
  reads: LogReads,
  part: LogPart,
  see: (entry: Entry) => void,
  onEvents?: (done: number, total: number) => void,
): AsyncGenerator<readonly Entry[]> {
  for await (const page of reads.pages(part)) {
    for (const entry of page) see(entry);
    onEvents?.(page.at(-1)?.event.seq ?? 0, part.seq);
    yield page;
  }
}

/**
 * Writes beside the place first: what bears the name is whole.
 * @throws the reason of `signal`
 */
async function writeWhole(
  file: string,
  text: AsyncIterable<string> | Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const unfinished = join(file, "..", `.${basename(file)}.unfinished`);
  try {
    await pipeline(Readable.from(text), createWriteStream(unfinished), { signal });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    signal.throwIfAborted();
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new ExportError(
      `The file ${file} cannot be written: ${error.message}\nSay --out with a place that you may write to, and that has room.`,
      { cause: error },
    );
  }
}
