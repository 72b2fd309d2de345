// parley export CONVERSATION [--account ADDRESS] [--out FILE] | parley export --account ADDRESS [--out FOLDER]
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { findPeople, toAddress } from "../accounts/accounts.ts";
import type { Config } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { exportText, signStatement } from "../proof/export-form.ts";
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
import { type ProgressLine, progressLine } from "./progress-line.ts";
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
  await using stack = new AsyncDisposableStack();
  const { database, signer } = await openShared(stack, config);
  const { pool } = database;
  const account = values.account === undefined ? null : await accountOf(database, values.account);
  using progress = progressLine("events written");
  if (conversation !== undefined) {
    const file = values.out ?? fileOf(conversation);
    const written = await exportOne(pool, signer, conversation, account?.id ?? null, file, progress);
    if (!written)
      throw new ExportError(
        `There is no conversation ${conversation}${account ? ` that ${account.address} may see` : ""}.`,
      );
    console.log(`Wrote ${written.seq} events to ${file}, and to read them ${pageOf(file)}.`);
    return;
  }
  if (account === null) return;
  const folder = values.out ?? `parley-${account.address}`;
  await makeOutFolder(folder);
  let count = 0;
  for (let after: Hash = ""; ; ) {
    const page = await conversationsOf(pool, account.id, after, 100);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last;
    for (const id of page) {
      if (await exportOne(pool, signer, id, account.id, join(folder, fileOf(id)), progress)) count++;
    }
  }
  console.log(
    `Wrote ${count} conversations of ${account.address} to ${folder}. Drafts, which nobody has signed, are not among them.`,
  );
}

async function accountOf(
  database: Database,
  typed: string,
): Promise<{ readonly id: AccountId; readonly address: string }> {
  const address = toAddress(typed);
  const person = address === null ? undefined : (await findPeople(database, [address])).get(address);
  if (address === null || !person?.accountId) throw new ExportError(`There is no account "${typed}" here.`);
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

/** @returns what was written; null where there is nothing that the account may see */
function exportOne(
  pool: pg.Pool,
  signer: Signer,
  conversation: Hash,
  accountId: AccountId | null,
  file: string,
  progress: ProgressLine,
): Promise<LogPart | null> {
  return readLogs(pool, async (reads) => {
    const part = await reads.part(conversation, accountId);
    if (part === null) return null;
    const drawer = new OutlineDrawer();
    const exportedAt = new Date().toISOString();
    const signed = signStatement({ ...part, exportedAt, platforms: await reads.keyLists(part) }, signer);
    await writeWhole(
      file,
      exportText(
        signed,
        passing(reads, part, (entry) => drawer.take(entry), progress),
      ),
    );
    const bodiesAt = (seqs: readonly number[]) => reads.bodiesAt(conversation, seqs);
    const source = { statement: signed.statement, outline: drawer.outline(), log: reads.pages(part), bodiesAt };
    await writeWhole(pageOf(file), exportPage(source));
    return part;
  });
}

async function* passing(
  reads: LogReads,
  part: LogPart,
  see: (entry: Entry) => void,
  progress: ProgressLine,
): AsyncGenerator<readonly Entry[]> {
  for await (const page of reads.pages(part)) {
    for (const entry of page) see(entry);
    progress.show(page.at(-1)?.event.seq ?? 0, part.seq);
    yield page;
  }
}

/** Writes beside the place first: what bears the name is whole. */
async function writeWhole(file: string, text: AsyncIterable<string>): Promise<void> {
  const unfinished = join(file, "..", `.${basename(file)}.unfinished`);
  try {
    await pipeline(Readable.from(text), createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new ExportError(
      `The file ${file} cannot be written: ${error.message}\nSay --out with a place that you may write to, and that has room.`,
      { cause: error },
    );
  }
}
