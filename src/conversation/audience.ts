// Who may see what: up to which place in the log a recipient sees, from the participations that were theirs.
import type { Participant } from "./state.ts";

/** Sees everything there is and will be: beyond any seq, and one less than a database's integer can hold. */
export const everything = 2 ** 31 - 2;

/**
 * The highest seq that somebody with these participations may see: all while one is active, also what came before it;
 * else up to the last removal, which is itself seen. 0 for nobody's.
 */
export function horizonOf(participations: Iterable<Pick<Participant, "status" | "removedSeq">>): number {
  let horizon = 0;
  for (const { status, removedSeq } of participations) {
    if (status === "ACTIVE") return everything;
    horizon = Math.max(horizon, removedSeq ?? 0);
  }
  return horizon;
}
