// How this platform reaches others. Real ones by signed HTTP (`http-transport.ts`); the simulator's by its own network.
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry, LogPage, Result } from "./batch.ts";

/** It did not answer, or not as a platform does: to be tried again. */
export interface Unreachable {
  /** An HTTP status, or what kept it from one. */
  readonly unreachable: string;
  /** The first 512 bytes of the answer. */
  readonly answer: string;
  /** When it wants to be asked again; null where it did not say. */
  readonly retryAfterMs: number | null;
}

export interface Transport {
  /** Hands over entries: a result for each, in order. @param withinMs for all of it */
  post(to: PlatformName, entries: readonly Entry[], withinMs: number): Promise<readonly Result[] | Unreachable>;
  /** A page of a conversation's log after `after`; null where it is not shown to us. */
  events(from: PlatformName, conversation: Hash, after: number): Promise<LogPage | null | Unreachable>;
  /** Says that we are here: it sends what we are owed. */
  greet(to: PlatformName): Promise<Unreachable | null>;
}

export function isUnreachable(answer: object | null): answer is Unreachable {
  return answer !== null && "unreachable" in answer;
}
