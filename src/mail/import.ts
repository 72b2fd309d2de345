// Importing an archive: its threads become conversations of the account that imports, its mails their messages. Nobody is
// mailed, asked or told.
//
// Each mail is one append, under a client request that names the mail: so a mail is there with all that it needs (its
// conversation, its people, its files) or not at all, and doing it again finds what is there, wherever it was broken off.
import type pg from "pg";
import type { Viewer } from "../accounts/accounts.ts";
import { ensureRecipients } from "../accounts/recipients.ts";
import { type Command, type Occasion, propose } from "../conversation/accept.ts";
import type { Address } from "../conversation/address.ts";
import { slugOf } from "../conversation/body.ts";
import { limits } from "../conversation/limits.ts";
import type { PlatformName, SignedProposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId, type Signer } from "../protocol/seal.ts";
import type { AppendRequest, ConversationStore, Person } from "../store/conversation-store.ts";
import { readArchived } from "../store/receipts.ts";
import type { Archive, ArchivedMail, ArchivedThread, MailNumber } from "./archive.ts";
import { findImported, findPeopleOf, type MessagePlace, mailKey, type People } from "./imported.ts";
import { type Mailbox, type ParsedMail, parseMail } from "./parse.ts";

export interface ImportOptions {
  readonly archive: Archive;
  /** Whose archive it is. */
  readonly account: Viewer;
  readonly pool: pg.Pool;
  readonly store: ConversationStore;
  readonly signer: Signer;
  /** Which the platform serves. */
  readonly domains: readonly PlatformName[];
  now(): string;
  /** 32 random bytes, base64url. */
  salt(): string;
  /** Stops it: what has been begun is finished, and nothing more begun. */
  readonly signal?: AbortSignal;
  onProgress?(progress: ImportProgress): void;
}

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

// One look-up, one parse, and about four appends' worth.
const portionMails = 256;
const portionBytes = 8 * 1024 * 1024;
/** Portions under way at once: while one is written, others are parsed and decided. */
const lanes = 3;
/** How often a portion begins anew because another import of the account was quicker. */
const triesMax = 20;
const examplesMax = 3;
/** Places in a conversation that are kept for those who will have said something, once its recipients are many. */
const placesKeptMax = 500;
/** How far up and how widely a mail's conversation is looked for. */
const ancestorsMax = 50;
const missingMax = 1_000;

/** Mails that are imported together, and of which threads they are. */
type Portion = readonly { readonly thread: ArchivedThread; readonly mails: readonly MailNumber[] }[];

/**
 * Imports what is not there yet. Safe to break off at any point and to do again: the outcome is the same.
 * @throws where the database fails; what was imported stays
 */
export async function importArchive(options: ImportOptions): Promise<ImportSummary> {
  const { archive, signal } = options;
  const tally = new Tally(archive, options.onProgress);
  for (const mail of archive.mails) if (mail.fault !== null) tally.leaveOut(mail, mail.fault);
  const work = portionsOf(archive);
  let isBroken = false;
  const lane = async () => {
    for (const portions of work) {
      for (const portion of portions) {
        if (isBroken || signal?.aborted) return;
        await importPortion(options, portion, tally).catch((error: unknown) => {
          isBroken = true;
          throw error;
        });
      }
    }
  };
  await allDone(Array.from({ length: lanes }, lane));
  return tally.summary(signal?.aborted ?? false);
}

