// The stream of an account as one that does not break: it comes again after its last cursor, and gives each event once.
import type { EventAdded, Gap, Had } from "./fill-gap.ts";
import type { EventsSubscription, EventsSubscriptionVariables } from "./generated.ts";
import { backoffMs, type Pace } from "./pace.ts";
import { ParleyError } from "./parley-error.ts";
import { rememberSeen } from "./seen.ts";
import type { Subscribing, TransportName } from "./transport.ts";

/** What the stream tells of, by its `__typename`. */
export type StreamItem = EventsSubscription["events"];

/** How a stream is connected. That it is over is said by the end of its loop. */
export type StreamState =
  | { readonly is: "connecting" }
  | { readonly is: "connected"; readonly over: TransportName }
  /** It tries again after so long, or sooner where the browser has hope. */
  | { readonly is: "waiting"; readonly forMs: number; readonly error: ParleyError };

export interface EventsOptions {
  /** A cursor, of `viewer` or of an item before: begin after it. Left out: from now on. */
  readonly after?: string;
  /** Only this conversation: its hash or global id. */
  readonly conversation?: string;
  /** Ends the stream, without an error. */
  readonly signal?: AbortSignal;
  /**
   * Called where events may be missing: the stream was away for a day or for 10,000 events, or the account was added to a
   * conversation anew. Name the conversations that you keep, with what you have of them: their events come next, as
   * `EventAdded`, each once; or name nothing, and read anew what you show. The stream goes on when this is done, and misses nothing meanwhile.
   * Left out: the `Gap` itself comes in the stream.
   */
  onGap?(gap: Gap): Iterable<Had> | undefined | Promise<Iterable<Had> | undefined>;
  /** Called whenever the connection is another. */
  onState?(state: StreamState): void;
}

/** What the stream is made of. */
export interface Source {
  /** One connection: from `after` on, as long as it holds. */
  open(variables: EventsSubscriptionVariables, subscribing: Subscribing): AsyncIterable<StreamItem>;
  /** A cursor of now. */
  cursor(signal: AbortSignal): Promise<string>;
  fill(gap: Gap, had: Iterable<Had>, signal: AbortSignal): AsyncIterable<EventAdded>;
  readonly pace: Pace;
}

/** A connection that held so long was a good one: what breaks then is no failure in a row. */
const steadyMs = 10_000;

/**
 * Follows what happens until the signal aborts or the loop is left.
 * @throws ParleyError where another try would meet the same: UNAUTHENTICATED, BAD_USER_INPUT for `after` or `conversation`, …
 */
export async function* followEvents(
  { open, cursor: cursorOfNow, fill, pace }: Source,
  { after, conversation, onGap, onState }: Omit<EventsOptions, "signal">,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void, undefined> {
  const isNew = rememberSeen();
  let cursor = after;
  let begins = after;
  let failures = 0;
  let hasConnected = false;
  while (!signal.aborted) {
    let connectedAtMs: number | null = null;
    try {
      onState?.({ is: "connecting" });
      // Without a cursor, what happens before the first event comes would be lost with the connection.
      cursor ??= await cursorOfNow(signal);
      const stream = open(
        { ...(begins !== undefined && { after: begins }), ...(conversation !== undefined && { conversation }) },
        {
          signal,
          onConnected: (over) => {
            connectedAtMs = pace.now();
            hasConnected = true;
            begins = cursor;
            onState?.({ is: "connected", over });
          },
        },
      );
      for await (const item of stream) {
        if (item.__typename === "Gap") {
          // From before what is read anew: a break after it must not lead back to the gap.
          const afterGap = await cursorOfNow(signal);
          if (!onGap) yield item;
          else {
            const had = (await onGap(item)) ?? [];
            for await (const filled of fill(item, had, signal)) {
              if (isNew(filled.conversation.id, filled.event.seq)) yield filled;
            }
          }
          cursor = afterGap;
        } else if (item.__typename === "EventAdded") {
          if (!isNew(item.conversation.id, item.event.seq)) continue;
          cursor = item.cursor;
          yield item;
        } else yield item;
        begins = cursor;
        failures = 0;
      }
      if (signal.aborted) return;
      throw new ParleyError("UNREACHABLE", "The platform ended the stream.");
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof ParleyError) || !mayPass(fault, hasConnected)) throw fault;
      if (connectedAtMs !== null && pace.now() - connectedAtMs >= steadyMs) failures = 0;
      failures++;
      const forMs = Math.max(backoffMs(failures, pace), fault.retryAfterMs ?? 0);
      onState?.({ is: "waiting", forMs, error: fault });
      await pace.wait(forMs, signal);
    }
  }
}

/** What was a platform's once is taken for one: what answers now in its place is a proxy, or the login page of a network. */
function mayPass({ code, isRetryable }: ParleyError, hasConnected: boolean): boolean {
  return isRetryable || (code === "BAD_ANSWER" && hasConnected);
}
