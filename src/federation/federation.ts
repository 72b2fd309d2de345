// A platform among others: puts the parts of this folder together. What it does by and by (deliver, ask again, catch up) it
// asks `schedule` for: jobs in a real platform, the next steps of a simulated one.
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AppendAnywhere, Place, ReceiptMove } from "../store/conversation-store.ts";
import type { PeerStore, PendingProposal } from "../store/peer-store.ts";
import { type AskLeaderOptions, createAskLeader } from "./ask-leader.ts";
import { createAskRecipient } from "./ask-recipient.ts";
import { type CatchUpOptions, type CaughtUp, createCatchUp } from "./catch-up.ts";
import { createDeliver, type DeliverOptions, lastRetryMs, type Retry, retryDelayMs } from "./deliver.ts";
import { createDoubt, type DoubtOptions } from "./doubt.ts";
import { createEraseLate, type EraseLateOptions } from "./erase-late.ts";
import { createGreet, type GreetOptions } from "./greet.ts";
import { createIngest, type IngestOptions } from "./ingest.ts";
import { createReceive, type Receive, type ReceiveOptions } from "./receive.ts";
import { createServeLog, type ServeLog } from "./serve-log.ts";
import type { Transport } from "./transport.ts";
import { createTtlCache } from "./ttl-cache.ts";

/**
 * Work for later. Asking twice for the same makes it once; each runs one at a time for its key, and survives a crash once it
 * is kept. `deliver` and `askAgain` are found again by `resume`; the others are kept when their promise is, which rejects
 * where they cannot be: whoever told of it is not answered then, and tells again.
 */
export interface Schedule {
  /** @param mode `unlessPlanned`: a run that is planned stays when it is, though later. Left out: it is moved */
  deliver(to: PlatformName, inMs: number, mode?: "unlessPlanned"): void;
  /** @param leader who is asked: one conversation after the other, so that a silent one costs others nothing */
  askAgain(conversation: Hash, leader: PlatformName, inMs: number, mode?: "unlessPlanned"): void;
  /**
   * One conversation after the other, of each platform.
   * @param failures how often in a row it came to nothing
   * @param heldUpTo where to go on with holding its log against ours
   */
  catchUp(conversation: Hash, from: PlatformName, inMs: number, failures: number, heldUpTo?: number): Promise<void>;
  /** One for each conversation; and one conversation after the other, of each platform. */
  askWords(words: WordsToAsk, inMs: number, mode?: "unlessPlanned"): Promise<void>;
}

/** Words that a conversation lacks, and whom to ask for them now. */
export interface WordsToAsk {
  readonly conversation: Hash;
  readonly from: PlatformName;
  /** Who was asked before, this time. */
  readonly asked: readonly PlatformName[];
  /** How often in a row all were asked in vain. */
  readonly failures: number;
}

export interface FederationOptions extends IngestOptions {
  readonly store: IngestOptions["store"] & AskLeaderOptions["store"] & DeliverOptions["store"];
  readonly peers: IngestOptions["peers"] &
    CatchUpOptions["peers"] &
    DeliverOptions["peers"] &
    ReceiveOptions["peers"] &
    AskLeaderOptions["peers"] &
    EraseLateOptions["peers"] &
    DoubtOptions["peers"] &
    GreetOptions["peers"] &
    Pick<
      PeerStore,
      "owe" | "oweErasures" | "oweReceipt" | "remind" | "destinationsOwed" | "conversationsPending" | "pendingWith"
    >;
  readonly transport: Transport;
  readonly schedule: Schedule;
  readonly reach: ReceiveOptions["reach"];
  readonly isOurs: ReceiveOptions["isOurs"];
  readonly onReceipts: ReceiveOptions["onReceipts"];
  /** Something waits, or will not be in the log: its author is told. */
  onPendingChanged(pending: PendingProposal): void;
  now(): string;
  random(): number;
  readonly retry?: Retry;
}

/** An event that was committed. */
export interface Announced extends Place {
  /** Whether it takes words away. */
  readonly isErasing: boolean;
}