/** Waits for all, also where one fails: nothing goes on behind the back of whoever hears of that. */
async function allDone<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Small threads together, a large one in portions of which each has to wait for the one before. */
function* portionsOf({ mails, threads }: Archive): Generator<readonly Portion[]> {
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
interface Item {
  readonly number: MailNumber;
  readonly mail: ArchivedMail;
  readonly thread: ArchivedThread;
  readonly toCome: number;
}

async function importPortion(options: ImportOptions, portion: Portion, tally: Tally): Promise<void> {
  const { archive, account, pool, store } = options;
  const parsed = new Map<MailNumber, ParsedMail>();
  const touched = new Set<Hash>();
  let todo = itemsOf(archive, portion);
  for (let tries = 1; todo.length > 0; tries++) {
    if (tries > triesMax) throw new Error("other imports of this account are in the way: try again later");
    const found = await findImported(pool, account.accountId, [...keysFor(archive, portion)]);
    for (const { mail } of todo.filter((item) => found.has(mailKey(item.mail.id)))) {
      const place = found.get(mailKey(mail.id));
      if (place) touched.add(place.conversation);
      tally.findAgain(mail, place?.conversation);
    }
    todo = todo.filter(({ mail }) => !found.has(mailKey(mail.id)));
    if (todo.length === 0) break;
    todo = await parseAll(archive, todo, parsed, tally);
    const people = await findPeopleOf(pool, account.accountId, [
      ...new Set([...found.values()].map(({ conversation }) => conversation)),
    ]);
    const known = await peopleOf(options, [...parsed.values()]);
    const planned = plan(options, todo, parsed, found, people, known, tally);
    const answers = await allDone(planned.map(({ request }) => store.append(request)));
    const isRaced = answers.some((answer) => "repeatOf" in answer);
    todo = [];
    for (const [index, answer] of answers.entries()) {
      const one = planned[index];
      if (!one) continue;
      if ("entries" in answer) {
        touched.add(answer.conversation);
        tally.import(one, answer.conversation);
        // Another import of this account was quicker with some of it, and what answers that stood on our own.
      } else if (isRaced) todo.push(one.item);
      else if ("rejection" in answer) tally.leaveOut(one.item.mail, "rejected", answer.rejection.message);
    }
  }
  if (touched.size > 0) await readArchived(pool, [...touched].sort(), account.accountId);
}

function itemsOf({ mails }: Archive, portion: Portion): Item[] {
  return portion.flatMap(({ thread, mails: numbers }) => {
    const before = thread.mails.indexOf(numbers[0] ?? 0);
    return numbers.flatMap((number, index) => {
      const mail = mails[number];
      return mail ? [{ number, mail, thread, toCome: thread.mails.length - before - index - 1 }] : [];
    });
  });
}

/** Of all by which a portion's mails or their conversations may be found. */
function* keysFor(archive: Archive, portion: Portion): Generator<string> {
  for (const { thread, mails } of portion) {
    for (const number of [...mails, ...thread.mails.slice(0, ancestorsMax)]) {
      const mail = archive.mails[number];
      if (mail) yield mailKey(mail.id);
    }
    for (const id of thread.missing.slice(0, missingMax)) yield mailKey(id);
    if (mails.length === thread.mails.length) continue;
    for (const number of mails) for (const { id } of archive.ancestorsOf(number).take(ancestorsMax)) yield mailKey(id);
  }
}

/** Parses what was not parsed yet; returns what can be imported. */
async function parseAll(
  archive: Archive,
  todo: readonly Item[],
  parsed: Map<MailNumber, ParsedMail>,
  tally: Tally,
): Promise<Item[]> {
  const readable: Item[] = [];
  for (const item of todo) {
    if (!parsed.has(item.number)) {
      const raw = await archive.read(item.mail);
      try {
        parsed.set(item.number, await parseMail(raw));
      } catch (error) {
        tally.leaveOut(item.mail, "unreadable", error instanceof Error ? error.message : String(error));
        continue;
      }
    }
    readable.push(item);
  }
  return readable;
}

/** Everybody whom the mails name, as an append has to know them. Whose account it is counts for the importing one alone. */
async function peopleOf(
  { pool, domains, account }: ImportOptions,
  mails: readonly ParsedMail[],
): Promise<ReadonlyMap<Address, Person>> {
  const named = mails.flatMap(({ from, recipients }) => [from, ...recipients]);
  const ids = await ensureRecipients(pool, named, domains);
  const people = new Map<Address, Person>();
  for (const [address, recipientId] of ids) people.set(address, { recipientId, accountId: null });
  return people.set(account.address, account);
}

interface Planned {
  readonly item: Item;
  readonly request: AppendRequest;
  readonly files: number;
  readonly isFirst: boolean;
  readonly remarks: readonly Remark[];
}

/** The appends of a portion, in order: each stands on those before it. */
function plan(
  options: ImportOptions,
  todo: readonly Item[],
  parsed: ReadonlyMap<MailNumber, ParsedMail>,
  found: ReadonlyMap<string, MessagePlace>,
  people: Map<Hash, People>,
  known: ReadonlyMap<Address, Person>,
  tally: Tally,
): readonly Planned[] {
  const { archive, account, signer, salt } = options;
  const occasion: Occasion = { signer, sentAt: options.now(), salt };
  const places = new Map<MailNumber, MessagePlace>();
  const homes = new Map<ArchivedThread, Hash>();
  const placeOf = (number: MailNumber | null, id: string) =>
    (number === null ? undefined : places.get(number)) ?? found.get(mailKey(id));
  const answeredBy = (number: MailNumber): MessagePlace | undefined => {
    for (const { mail, id } of archive.ancestorsOf(number)) {
      const place = placeOf(mail, id);
      if (place) return place;
    }
    return undefined;
  };
  const homeOf = (thread: ArchivedThread): Hash | undefined => {
    const ids = [
      ...thread.mails.slice(0, ancestorsMax).flatMap((one) => archive.mails[one]?.id ?? []),
      ...thread.missing,
    ];
    return homes.get(thread) ?? ids.map((id) => found.get(mailKey(id))).find((place) => place)?.conversation;
  };

  return todo.flatMap((item): readonly Planned[] => {
    const { number, mail, thread, toCome } = item;
    const words = parsed.get(number);
    if (!words) return [];
    const answered = answeredBy(number);
    const proposals: SignedProposal[] = [];
    let conversation = answered?.conversation ?? homeOf(thread) ?? null;
    const isFirst = conversation === null;
    const { platform } = signer;
    if (conversation === null) {
      const body = { address: account.address, name: account.name, slug: slugOf(words.subject), continues: null };
      const value = { role: "ADMIN", via: platform, mail: false, imported: false } as const;
      const first = propose({ action: "publish", model: "conversation", value, body }, null, null, null, occasion);
      conversation = proposalId(first.proposal);
      proposals.push(first);
      people.set(conversation, { own: conversation, imported: new Map(), present: new Set(), count: 1 });
    }
    const home = conversation;
    const takingPart = people.get(home);
    const { own } = takingPart ?? { own: null };
    if (!takingPart || own === null) {
      tally.leaveOut(mail, "notTakingPart");
      return [];
    }
    const say = (command: Command, actor: Hash): Hash => {
      const signed = propose(command, home, actor, home, occasion);
      proposals.push(signed);
      return proposalId(signed.proposal);
    };
    if (isFirst && words.subject !== "")
      say({ action: "modify", model: "subject", body: { subject: words.subject } }, own);

    const isOwn = words.from.address === account.address;
    const { imported, present } = takingPart;
    const isThere = ({ address }: Mailbox) =>
      imported.has(address) || present.has(address) || address === account.address;
    const add = ({ address, name }: Mailbox): void => {
      const value = { role: "WRITER", via: platform, mail: false, imported: true } as const;
      imported.set(address, say({ action: "add", model: "participant", value, body: { address, name } }, own));
      takingPart.count++;
    };
    if (!isOwn && !isThere(words.from) && takingPart.count < limits.participants) add(words.from);
    const author = isOwn ? own : imported.get(words.from.address);
    if (author === undefined) {
      tally.leaveOut(mail, present.has(words.from.address) ? "speaksForThemselves" : "full");
      return [];
    }
    const recipients = words.recipients.filter((one) => !isThere(one));
    const room = limits.participants - takingPart.count - Math.min(toCome, placesKeptMax);
    for (const recipient of recipients.slice(0, Math.max(0, room))) add(recipient);

    const messageId = `<${mail.id}>`;
    const isKept = mail.hasMessageId && messageId.length <= limits.messageIdCharacters;
    const { format, text } = words;
    const message = say(
      {
        action: "add",
        model: "message",
        item: answered?.conversation === home ? answered.message : null,
        body: {
          ...{ format, text, mentions: [] },
          mail: { date: new Date(mail.sentMs).toISOString(), messageId: isKept ? messageId : "" },
        },
      },
      author,
    );
    const files = words.files.slice(0, limits.attachmentsPerMessage);
    for (const file of files) {
      const key = Buffer.from(salt(), "base64url").toString("base64url", 0, 16);
      say({ action: "add", model: "attachment", item: message, body: { ...file, key } }, author);
    }
    places.set(number, { conversation: home, message });
    if (!homes.has(thread)) homes.set(thread, home);
    const remarks: readonly (readonly [boolean, Remark])[] = [
      [words.isCut, "cut"],
      [!mail.isDated, "undated"],
      [words.isFromMadeUp, "madeUpSender"],
      [recipients.length > room, "recipientsLeftOut"],
      [words.files.length > files.length, "filesLeftOut"],
      [words.signatures > 0, "signaturesLeftOut"],
    ];
    const client = { accountId: account.accountId, clientId: mailKey(mail.id) };
    return [
      {
        item,
        request: { conversation: isFirst ? null : home, proposals, people: known, client },
        files: files.length,
        isFirst,
        remarks: remarks.flatMap(([isSo, remark]) => (isSo ? [remark] : [])),
      },
    ];
  });
}

/** Counts what became of the mails. */
class Tally {
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

  import({ item, files, isFirst, remarks }: Planned, conversation: Hash): void {
    this.#imported++;
    this.#files += files;
    if (isFirst) this.#made.add(conversation);
    else if (!this.#made.has(conversation)) this.#found.add(conversation);
    for (const remark of remarks) note(this.#notes, remark, item.mail);
    this.#count(item.mail);
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
