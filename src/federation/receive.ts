// What another platform hands over: proposals to the leader, events to followers, receipts, heads. Who calls has been
// verified before.
import DataLoader from "dataloader";
import type { Address } from "../conversation/address.ts";
import { bodyFault, unknownRecipient } from "../conversation/body.ts";
import { reject } from "../conversation/rejection.ts";
import type { PlatformName, SignedEvent, SignedProposal, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId, verifyAhead } from "../protocol/seal.ts";
import { verifySignature } from "../protocol/signature.ts";
import { participantOf } from "../protocol/value.ts";
import type { ConversationStore, ReceiptMove } from "../store/conversation-store.ts";
import type { Head, PeerStore } from "../store/peer-store.ts";
import type { AskRecipient } from "./ask-recipient.ts";
import { type Entry, type Result, refusalOf, refused, signedEventOf } from "./batch.ts";
import type { ErasedLate, EraseLate } from "./erase-late.ts";
import { fetchBudget } from "./fetch-budget.ts";
import { type FirstContactOptions, faultOf, judgeBeginning } from "./first-contact.ts";
import { type Ingest, type IngestOptions, partEvents } from "./ingest.ts";

/** How an address is reached: by which platform; `unknown` where by none, `later` where that cannot be said now. */
export type Reached = { readonly platform: PlatformName } | "unknown" | "later";

export interface ReceiveOptions extends FirstContactOptions {
  readonly store: Pick<ConversationStore, "append" | "entriesAfter">;
  readonly peers: Pick<
    PeerStore,
    "standing" | "platformsIn" | "acknowledged" | "moveForeignReceipts" | "unsettle" | "isUnsettled"
  >;
  readonly ingest: Ingest;
  readonly eraseLate: EraseLate;
  /** @param source as of `people` */
  reach(address: Address, source: PlatformName): Promise<Reached>;
  readonly isNobodys: AskRecipient["isNobodys"];
  people: IngestOptions["people"];
  /** Receipts moved: they are shown. */
  onReceipts(moved: readonly ReceiptMove[]): void;
  /** The platform may be owed something that it lost. */
  onOwed(platform: PlatformName): void;
  /** The platform has more of a conversation than we do, or another log. */
  onBehind(conversation: Hash, of: PlatformName): Promise<void>;
}

export type Receive = (caller: PlatformName, entries: readonly Entry[]) => Promise<readonly Result[]>;

const unknown = { head: null, reach: 0 };
const accepted: Result = { result: "accepted" };
const later: Result = { result: "later" };
// The same for what is not there and for what is not for them to see.
const notFound = refusalOf(reject("NOT_FOUND", "There is no such conversation."));
const ledBy = (leader: PlatformName): Result => ({
  ...{ result: "rejected", code: "WRONG_LEADER", message: `${leader} leads this conversation.`, leader },
});

const erasedLate: Readonly<Record<ErasedLate, Result>> = {
  erased: accepted,
  later,
  unknownSigner: refused("NOT_PARTICIPANT", "Neither the leader that we knew nor who speaks for this signed it."),
};

/**
 * So many conversations of a batch are taken side by side: what they write is written together, as appends are. One after the
 * other, each waited for a commit of its own, and a batch of 1,000 conversations for a thousand of them.
 */
const takenAtOnce = 64;

/** Addresses that a platform may ask about in a minute: who adds people needs few, who collects addresses many. */
export const recipientsPerMinuteMost = 100;

