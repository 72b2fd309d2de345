// Deliveries: what a platform is owed, sent in batches, in the order of each log. What it has, it says itself; so nothing
// here has to be remembered but how far that is.
import type { PlatformName } from "../protocol/event.ts";
import type { PeerStore } from "../store/peer-store.ts";
import { batchLimits } from "./batch.ts";
import type { Doubt } from "./doubt.ts";
import { retryAfterMostMs } from "./retry-after.ts";
import { type TellEventsOptions, tellEvents } from "./tell-events.ts";
import { type TellOthersOptions, tellErasures, tellLoss, tellReceipts } from "./tell-others.ts";
import { isUnreachable, type Transport, type Unreachable } from "./transport.ts";
import { beginTurn } from "./turn.ts";

export interface DeliverOptions {
  readonly store: TellEventsOptions["store"];
  readonly peers: TellEventsOptions["peers"] & TellOthersOptions["peers"] & Pick<PeerStore, "attempted" | "failures">;
  readonly doubt: Pick<Doubt, "told">;
  readonly transport: Pick<Transport, "post">;
  readonly onBehind: TellEventsOptions["onBehind"];
  now(): string;
  /** 0 to 1, for the jitter. */
  random(): number;
  /** @default retryDelayMs */
  readonly retry?: Retry;
}

/** `again`: in how many milliseconds to try again; null where nothing is owed that could be sent. */
export interface Delivered {
  readonly againInMs: number | null;
}

/** How long a platform may take to answer a batch. */
const answerWithinMs = 10_000;

/** Batches in a row: then others have their turn. */
const roundsMax = 100;

/** Of these, so many in which it said that it has less than was known. */
const backsMax = 10;

const firstRetryMs = 1_000;
/** The longest between two tries. */
export const lastRetryMs = 60 * 60 * 1_000;
/** What was not taken now is offered again so soon. */
const laterMs = 15_000;

/** In how many milliseconds to try again after so many failures in a row; null: not any more. @param random 0 to 1 */
export type Retry = (failures: number, random: number, retryAfterMs?: number | null) => number | null;

/**
 * How long to wait after so many failures in a row: doubled each time, up to an hour, less a random part, so that those
 * who wait for one platform do not come all at once. Null: no more tries of our own; it is sent when the platform is heard
 * of. That is after about seven days.
 */
export const retryDelayMs: Retry = (failures, random, retryAfterMs = null) => {
  const doublings = Math.ceil(Math.log2(lastRetryMs / firstRetryMs));
  const sevenDays = doublings + (7 * 24 * 3_600_000) / lastRetryMs / 0.75;
  if (failures > sevenDays) return null;
  const delay = Math.min(lastRetryMs, firstRetryMs * 2 ** (failures - 1));
  return Math.max(delay * (0.5 + random / 2), Math.min(retryAfterMs ?? 0, retryAfterMostMs));
};

export interface Deliver {
  /** Sends what `to` is owed until it has all, or does not take it. Safe to repeat, but one at a time for a platform. */
  deliver(to: PlatformName): Promise<Delivered>;
  /** Whether that is going on here, and so will find what is owed by now: then no other run need be asked for. */
  willFind(to: PlatformName): boolean;
}

export function createDeliver(options: DeliverOptions): Deliver {
  const { peers, transport, now, retry = retryDelayMs } = options;
  /** Platforms that are being delivered to; true: something more is owed since that was last looked at. */
  const underWay = new Map<PlatformName, boolean>();
  /** In the same turn of the event loop as what ends the run, so that nobody counts on it any more. */
  const endsWithMore = (to: PlatformName) => {
    const isMore = underWay.get(to) === true;
    underWay.delete(to);
    return isMore;
  };

  const run = async (to: PlatformName): Promise<Delivered> => {
    // Given up: what it is owed stays owed, and is sent when it says that it is there.
    if (retry(await peers.failures(to), 0) === null) return { againInMs: null };
    let backs = 0;
    const isOver = beginTurn(now);
    for (let round = 0; round < roundsMax && !isOver(); round++) {
      underWay.set(to, false);
      const [loss, erasures, receipts] = await Promise.all([
        tellLoss(options, to),
        tellErasures(options, to),
        tellReceipts(options, to),
      ]);
      const left = batchLimits.entries - 1 - erasures.entries.length - receipts.entries.length;
      // Read after these, and told before them: only who has got all of a log until it left takes its erasures, and whoever
      // is told of a head that it lacks asks for it.
      const tellings = [loss, await tellEvents(options, to, left), erasures, receipts];
      const entries = tellings.flatMap((telling) => telling.entries);
      if (entries.length === 0) {
        if (endsWithMore(to)) continue;
        return { againInMs: null };
      }
      const answer = await transport.post(to, entries, answerWithinMs);
      if (isUnreachable(answer)) return failed(options, to, answer);
      if (answer.length !== entries.length) {
        return failed(options, to, { unreachable: "malformed", answer: "", retryAfterMs: null });
      }
      await peers.attempted(to, { at: now(), code: "200", answer: "" }, true);
      let from = 0;
      let isMoving = false;
      for (const { entries: told, answered } of tellings) {
        const moved = told.length > 0 ? await answered(answer.slice(from, from + told.length)) : "still";
        if (moved !== "still") isMoving = true;
        if (moved === "back") backs++;
        from += told.length;
      }
      // Who says again and again that it has less than it said before is not told the same for ever.
      if (!isMoving || backs > backsMax) return { againInMs: endsWithMore(to) ? 0 : laterMs };
    }
    return { againInMs: 0 };
  };

  return {
    deliver: async (to) => {
      try {
        return await run(to);
      } finally {
        underWay.delete(to);
      }
    },
    willFind: (to) => {
      const isUnderWay = underWay.has(to);
      if (isUnderWay) underWay.set(to, true);
      return isUnderWay;
    },
  };
}

async function failed(options: DeliverOptions, to: PlatformName, why: Unreachable): Promise<Delivered> {
  const { peers, doubt, now, random, retry = retryDelayMs } = options;
  const { unreachable, answer, retryAfterMs } = why;
  await peers.attempted(to, { at: now(), code: unreachable, answer }, false);
  const againInMs = retry(await peers.failures(to), random(), retryAfterMs);
  // Who is silent for so long is not waited for any more.
  if (againInMs === null) await doubt.told(to);
  return { againInMs };
}
