// Long commands that may be stopped: what they have begun they finish, and they say what stays.
import { ExplainedError } from "../observe/explained-error.ts";

/** Somebody stopped it. */
export class Stopped extends ExplainedError {
  override readonly name = "Stopped";

  /** @param left what stays, and what saying the same again does */
  constructor(left: string) {
    super(`Stopped. ${left}`);
  }
}

/** Aborts with `stopped` at SIGINT and SIGTERM. */
export function stoppedBySignals(stopped: Stopped): AbortSignal {
  const stopping = new AbortController();
  // A second signal finds nobody listening, and ends the process: nothing is lost by that either.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort(stopped));
  return stopping.signal;
}
