// Arithmetic on timestamps: the protocol's texts compare as times do, and this is how one is put at a distance from another.
import type { Timestamp } from "./event.ts";

/** The time `ms` after `time`; before it where `ms` is negative. */
export function timeAfter(time: Timestamp, ms: number): Timestamp {
  return new Date(Date.parse(time) + ms).toISOString();
}
