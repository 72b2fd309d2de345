// How a check of the code under test is switched off, and what fails then.
import type { Lie } from "./liar.ts";

/** A file, what stands in it once, and what stands there instead. */
type Change = readonly [file: string, from: string, to: string];

export interface Mutation {
  /** What is not checked, or done, any more. */
  readonly without: string;
  /** The lie against which it is needed; left out: it is needed among the honest. */
  readonly lie?: Lie;
  /** The test that fails without it, where the simulation does not come to it. Left out: the simulation fails. */
  readonly by?: string;
  readonly changes: readonly Change[];
}
