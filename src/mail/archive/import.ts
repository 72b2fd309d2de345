// Importing an archive: its threads become conversations of the account that imports, its mails their messages. Nobody is
// mailed, asked or told.
//
// Each mail is one append, under a client request that names the mail: so a mail is there with all that it needs (its
// conversation, its people, its files) or not at all, and doing it again finds what is there, wherever it was broken off.
import type pg from "pg";
import { ensureRecipients } from "../../accounts/recipients.ts";
import type { Address } from "../../conversation/address.ts";
import type { PlatformName } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { ConversationStore, Person } from "../../store/conversation-store.ts";
import { readArchived } from "../../store/receipts.ts";
import { type Archive, ancestorsMax, type MailNumber } from "./archive.ts";
import { findImported, findPeopleOf, mailKey } from "./imported.ts";
import { type ParsedMail, parseMail } from "./parse-mail.ts";
import { type PlanOptions, planAppends } from "./plan-appends.ts";
import { type Item, itemsOf, type Portion, portionsOf } from "./portions.ts";
import { type ImportProgress, type ImportSummary, Tally } from "./tally.ts";

export interface ImportOptions extends PlanOptions {
  readonly pool: pg.Pool;
  readonly store: ConversationStore;
  /** Which the platform serves. */
  readonly domains: readonly PlatformName[];
  /** Stops it: what has been begun is finished, and nothing more begun. */
  readonly signal?: AbortSignal;
  onProgress?(progress: ImportProgress): void;
}

/** Portions under way at once: while one is written, others are parsed and decided. */
const lanes = 3;
/** How often a portion begins anew because another import of the account was quicker. */
const triesMax = 20;
const missingMax = 1_000;

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
    const planned = planAppends(options, todo, parsed, found, people, known, tally);
    const answers = await allDone(planned.map(({ request }) => store.append(request)));
    const isRaced = answers.some((answer) => "repeatOf" in answer);
    todo = [];
    for (const [index, answer] of answers.entries()) {
      const one = planned[index];
      if (!one) continue;
      if ("entries" in answer) {
        touched.add(answer.conversation);
        tally.import(one.item.mail, one, answer.conversation);
        // Another import of this account was quicker with some of it, and what answers that stood on our own.
      } else if (isRaced) todo.push(one.item);
      else if ("rejection" in answer) tally.leaveOut(one.item.mail, "rejected", answer.rejection.message);
    }
  }
  if (touched.size > 0) await readArchived(pool, [...touched].sort(), account.accountId);
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
  { pool, signer: { platform }, domains, account }: ImportOptions,
  mails: readonly ParsedMail[],
): Promise<ReadonlyMap<Address, Person>> {
  const named = mails.flatMap(({ from, recipients }) => [from, ...recipients]);
  const ids = await ensureRecipients(pool, named, { platform, domains });
  const people = new Map<Address, Person>();
  for (const [address, recipientId] of ids) people.set(address, { recipientId, accountId: null });
  return people.set(account.address, account);
}
