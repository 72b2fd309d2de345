// An archive: an mbox file read once, so that it is known which mails there are, where, and which belong together. Of each
// mail only its place, its ids and its time are held; the mails themselves are read when they are wanted.
import { type FileHandle, open, stat } from "node:fs/promises";
import { ExplainedError } from "../../observe/explained-error.ts";
import { sha256 } from "../../protocol/hash.ts";
import { readMailHead } from "../mail-head.ts";
import { explainFile, explainFolder } from "./explain-no-mbox.ts";
import { type MboxMail, NoMboxError, splitMbox, unquoteFromLines } from "./mbox.ts";
import { createThreading, inOrder, type Threads } from "./thread.ts";

/** A mail by its place in the archive: 0, 1, 2 … */
export type MailNumber = number;

/** How far up and how widely a mail's conversation is looked for. */
export const ancestorsMax = 50;

export interface ArchivedMail {
  /** What it is known by: its Message-ID; without one, the hash of its bytes. */
  readonly id: string;
  readonly hasMessageId: boolean;
  /** In the file, in bytes. */
  readonly offset: number;
  readonly length: number;
  /** Milliseconds since 1970. Of a mail without a time that can be, that of the mail before it in the file. */
  readonly sentMs: number;
  readonly isDated: boolean;
  /** Why it cannot be imported; null where it can. */
  readonly fault: "duplicate" | "noMail" | "tooLarge" | null;
}

export interface Archive extends AsyncDisposable {
  /** The file's size in bytes. */
  readonly bytes: number;
  readonly mails: readonly ArchivedMail[];
  /** Each in the order in which its conversation tells it, duplicates left out. */
  readonly threads: readonly ArchivedThread[];
  readonly ancestorsOf: Threads["ancestorsOf"];
  /** The mail's bytes, as they were before they were put into the file. */
  read(mail: ArchivedMail): Promise<Buffer>;
}

export interface ArchivedThread {
  readonly mails: readonly MailNumber[];
  /** Ids that its mails refer to and that no mail here has. */
  readonly missing: readonly string[];
}

export interface OpenArchiveOptions {
  readonly path: string;
  readonly nowMs: number;
  /** Told now and then how much has been read, in bytes, and the file's size. */
  onRead?(bytes: number, total: number): void;
  /** Stops the reading: `openArchive` rejects with its reason. */
  readonly signal?: AbortSignal;
}

const chunkBytes = 256 * 1024;

// A mail is read whole to be taken apart; real ones end at 50 MB or below.
const mailBytesMax = 64 * 1024 * 1024;

// A sender's clock may be ahead by a zone.
const aheadMs = 24 * 60 * 60 * 1000;

/** @throws ArchiveError where the file cannot be read, or is no mbox */
export async function openArchive({ path, nowMs, onRead, signal }: OpenArchiveOptions): Promise<Archive> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const mails: ArchivedMail[] = [];
    const threading = createThreading();
    const latestMs = nowMs + aheadMs;
    let sentMs: number | null = null;
    for await (const found of splitMbox(chunksOf(file, size, signal))) {
      const head = readMailHead(found.head, found.fromLine, latestMs);
      const { isMail, isDated, messageId } = head;
      const isTooLarge = found.length > mailBytesMax;
      sentMs = head.sentMs ?? sentMs;
      const id = messageId ?? (isTooLarge ? `at ${found.offset}` : `raw ${sha256(await bytesOf(file, found))}`);
      // What cannot be imported is not there for those that answer it.
      const fault = !isMail ? ("noMail" as const) : isTooLarge ? ("tooLarge" as const) : null;
      const ids = fault === null ? { ...head, id } : { id: `left out ${found.offset}`, references: [], inReplyTo: [] };
      const isDuplicate = threading.add(ids) !== null;
      const { offset, length } = found;
      mails.push({
        ...{ id, hasMessageId: messageId !== null, offset, length, sentMs: sentMs ?? nowMs, isDated },
        fault: isDuplicate ? "duplicate" : fault,
      });
      onRead?.(offset + length, size);
    }
    const { threads, ancestorsOf } = threading.threads();
    const inTime = (mail: MailNumber) => mails[mail]?.sentMs ?? nowMs;
    return {
      bytes: size,
      mails,
      threads: threads
        .filter((thread) => thread.mails.some((mail) => mails[mail]?.fault === null))
        .map(({ mails, missing }) => ({ mails: inOrder(mails, { ancestorsOf }, inTime), missing })),
      ancestorsOf,
      read: async (mail) => unquoteFromLines(await bytesOf(file, mail)),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    if (error instanceof NoMboxError) throw new ArchiveError(explainFile(path, error.beginning), { cause: error });
    throw error;
  }
}

/** The archive cannot be read. The message says why, and what to do. */
class ArchiveError extends ExplainedError {
  override readonly name = "ArchiveError";
}

async function openFile(path: string): Promise<FileHandle> {
  let isFolder: boolean;
  try {
    // First, for to open a pipe waits until somebody writes into it.
    const stats = await stat(path);
    if (stats.isFile()) return await open(path);
    isFolder = stats.isDirectory();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArchiveError(`${path} cannot be read: ${reason}`, { cause: error });
  }
  throw new ArchiveError(
    isFolder ? await explainFolder(path) : `${path} is no file. It is read more than once, so it cannot be a pipe.`,
  );
}

async function* chunksOf(file: FileHandle, size: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  for (let position = 0; position < size; ) {
    signal?.throwIfAborted();
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function bytesOf(file: FileHandle, { offset, length }: Pick<MboxMail, "offset" | "length">): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  if (bytesRead < length) throw new ArchiveError("The file became shorter while it was read. Run the import again.");
  return buffer;
}