/** Takes a batch: a result for each entry. Conversations side by side, the entries of each in their order. */
export function createReceive(options: ReceiveOptions): Receive {
  const { peers } = options;
  const questions = fetchBudget(recipientsPerMinuteMost, () => Date.parse(options.now()));
  // Those that are asked for at once are done at once: each by itself would also be written by itself.
  const verified = new DataLoader<readonly SignedEvent[], null>(
    async (runs) => {
      await verifyAhead(runs.flatMap((run) => run.slice(0, partEvents)));
      return runs.map(() => null);
    },
    { cache: false },
  );

  const receiveEvents = async (caller: PlatformName, conversation: Hash, run: readonly SignedEvent[]) => {
    const standing = await peers.standing(caller, conversation);
    const { head, reach } = standing ?? unknown;
    const beginning = head ? { least: 0 } : await judgeBeginning(options, caller, run);
    if ("fault" in beginning) return run.map(() => beginning.fault);
    const isIn = !head || reach > 0;
    // Who left hears nothing of what came after, not even how much.
    const isGone = head !== null && reach > 0 && reach < head.seq;
    await verified.load(run);
    const { seq, ended } = await options.ingest(conversation, run, { known: head, source: caller, ...beginning });
    if (seq === 0 && ended) return run.map(() => faultOf(ended.why));
    const late = ended?.why === "GAP" ? run.find(({ event }) => event.seq === ended.at) : undefined;
    const erased = late ? await options.eraseLate(conversation, late, caller) : null;
    // Who is not in it as far as we have it may be in it further on; that they show by events that hold.
    const isShown = isIn || erased === "erased" || seq > (head?.seq ?? 0) || run[0]?.event.seq !== ended?.at;
    if (!isShown) return run.map(() => notFound);
    // It has what it handed over and is had.
    const shown = run.findLast(({ event }) => event.seq < (ended?.at ?? 0))?.event.seq ?? 0;
    // Where its log is another than ours, both want to know.
    if (ended && !isGone && ["FORKED", "BROKEN_CHAIN"].includes(ended.why))
      await options.onBehind(conversation, caller);
    return run.map(({ event }): Result => {
      if (erased !== null && event.seq === ended?.at) return erasedLate[erased];
      if (ended === null || event.seq < ended.at)
        return event.seq <= (head?.seq ?? 0) ? { result: "duplicate" } : accepted;
      // Whatever it is, and wherever our log ends: to who left, an event of what came after is one that lacks those before it.
      if (isGone && ended.at > reach) return { result: "gap", seq: Math.min(seq, Math.max(reach, shown)) };
      if (ended.why === "GAP") return { result: "gap", seq };
      // Those after the one that was refused are not looked at.
      return event.seq > ended.at ? later : faultOf(ended.why);
    });
  };

  const receiveOne = async (caller: PlatformName, conversation: Hash, entry: Entry): Promise<Result> => {
    if ("proposal" in entry) return receiveProposal(options, caller, conversation, entry.proposal);
    if ("head" in entry) return receiveHead(options, caller, entry.head);
    return later;
  };

  const receiveConversation = async (
    caller: PlatformName,
    conversation: Hash,
    entries: readonly Entry[],
  ): Promise<readonly Result[]> => {
    const results: Result[] = [];
    let isStopped = false;
    for (let index = 0; index < entries.length; ) {
      const run = eventsFrom(entries, index);
      const [entry] = entries.slice(index);
      if (!entry) break;
      const taken: readonly Result[] = isStopped
        ? [later]
        : run.length > 0
          ? await receiveEvents(caller, conversation, run)
          : [await receiveOne(caller, conversation, entry)];
      results.push(...taken);
      index += taken.length;
      isStopped ||= taken.some(({ result }) => result === "later");
    }
    return results;
  };

  return async (caller, entries) => {
    const results: Result[] = new Array<Result>(entries.length).fill(later);
    const receipts = entries.flatMap((entry, index) => ("receipt" in entry ? [{ index, receipt: entry.receipt }] : []));
    const others = entries.flatMap((entry, index) => {
      return "receipt" in entry || "lost" in entry || "recipient" in entry
        ? []
        : [{ index, entry, conversation: conversationOf(entry) }];
    });
    // The latest of several says all that they say.
    const lostAt = entries
      .flatMap((entry) => ("lost" in entry ? [entry.lost.at] : []))
      .sort()
      .at(-1);
    const loss = lostAt === undefined ? later : await receiveLoss(options, caller, lostAt);
    for (const [index, entry] of entries.entries()) {
      if ("lost" in entry) results[index] = loss;
      if ("recipient" in entry && questions.take(caller))
        results[index] = await receiveRecipient(options, caller, entry.recipient);
    }
    const groups = Map.groupBy(others, (one) => one.conversation).entries();
    const takeNext = async () => {
      // Each takes what none of the others has.
      for (const [conversation, group] of groups) {
        const entriesOfIt = group.map(({ entry }) => entry);
        const taken = await receiveConversation(caller, conversation, entriesOfIt);
        for (const [place, { index }] of group.entries()) results[index] = taken[place] ?? later;
      }
    };
    await Promise.all(Array.from({ length: takenAtOnce }, takeNext));
    if (receipts.length > 0) {
      const moved = await peers.moveForeignReceipts(
        caller,
        receipts.map(({ receipt }) => receipt),
      );
      options.onReceipts(moved);
      // Never more than that: whether there is such a conversation is not told, and no receipt answers a receipt.
      for (const { index } of receipts) results[index] = accepted;
    }
    return results;
  };
}

/** The events at `index` and right after it. */
function eventsFrom(entries: readonly Entry[], index: number): readonly SignedEvent[] {
  const run: SignedEvent[] = [];
  for (const entry of entries.slice(index)) {
    if (!("event" in entry)) break;
    run.push(entry.event);
  }
  return run;
}

function conversationOf(entry: Extract<Entry, { head: unknown } | { event: unknown } | { proposal: unknown }>): Hash {
  if ("head" in entry) return entry.head.conversation;
  const { proposal } = "event" in entry ? entry.event.event : entry.proposal;
  return proposal.conversation ?? proposalId(proposal);
}

