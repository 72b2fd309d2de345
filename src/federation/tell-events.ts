// What a platform is told of the logs that it is in: the next events of each, in order; or, where it is not known how far it
// has one, where ours ends, to which it answers how far it is.
import type { PlatformName, SignedEvent } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry as LogEntry } from "../protocol/seal.ts";
import type { ConversationStore, Place, Stretch } from "../store/conversation-store.ts";
import type { Debt, PeerStore } from "../store/peer-store.ts";
import { batchLimits, type Entry, type Result, signedEventOf } from "./batch.ts";
import { firstContact } from "./first-contact.ts";

/**
 * What came of telling something. `on`: there may be more to tell at once. `back`: less is had than was known, so what was told is to be
 * told again. `still`: nothing.
 */
export type Moved = "on" | "back" | "still";

/** A part of a batch, and what is made of the answers to it. */
export interface Telling {
  readonly entries: readonly Entry[];
  answered(results: readonly Result[]): Promise<Moved>;
}

export interface TellEventsOptions {
  readonly store: Pick<ConversationStore, "entriesAfter" | "entriesOfEach">;
  readonly peers: Pick<PeerStore, "debts" | "passedOver" | "acknowledged" | "refused">;
  /** The platform has more of a conversation than we do, or another log. */
  onBehind(conversation: Hash, of: PlatformName): Promise<void>;
}

/** Characters of a first push to somebody who knows nothing of the conversation: it has to fit in what they take of a stranger (M55). */
const firstCharacters = 200_000;
/** Characters of JSON in a batch: bytes are at most three times as many, and most are one. */
const batchCharacters = batchLimits.bytes / 4;

/** Conversations of which the next events are read in one statement: of large ones not many go into a batch. */
const readAtOnce = 100;

/** Why it refuses where it has another log of the conversation. */
export const otherLog: ReadonlySet<string> = new Set(["FORKED", "BROKEN_CHAIN", "FROZEN"]);

interface Owed {
  readonly debt: Debt;
  readonly entries: readonly Entry[];
  /** Of each entry. */
  readonly seqs: readonly number[];
}

/** @param entriesMax how many entries may be told */
export async function tellEvents(options: TellEventsOptions, to: PlatformName, entriesMax: number): Promise<Telling> {
  const { peers, onBehind } = options;
  const { owed, lost } = await gather(options, await peers.debts(to, batchLimits.entries), entriesMax);
  // As many of which nothing can be told would keep all others from being told.
  await peers.passedOver(to, lost);
  return {
    entries: owed.flatMap(({ entries }) => entries),
    answered: async (results) => {
      let from = 0;
      let moved: Moved = "still";
      const acknowledged: Place[] = [];
      const passed: Hash[] = [];
      for (const one of owed) {
        const { debt, entries } = one;
        const { conversation, upTo } = debt;
        const { seq, refusal } = reached(one, results.slice(from, from + entries.length));
        from += entries.length;
        if (debt.isSure && seq !== null && seq < debt.after) moved = "back";
        else if (moved === "still" && (refusal !== null || seq !== (debt.isSure ? debt.after : null))) moved = "on";
        // Where its log is another than ours, both want to know. Before anything is noted: a crash between leaves it to be told again.
        if ((refusal !== null && otherLog.has(refusal)) || (seq !== null && seq > upTo))
          await onBehind(conversation, to);
        if (refusal !== null) await peers.refused(to, { conversation, seq: (seq ?? debt.after) + 1 }, refusal);
        else if (seq !== null) acknowledged.push({ conversation, seq: Math.min(seq, upTo) });
        else passed.push(conversation);
      }
      await peers.passedOver(to, passed);
      await peers.acknowledged(to, acknowledged);
      return moved;
    },
  };
}