export interface Federation {
  readonly append: AppendAnywhere;
  readonly receive: Receive;
  readonly serveLog: ServeLog;
  /** A platform says that it is there: what it is owed is sent, and what waits for it asked again. */
  greeted(by: PlatformName): Promise<void>;
  /** Events were committed: those that we sequenced are owed to the platforms in their conversations. Safe to repeat. */
  announced(places: readonly Announced[]): Promise<void>;
  /** A receipt of somebody here moved: the platforms in the conversation are owed it. */
  receiptMoved(move: ReceiptMove): Promise<void>;
  /** The scheduled work; each asks for what is to follow. */
  deliver(to: PlatformName): Promise<void>;
  askAgain(conversation: Hash): Promise<void>;
  /**
   * @param failures how often in a row it came to nothing. @default 0
   * @param heldUpTo where to go on with holding its log against ours; left out where nothing is known of it
   */
  catchUp(conversation: Hash, from: PlatformName, failures?: number, heldUpTo?: number): Promise<void>;
  /**
   * Says to every platform with which we share a conversation that we are there; who answers is sent what it is owed, and told
   * where our copies end of what those lead who do not answer.
   */
  greet(): Promise<void>;
  askWords(words: WordsToAsk): Promise<void>;
  /** The database is another copy than the one that we last wrote to, and may be older. To be called before anything else is. */
  restored(): Promise<void>;
  /** Takes up all that a crash may have left: after a start, and every now and then. */
  resume(): Promise<void>;
}

/** Words that did not come with their event may be on their way, or be erased by an event further on. */
const wordsMs = 60_000;
/** They are asked for over about a day, then shown as missing. */
const wordsTriesMax = 10;
/** What waits for longer was asked once, and not answered. */
const askedWithinMs = 5_000;
/** Receipts are told together. */
const receiptsTogetherMs = 1_000;

