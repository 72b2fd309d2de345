// The mbox file: where each mail in it begins and ends, and its bytes as they were before they were put there (RFC 4155;
// quoted the mboxrd way, which the mboxo way is read by too).

/** Where a mail stands in its file, in bytes, without its `From ` line and the empty line after it. */
export interface MboxMail {
  readonly offset: number;
  readonly length: number;
  /** Without the line's end; its bytes as Latin-1. */
  readonly fromLine: string;
  /** The mail's first bytes, at most `headBytesMax`: all of the headers of any real mail, of one to thousands too. */
  readonly head: Buffer;
}

export const headBytesMax = 512 * 1024;

// A longer line is none that a program wrote between two mails.
const fromLineBytesMax = 1_000;

const newline = 0x0a;
const carriageReturn = 0x0d;

// Before the first `From ` line: what editors and mail programs leave there, empty lines and a byte order mark.
const beginningBytes = new Set([newline, carriageReturn, 0xef, 0xbb, 0xbf]);

interface Open {
  readonly offset: number;
  readonly fromLine: string;
  readonly head: Buffer[];
  headLength: number;
}

/**
 * Splits an mbox, chunk by chunk: it holds a chunk and a mail's head, however large file, mails and lines are.
 * @throws NoMboxError where it does not begin with a `From ` line, empty lines and a byte order mark left aside
 */
export async function* splitMbox(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<MboxMail> {
  let window = Buffer.alloc(0);
  /** Place of the window's first byte in the file, and of the first byte that no mail's head has seen. */
  let windowAt = 0;
  let seenTo = 0;
  /** Where the file's first `From ` line has to be. */
  let firstAt = 0;
  /** Where in the window the next `From ` is looked for. */
  let from = 0;
  let open: Open | null = null;

  const collect = (to: number): void => {
    if (open && open.headLength < headBytesMax && to > seenTo) {
      const part = window.subarray(seenTo - windowAt, Math.min(to, seenTo + headBytesMax - open.headLength) - windowAt);
      open.head.push(part);
      open.headLength += part.length;
    }
    seenTo = Math.max(seenTo, to);
  };
  const close = (end: number): MboxMail[] => {
    if (!open) return [];
    collect(end);
    const { offset, fromLine, head } = open;
    const length = Math.max(0, end - offset);
    open = null;
    return [{ offset, length, fromLine, head: Buffer.concat(head).subarray(0, length) }];
  };
  /** The mails that end before the window does. What cannot be told yet stays for the next chunk. */
  const scan = (isLast: boolean): readonly MboxMail[] => {
    const mails: MboxMail[] = [];
    for (;;) {
      const at = lineBeginning(window, from, windowAt === firstAt);
      if (at === -1) break;
      const end = window.indexOf(newline, at);
      if (end === -1 && !isLast && window.length - at <= fromLineBytesMax) {
        from = at;
        return mails;
      }
      const lineEnd = end === -1 ? window.length : end;
      const line = window.toString("latin1", at, Math.min(lineEnd, at + fromLineBytesMax)).trimEnd();
      from = at + 5;
      const isFirst = windowAt + at === firstAt;
      if (!isFirst && !isFromLine(line, emptyLineBefore(window, at) > 0)) continue;
      mails.push(...close(windowAt + at - emptyLineBefore(window, at)));
      open = { offset: windowAt + Math.min(lineEnd + 1, window.length), fromLine: line, head: [], headLength: 0 };
      seenTo = open.offset;
    }
    from = Math.max(from, window.length - 5);
    return mails;
  };

  const checkBeginning = (): void => {
    if (windowAt === firstAt && window.toString("latin1", 0, 5) !== "From ") throw new NoMboxError(window);
  };

  for await (let chunk of chunks) {
    if (windowAt + window.length === firstAt) {
      const begins = chunk.findIndex((byte) => !beginningBytes.has(byte));
      firstAt += begins === -1 ? chunk.length : begins;
      chunk = chunk.subarray(firstAt - windowAt);
      windowAt = firstAt;
    }
    // What stands before the next place to look is kept as far as an empty line before it has to be seen.
    const keepFrom = Math.max(0, Math.min(from, window.length) - 4);
    collect(windowAt + keepFrom);
    window = Buffer.concat([window.subarray(keepFrom), chunk]);
    windowAt += keepFrom;
    from = Math.max(0, from - keepFrom);
    if (window.length >= 5) checkBeginning();
    yield* scan(false);
  }
  if (window.length > 0) checkBeginning();
  yield* scan(true);
  yield* close(windowAt + window.length - emptyLineBefore(window, window.length));
}

/** The file is no mbox: it does not begin as one. */
export class NoMboxError extends Error {
  override readonly name = "NoMboxError";
  /** The file's first bytes, empty lines and a byte order mark left aside. */
  readonly beginning: Buffer;

  constructor(window: Buffer) {
    super();
    this.beginning = window.subarray(0, fromLineBytesMax);
  }
}

/**
 * The next line that begins with `From `, at or after `from`; -1 where there is none in the window.
 * @param isFirst whether a line begins where the window does
 */
function lineBeginning(window: Buffer, from: number, isFirst: boolean): number {
  for (let at = window.indexOf("From ", from); at !== -1; at = window.indexOf("From ", at + 5)) {
    if (at === 0 ? isFirst : window[at - 1] === newline) return at;
  }
  return -1;
}

/** The length of the line's end that makes the line before `at` an empty one; 0 where it is not empty. */
function emptyLineBefore(window: Buffer, at: number): number {
  if (window[at - 1] !== newline) return 0;
  const length = window[at - 2] === carriageReturn ? 2 : 1;
  return at - length <= 0 || window[at - length - 1] === newline ? length : 0;
}

const hasTime = /\b\d{1,2}:\d{2}\b/;
const hasYear = /\b(?:19|20)\d{2}\b/;
// What C's asctime() writes, as RFC 4155 has it: where programs left out the empty line, nothing less will do.
const isAsctime =
  /^From \S+\s+(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s+[A-Z][a-z]{2}\s+\d{1,2}\s+\d{2}:\d{2}(?::\d{2})?\s.*\b\d{4}$/;

/** Whether a line stands between two mails: words that begin so and that nobody quoted have no time and year. */
function isFromLine(line: string, isAfterEmptyLine: boolean): boolean {
  return isAfterEmptyLine ? hasTime.test(line) && hasYear.test(line) : isAsctime.test(line);
}

/** A mail as it was before it was put into an mbox: one `>` less before each `From ` that begins a line. */
export function unquoteFromLines(raw: Buffer): Buffer {
  const parts: Buffer[] = [];
  let takenTo = 0;
  for (let at = raw.indexOf(">From "); at !== -1; at = raw.indexOf(">From ", at + 6)) {
    let first = at;
    while (first > takenTo && raw[first - 1] === 0x3e) first--;
    if (first > 0 && raw[first - 1] !== newline) continue;
    parts.push(raw.subarray(takenTo, at));
    takenTo = at + 1;
  }
  return takenTo === 0 ? raw : Buffer.concat([...parts, raw.subarray(takenTo)]);
}
