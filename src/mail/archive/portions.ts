// Portions of an archive: mails that are looked up, parsed and appended together.
import type { Archive, ArchivedMail, ArchivedThread, MailNumber } from "./archive.ts";

// One look-up, one parse, and about four appends' worth.
const portionMails = 256;
const portionBytes = 8 * 1024 * 1024;

/** Mails that are imported together, and of which threads they are. */
export type Portion = readonly { readonly thread: ArchivedThread; readonly mails: readonly MailNumber[] }[];

/** Small threads together, a large one in portions of which each has to wait for the one before. */
export function* portionsOf({ mails, threads }: Archive): Generator<readonly Portion[]> {
  let together: Portion[number][] = [];
  let room = { mails: portionMails, bytes: portionBytes };
  const bytesOf = (numbers: readonly MailNumber[]) =>
    numbers.reduce((sum, number) => sum + (mails[number]?.length ?? 0), 0);
  for (const thread of threads) {
    const bytes = bytesOf(thread.mails);
    if (thread.mails.length > portionMails || bytes > portionBytes) {
      yield split(thread, (number) => mails[number]?.length ?? 0);
      continue;
    }
    if (thread.mails.length > room.mails || bytes > room.bytes) {
      yield [together];
      together = [];
      room = { mails: portionMails, bytes: portionBytes };
    }
    together.push({ thread, mails: thread.mails });
    room = { mails: room.mails - thread.mails.length, bytes: room.bytes - bytes };
  }
  if (together.length > 0) yield [together];
}

function split(thread: ArchivedThread, bytesOf: (mail: MailNumber) => number): readonly Portion[] {
  const parts: MailNumber[][] = [];
  let room = 0;
  for (const mail of thread.mails) {
    const last = parts.at(-1);
    room -= bytesOf(mail);
    if (last && room >= 0 && last.length < portionMails) last.push(mail);
    else {
      parts.push([mail]);
      room = portionBytes - bytesOf(mail);
    }
  }
  return parts.map((mails) => [{ thread, mails }]);
}

/** A mail, its thread, and how many mails of that come after it. */
export interface Item {
  readonly number: MailNumber;
  readonly mail: ArchivedMail;
  readonly thread: ArchivedThread;
  readonly toCome: number;
}

export function itemsOf({ mails }: Archive, portion: Portion): Item[] {
  return portion.flatMap(({ thread, mails: numbers }) => {
    const before = thread.mails.indexOf(numbers[0] ?? 0);
    return numbers.flatMap((number, index) => {
      const mail = mails[number];
      return mail ? [{ number, mail, thread, toCome: thread.mails.length - before - index - 1 }] : [];
    });
  });
}