export function createFederation(options: FederationOptions): Federation {
  const { peers, transport, schedule, random, retry = retryDelayMs } = options;
  const onBehind = (conversation: Hash, of: PlatformName) => schedule.catchUp(conversation, of, 0, 0);
  /** The longer it waits, the longer until it is asked for again. Of the time alone, so that nothing sets it back. */
  const patienceMs = (since: Timestamp) => {
    const waitedMs = Math.max(0, Date.parse(options.now()) - Date.parse(since));
    return retry(1 + Math.floor(Math.log2(1 + waitedMs / 1_000)), random()) ?? lastRetryMs;
  };
  const onLeader = async (conversation: Hash, leader: PlatformName) => {
    if (await peers.firstPending(conversation)) schedule.askAgain(conversation, leader, 0);
  };
  const doubt = createDoubt({ ...options, onToTell: (platform, inMs) => schedule.deliver(platform, inMs) });
  const onWordless = async (conversation: Hash, isNew: boolean) => {
    await askAllForWords(conversation, wordsMs, 0, isNew ? undefined : "unlessPlanned");
  };
  const ingest = createIngest({ ...options, onLost: doubt.found, onWordless, onLeader });
  const catchUp = createCatchUp({ ...options, ingest });
  const { deliver, willFind } = createDeliver({ ...options, doubt, onBehind });
  const eraseLate = createEraseLate(options);
  const { isNobodys, judge } = createAskRecipient(options);
  const receive = createReceive({
    ...options,
    isNobodys,
    ingest,
    eraseLate,
    onBehind,
    onOwed: (platform) => schedule.deliver(platform, 0),
  });
  /** Conversations whose leader was asked because it spoke. */
  const askedAsHeard = createTtlCache<true>(() => Date.parse(options.now()), 0);
  const { append, askAgain } = createAskLeader({
    ...options,
    ingest,
    eraseLate,
    catchUp: {
      events: async (conversation, from) => {
        const caughtUp = await catchUp.events(conversation, from);
        // Whoever waits for an answer does not wait for the rest.
        return (await goesOn(conversation, from, caughtUp)) ? "behind" : caughtUp;
      },
    },
    onPending: ({ conversation, leader, since }) =>
      schedule.askAgain(conversation, leader, patienceMs(since), "unlessPlanned"),
  });
  const serveLog = createServeLog(options);
  return {
    append: async (request) => {
      const rejection = await judge(request);
      return rejection ? { rejection } : append(request);
    },
    serveLog: async (caller, ...asked) => {
      await hear(caller);
      return serveLog(caller, ...asked);
    },
    receive: async (caller, entries) => {
      const results = await receive(caller, entries);
      // Who speaks is there: what waited for it need not wait longer.
      await hear(caller);
      return results;
    },
    greeted: async (by) => {
      await peers.remind(by);
      schedule.deliver(by, 0);
      for (const conversation of await peers.pendingWith(by, options.now())) schedule.askAgain(conversation, by, 0);
    },
    announced: async (places) => {
      const owed = [...Map.groupBy(places, ({ conversation }) => conversation)].map(([conversation, of]) => {
        const seqs = of.map(({ seq }) => seq);
        return { conversation, first: Math.min(...seqs), seq: Math.max(...seqs) };
      });
      // Who does not answer is not asked more often for what comes on top; a run that is planned for receipts is moved.
      for (const { platform: to, isAnswering } of await peers.owe(owed))
        if (!willFind(to)) schedule.deliver(to, 0, isAnswering ? undefined : "unlessPlanned");
      const erasing = places.filter(({ isErasing }) => isErasing);
      if (erasing.length === 0) return;
      for (const to of await peers.oweErasures(erasing)) schedule.deliver(to, 0, "unlessPlanned");
    },
    receiptMoved: async (move) => {
      for (const to of await peers.oweReceipt(move)) schedule.deliver(to, receiptsTogetherMs, "unlessPlanned");
    },
    deliver: async (to) => {
      const { againInMs } = await deliver(to);
      if (againInMs !== null) schedule.deliver(to, againInMs);
    },
    askAgain: async (conversation) => {
      const waiting = await askAgain(conversation);
      if (waiting) schedule.askAgain(conversation, waiting.leader, waiting.isMore ? 0 : patienceMs(waiting.since));
    },
    catchUp: async (conversation, from, failures = 0, heldUpTo) => {
      const caughtUp = await catchUp.events(conversation, from, heldUpTo);
      if (await goesOn(conversation, from, caughtUp)) return;
      if (caughtUp === "behind") {
        const inMs = retry(failures + 1, random());
        // Given up: it is asked again when it tells of more, as it does when it comes back.
        if (inMs !== null) await schedule.catchUp(conversation, from, inMs, failures + 1);
        return;
      }
      // Who told of more is there to be asked for what is missing, too.
      await askAllForWords(conversation, 0, 0);
    },
    greet: createGreet({ peers, transport, onBehind, onAnswer: hear }),
    askWords: async ({ conversation, from, asked: before, failures }) => {
      const isMore = await catchUp.words(conversation, from);
      const asked = isMore ? before : [...before, from];
      const { isOwed, next } = await catchUp.wordsFrom(conversation, asked);
      if (next !== null) await schedule.askWords({ conversation, from: next, asked, failures }, 0);
      else if (isOwed && failures < wordsTriesMax)
        await askAllForWords(conversation, wordsMs * 2 ** (failures + 1), failures + 1);
    },
    restored: () => doubt.restored(),
    resume: async () => {
      await doubt.end();
      for (const to of await peers.destinationsOwed()) schedule.deliver(to, 0, "unlessPlanned");
      for (const { conversation, leader } of await peers.conversationsPending())
        schedule.askAgain(conversation, leader, 0, "unlessPlanned");
    },
  };

  async function askAllForWords(conversation: Hash, inMs: number, failures: number, mode?: "unlessPlanned") {
    // What is erased comes without its words, too: then nobody is asked.
    const { next } = await catchUp.wordsFrom(conversation, []);
    if (next !== null) await schedule.askWords({ conversation, from: next, asked: [], failures }, inMs, mode);
  }

  /** Whether there is more to be pulled, or held against ours: that is planned then. */
  async function goesOn(conversation: Hash, from: PlatformName, caughtUp: CaughtUp): Promise<boolean> {
    if (caughtUp === "more") await schedule.catchUp(conversation, from, 0, 0);
    else if (typeof caughtUp === "object") await schedule.catchUp(conversation, from, 0, 0, caughtUp.heldUpTo);
    else return false;
    return true;
  }

  async function hear(caller: PlatformName): Promise<void> {
    // What was said just now is being asked.
    const saidUntil = new Date(Date.parse(options.now()) - askedWithinMs).toISOString();
    for (const conversation of await peers.pendingWith(caller, saidUntil)) {
      // Not more often than without that: where each says that the other leads, each would ask because it was asked, for ever.
      if (askedAsHeard.get(conversation)) continue;
      const first = await peers.firstPending(conversation);
      if (!first) continue;
      askedAsHeard.put(conversation, true, patienceMs(first.createdAt));
      schedule.askAgain(conversation, caller, 0);
    }
    if ((await peers.failures(caller)) === 0) return;
    await peers.remind(caller);
    schedule.deliver(caller, 0);
  }
}
