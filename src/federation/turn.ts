// How long one job may ask another platform before it ends, and goes on in a job of its own behind those that wait: a platform
// that answers slowly, or has ever more, must not keep one of the worker's places for hours.
import type { Timestamp } from "../protocol/event.ts";

/** Nothing new is begun after that; what is begun takes as long as one answer may. */
const turnMs = 30_000;

/** Begins a turn. Returns whether it is over. */
export function beginTurn(now: () => Timestamp): () => boolean {
  const end = Date.parse(now()) + turnMs;
  return () => Date.parse(now()) >= end;
}
