// The live stream of one subscriber, in three phases:
//
// 1. Backfill: what was recorded from their cursor until now, from the database, in pages.
// 2. Cut-over: what the feed hands on meanwhile waits in a buffer; what the backfill gave already is dropped from it.
// 3. Live: the buffer, as it fills.
//
// It gives each event once, in order within its conversation, or says that there is a gap; never a silent hole.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId } from "../store/conversation-store.ts";
import { readBackfill } from "./backfill.ts";
import { databaseTimeUs, type Feed, type FeedItem, overlapUs } from "./feed.ts";

/** Takes one thing. Resolves when there is room for the next; undefined: there is room already. */
export type Give<T> = (thing: T) => Promise<void> | undefined;

/** GraphQL takes only what can be iterated for a subscription's source; ours is read by `each`, and throws where it is iterated. */
export interface LiveStream extends AsyncIterable<LiveItem> {
  /**
   * Gives the items, each when there is room for it, until the stream is ended. To be called once. Rejects where the
   * database fails, or `give`; the stream is to be ended then too.
   */
  each(give: Give<LiveItem>): Promise<void>;
  /** Gives nothing from now on, and lets go of the feed. */
  end(): void;
}

/** `horizon`: up to which seq the subscriber sees the conversation, as it was when the item was handed on. */
export type LiveItem =
  | { readonly item: FeedItem; readonly horizon: number }
  /** Events after this cursor may be missing: read what you show anew, and go on. */
  | { readonly item: { readonly kind: "gap"; readonly afterUs: number }; readonly horizon: number };

export interface LiveOptions {
  readonly feed: Feed;
  readonly pool: pg.Pool;
  readonly accountId: AccountId;
  /** Only this conversation; null: all. */
  readonly conversation: Hash | null;
  /** A cursor, in the database's microseconds; null: from now on. What was recorded shortly before comes again. */
  readonly afterUs: number | null;
  /** Events that the backfill gives; behind more than that, it gives a gap, for reading anew is quicker. @default 10_000 */
  readonly backfillMax?: number;
  /** Items that wait for a slow subscriber. One more, and they are told of a gap instead. @default 1_000 */
  readonly bufferMax?: number;
  /** And how many characters of words wait in them. @default 4 Mi */
  readonly bufferCharactersMax?: number;
}

/** How old a cursor may be. */
const backfillAgeUs = 24 * 3600 * 1_000_000;

/** Subscribes: from here on nothing is missed. */
export function liveStream(options: LiveOptions): LiveStream {
  const { feed, pool, accountId, conversation, afterUs, backfillMax = 10_000 } = options;
  const { bufferMax = 1_000, bufferCharactersMax = 4 * 1024 * 1024 } = options;
  let buffer: LiveItem[] = [];
  let bufferCharacters = 0;
  let isOver = false;
  let lastUs = afterUs ?? feed.clockUs();
  /** Up to where the backfill gave each conversation. */
  const given = new Map<Hash, number>();
  /** Gives what waits in the buffer; does nothing before the third phase. */
  let goOn = () => {};
  let finish = () => {};

  const attached = feed.attach({
    accountId,
    conversation,
    deliver: (item, horizon) => {
      // Of an event recorded long ago that was found only now, the backfill or an earlier read has told.
      if (item.kind === "event" && item.event.seq <= (given.get(item.conversation) ?? 0)) return;
      bufferCharacters += charactersOf(item);
      if (buffer.length >= bufferMax || bufferCharacters > bufferCharactersMax) {
        buffer = [gapAfter(lastUs)];
        bufferCharacters = 0;
      } else {
        if (item.kind === "event" && item.addsAnew === accountId) buffer.push(gapAfter(lastUs));
        buffer.push({ item, horizon });
      }
      goOn();
    },
  });

  const told = (value: LiveItem): LiveItem => {
    if (value.item.kind === "event") lastUs = Math.max(lastUs, value.item.event.recordedUs);
    return value;
  };

  const giveMissed = async (give: Give<LiveItem>, afterUs: number) => {
    const missed = catchUp({ pool, accountId, conversation, afterUs, backfillMax, isOver: () => isOver });
    for await (const one of missed) {
      if (isOver) return;
      if (one.item.kind === "event") given.set(one.item.conversation, one.item.event.seq);
      await give(told(one));
    }
    buffer = buffer.filter(({ item }) => item.kind !== "event" || item.event.seq > (given.get(item.conversation) ?? 0));
    bufferCharacters = buffer.reduce((sum, { item }) => sum + charactersOf(item), 0);
  };

  /** Without a promise for each subscriber who is waiting for more: one event is handed on to thousands. */
  const giveLive = (give: Give<LiveItem>) =>
    new Promise<void>((resolve, reject) => {
      let isTaking = false;
      const taken = () => {
        isTaking = false;
        goOn();
      };
      goOn = () => {
        while (!isTaking) {
          const first = buffer.shift();
          if (!first) return;
          bufferCharacters -= charactersOf(first.item);
          const taking = give(told(first));
          if (!taking) continue;
          isTaking = true;
          taking.then(taken, reject);
        }
      };
      finish = resolve;
      goOn();
    });

  return {
    each: async (give) => {
      if (afterUs !== null) await giveMissed(give, afterUs);
      if (!isOver) await giveLive(give);
    },
    end: () => {
      isOver = true;
      attached[Symbol.dispose]();
      buffer = [];
      finish();
    },
    [Symbol.asyncIterator]: () => {
      throw new Error("a live stream is read by `each`");
    },
  };
}

function gapAfter(afterUs: number): LiveItem {
  return { item: { kind: "gap", afterUs }, horizon: 0 };
}

function charactersOf(item: LiveItem["item"]): number {
  const body = item.kind === "event" ? item.event.body : null;
  return body && "text" in body ? body.text.length : 0;
}

interface CatchUpOptions {
  readonly pool: pg.Pool;
  readonly accountId: AccountId;
  readonly conversation: Hash | null;
  readonly afterUs: number;
  readonly backfillMax: number;
  isOver(): boolean;
}

async function* catchUp(options: CatchUpOptions): AsyncGenerator<LiveItem, undefined> {
  const { pool, accountId, conversation: only, afterUs, backfillMax: max, isOver } = options;
  // Only up to here: what is recorded later is committed later, and so comes from the feed.
  const upToUs = await databaseTimeUs(pool);
  if (afterUs < upToUs - backfillAgeUs || afterUs > upToUs + overlapUs) {
    yield gapAfter(afterUs);
    return;
  }
  const from = Math.max(0, afterUs - overlapUs);
  for await (const missed of readBackfill({
    pool,
    accountId,
    conversation: only,
    afterUs: from,
    upToUs,
    max,
    isOver,
  })) {
    if (missed === "tooMany") yield gapAfter(afterUs);
    else {
      const { event, head, actor, horizon, readAtMs, isAddingAnew } = missed;
      if (isAddingAnew) yield gapAfter(afterUs);
      const { conversation } = event;
      yield { item: { kind: "event", conversation, event, readAtMs, head, actor, addsAnew: null }, horizon };
    }
  }
}
