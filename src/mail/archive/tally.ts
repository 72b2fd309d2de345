// What becomes of the mails of an archive, counted.
import type { Hash } from "../../protocol/hash.ts";
import type { Archive, ArchivedMail } from "./archive.ts";

export interface ImportProgress {
  /** Mails that were looked at, and their bytes. */
  readonly mails: number;
  readonly bytes: number;
}

/** Why a mail was left out, or what is other than in the mail. */
export type Remark =
  | "duplicate"
  | "noMail"
  | "tooLarge"
  | "unreadable"
  | "notTakingPart"
  | "speaksForThemselves"
  | "full"
  | "rejected"
  | "cut"
  | "undated"
  | "madeUpSender"
  | "recipientsLeftOut"
  | "filesLeftOut"
  | "signaturesLeftOut";

export interface Remarked {
  readonly count: number;
  /** The first few, by Message-ID, or where they have none by their place in the file. */
  readonly examples: readonly string[];
}

export interface ImportSummary {
  /** Every mail of the archive that was looked at: imported, there already, or left out. */
  readonly mails: number;
  readonly imported: number;
  readonly thereAlready: number;
  readonly leftOut: ReadonlyMap<Remark, Remarked>;
  /** Of mails that were imported now. */
  readonly notes: ReadonlyMap<Remark, Remarked>;
  readonly conversationsMade: number;
  readonly conversationsFound: number;
  /** Files that were described in the log. */
  readonly files: number;
  readonly isStopped: boolean;
}

/** What a mail that is imported brings. */
export interface Brought {
  readonly files: number;
  readonly isFirst: boolean;
  readonly remarks: readonly Remark[];
}

const examplesMax = 3;

/** Counts what became of the mails. */
export class Tally {
  readonly #archive: Archive;
  readonly #onProgress: ((progress: ImportProgress) => void) | undefined;
  readonly #leftOut = new Map<Remark, { count: number; examples: string[] }>();
  readonly #notes = new Map<Remark, { count: number; examples: string[] }>();
  readonly #made = new Set<Hash>();
  readonly #found = new Set<Hash>();
  #mails = 0;
  #bytes = 0;
  #imported = 0;
  #thereAlready = 0;
  #files = 0;

  constructor(archive: Archive, onProgress?: (progress: ImportProgress) => void) {
    this.#archive = archive;
    this.#onProgress = onProgress;
  }

  /** @param conversation where it is now; `isFirst`: which began with it */
  import(mail: ArchivedMail, { files, isFirst, remarks }: Brought, conversation: Hash): void {
    this.#imported++;
    this.#files += files;
    if (isFirst) this.#made.add(conversation);
    else if (!this.#made.has(conversation)) this.#found.add(conversation);
    for (const remark of remarks) note(this.#notes, remark, mail);
    this.#count(mail);
  }

  findAgain(mail: ArchivedMail, conversation: Hash | undefined): void {
    this.#thereAlready++;
    if (conversation !== undefined && !this.#made.has(conversation)) this.#found.add(conversation);
    this.#count(mail);
  }

  /** @param why said beside the mail, where the remark alone does not say it */
  leaveOut(mail: ArchivedMail, remark: Remark, why?: string): void {
    note(this.#leftOut, remark, mail, why);
    this.#count(mail);
  }

  #count({ length }: ArchivedMail): void {
    this.#mails++;
    this.#bytes += length;
    this.#onProgress?.({ mails: this.#mails, bytes: this.#bytes });
  }

  summary(isStopped: boolean): ImportSummary {
    return {
      mails: this.#mails,
      imported: this.#imported,
      thereAlready: this.#thereAlready,
      leftOut: this.#leftOut,
      notes: this.#notes,
      conversationsMade: this.#made.size,
      conversationsFound: this.#found.size,
      files: this.#files,
      isStopped: isStopped && this.#mails < this.#archive.mails.length,
    };
  }
}

function note(
  remarks: Map<Remark, { count: number; examples: string[] }>,
  remark: Remark,
  { id, hasMessageId, offset }: ArchivedMail,
  why?: string,
): void {
  const so = remarks.get(remark) ?? { count: 0, examples: [] };
  remarks.set(remark, so);
  so.count++;
  const example = hasMessageId ? `<${id}>` : `the mail at byte ${offset}`;
  if (so.examples.length < examplesMax) so.examples.push(why === undefined ? example : `${example}: ${why}`);
}