/** The caller lost something: it is told what we have, and that this is all once it has it. */
async function receiveLoss(
  { peers, onOwed, now }: ReceiveOptions,
  caller: PlatformName,
  at: Timestamp,
): Promise<Result> {
  if (!(await peers.unsettle(caller, at, now()))) return later;
  if (!(await peers.isUnsettled(caller))) return accepted;
  onOwed(caller);
  return later;
}

/** Says whether anybody here has an address: to who is in the conversation with us, and so has somebody to add them to. */
async function receiveRecipient(
  { peers, isOurs }: ReceiveOptions,
  caller: PlatformName,
  { conversation, address }: Extract<Entry, { recipient: unknown }>["recipient"],
): Promise<Result> {
  if (!(await peers.platformsIn(conversation)).includes(caller)) return notFound;
  return (await isOurs(address)) ? accepted : refusalOf(unknownRecipient(address));
}

/** Compares where the caller's copy ends with ours. */
async function receiveHead(
  options: ReceiveOptions,
  caller: PlatformName,
  { conversation, seq, hash }: Head,
): Promise<Result> {
  const { peers, store, onBehind, onOwed } = options;
  const { head, reach } = (await peers.standing(caller, conversation)) ?? unknown;
  if (!head || reach === 0) return notFound;
  const upTo = Math.min(head.seq, reach);
  if (seq > upTo) {
    // Beyond its reach nothing is compared, and it is asked for nothing.
    if (upTo === head.seq) await onBehind(conversation, caller);
    return { result: "gap", seq: upTo };
  }
  const [own] = await store.entriesAfter(conversation, seq - 1, 1);
  if (own?.hash !== hash) {
    await onBehind(conversation, caller);
    return refused("FORKED", "Another event is here at this place.");
  }
  if (seq >= upTo) return { result: "duplicate" };
  await peers.acknowledged(caller, [{ conversation, seq }]);
  onOwed(caller);
  return { result: "gap", seq: upTo };
}

async function receiveProposal(
  options: ReceiveOptions,
  caller: PlatformName,
  conversation: Hash,
  signed: SignedProposal,
): Promise<Result> {
  const { platform, store, peers, keys, reach, isNobodys, people } = options;
  const { proposal, body, signature } = signed;
  const { head, reach: mayHave } = (await peers.standing(caller, conversation)) ?? unknown;
  if (!head || proposal.conversation === null || mayHave === 0) return notFound;
  // Whoever leads it by the log that goes on elsewhere: nothing is taken into it any more.
  if (head.isFrozen) return refusalOf(reject("FROZEN"));
  if (head.leader !== platform) return ledBy(head.leader);
  if (proposal.platform !== caller) return refused("WRONG_PLATFORM", "A platform proposes for its own people.");
  const id = proposalId(proposal);
  if (signature === null || !verifySignature(proposal.key, "proposal", id, signature))
    return refused("BAD_SIGNATURE", "The signature does not fit the proposal and its key.");
  const verdict = await keys.keyOf(caller, proposal.key, proposal.sentAt, { source: caller });
  if (verdict === "later") return later;
  if (verdict !== "valid") return refused("UNKNOWN_KEY", "The proposal's key is not one of its platform's.");

  const fault = bodyFault(proposal.model, body);
  if (fault) return refusalOf(fault);
  let answer = await store.append({ conversation, proposals: [signed] });
  const value = participantOf(proposal.value);
  const isForThem = "rejection" in answer && answer.rejection.code === "RECIPIENT_UNKNOWN";
  // Whom it adds is looked up where nothing else is against it: not for a proposal that is in the log, or may not be.
  if (isForThem && value && body !== null && "address" in body) {
    const { address, name } = body;
    const { via, mail, imported } = value;
    if (!imported) {
      const reached = await reach(address, caller);
      if (reached === "later") return later;
      if (!mail && reached === "unknown") return refusalOf(unknownRecipient(address));
      // By mail is who has no platform.
      if (reached !== "unknown" && (mail || reached.platform !== via))
        return refusalOf(reject("WRONG_PLATFORM", `${reached.platform} speaks for ${address}.`));
      // Who proposes its own people knows them.
      if (reached !== "unknown" && via !== caller && (await isNobodys(conversation, address, via, caller)))
        return refusalOf(unknownRecipient(address));
    }
    const added = { address, name, via, mail, imported, by: proposal.actor, byAddress: null };
    answer = await store.append({
      conversation,
      proposals: [signed],
      people: await people(conversation, [added], caller),
    });
  }
  if ("rejection" in answer) return refusalOf(answer.rejection);
  if ("repeatOf" in answer) {
    const [event] = await store.entriesAfter(conversation, answer.repeatOf - 1, 1);
    return event ? { result: "duplicate", event: signedEventOf(event) } : { result: "duplicate" };
  }
  // While we are in doubt nothing is sequenced.
  if ("leader" in answer) return answer.leader === platform ? later : ledBy(answer.leader);
  const [entry] = answer.entries;
  return entry ? { result: "accepted", event: signedEventOf(entry) } : { result: "done" };
}