/** What is next to be told of each debt, as much as goes into one batch; and conversations of which there is none of that here. */
async function gather(
  options: TellEventsOptions,
  debts: readonly Debt[],
  entriesMax: number,
): Promise<{ readonly owed: readonly Owed[]; readonly lost: readonly Hash[] }> {
  const asked: { readonly debt: Debt; readonly stretch: Stretch }[] = [];
  let left = entriesMax;
  for (const debt of debts) {
    const { conversation, isSure, after, upTo, introduction } = debt;
    // With what it has to be shown besides.
    if (left <= introduction.length) break;
    const limit = Math.min(left - introduction.length, stretchOf(debt));
    if (limit <= 0) continue;
    asked.push({ debt, stretch: { conversation, after: isSure ? after : upTo - 1, limit } });
    left -= limit + introduction.length;
  }
  const owed: Owed[] = [];
  const lost: Hash[] = [];
  let characters = 0;
  for (let from = 0; from < asked.length && characters < batchCharacters; from += readAtOnce) {
    const portion = asked.slice(from, from + readAtOnce);
    const all = await options.store.entriesOfEach(portion.map(({ stretch }) => stretch));
    for (const [index, { debt }] of portion.entries()) {
      const read = all[index] ?? [];
      if (characters >= batchCharacters) break;
      const one = debt.isSure
        ? await nextEvents(options, debt, read, owed.length === 0, batchCharacters - characters)
        : ourHead(debt, read);
      // There is none here (we lost it), or it is too large for what is left: what others are owed does not wait for that.
      if (read.length === 0) lost.push(debt.conversation);
      if (one.entries.length === 0) continue;
      owed.push(one);
      characters += JSON.stringify(one.entries).length;
    }
  }
  return { owed, lost };
}

/** How many entries of the log it takes to tell of this. */
function stretchOf({ isSure, after, upTo }: Debt): number {
  if (!isSure) return 1;
  return after === 0 ? Math.min(upTo, firstContact.events) : upTo - after;
}

function ourHead(debt: Debt, [last]: readonly LogEntry[]): Owed {
  const { conversation, upTo: seq } = debt;
  return last
    ? { debt, entries: [{ head: { conversation, seq, hash: last.hash } }], seqs: [seq] }
    : { debt, entries: [], seqs: [] };
}

/** @param isFirst whether it is the first of its batch: then one event goes, however large */
async function nextEvents(
  { store }: TellEventsOptions,
  debt: Debt,
  read: readonly LogEntry[],
  isFirst: boolean,
  charactersMax: number,
): Promise<Owed> {
  const { conversation, after, introduction } = debt;
  const most = after === 0 ? Math.min(firstCharacters, charactersMax) : charactersMax;
  const events: SignedEvent[] = [];
  let characters = 0;
  for (const entry of read) {
    const event = signedEventOf(entry);
    characters += JSON.stringify(event).length;
    if (characters > most && !(isFirst && events.length === 0)) break;
    events.push(event);
  }
  // Who does not know the conversation takes it only with what shows that we may bring it.
  for (const seq of events.length > 0 ? introduction : []) {
    if (seq <= after + events.length) continue;
    for (const entry of await store.entriesAfter(conversation, seq - 1, 1)) events.push(signedEventOf(entry));
  }
  return { debt, entries: events.map((event) => ({ event })), seqs: events.map(({ event }) => event.seq) };
}

/** Up to where the platform has the conversation after these answers, null where that stays unknown; and why it will not take more. */
function reached({ debt, seqs }: Owed, results: readonly Result[]) {
  let seq = debt.isSure ? debt.after : null;
  for (const [index, result] of results.entries()) {
    if (result.result === "gap") return { seq: result.seq, refusal: null };
    // It knows nothing of it, or not enough to know us: it is shown all of it.
    const isUnknown = result.result === "rejected" && result.code === "NOT_FOUND";
    if (isUnknown && (debt.after > 0 || !debt.isSure)) return { seq: 0, refusal: null };
    if (result.result === "rejected") return { seq, refusal: result.code };
    if (result.result === "later" || result.result === "done") break;
    seq = seqs[index] ?? seq;
  }
  return { seq, refusal: null };
}
