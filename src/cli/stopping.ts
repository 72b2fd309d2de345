// Long commands that may be stopped: what they have begun they finish, and they say what stays.
import { constants } from "node:os";
import { ExplainedError } from "../observe/explained-error.ts";

/** Somebody stopped it. */
export class Stopped extends ExplainedError {
  override readonly name = "Stopped";

  /** @param left what stays, and what saying the same again does */
  constructor(left: string) {
    super(`Stopped. ${left}`);
  }
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Ends the process at SIGINT and SIGTERM by its exit, at which what runs beside it is stopped, too. */
export function exitAtSignals(): void {
  for (const signal of signals) process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** Aborts with `stopped` at SIGINT and SIGTERM, instead of ending the process. A second one ends it: nothing is lost by that either. */
export function stoppedBySignals(stopped: Stopped): AbortSignal {
  const stopping = new AbortController();
  for (const signal of signals) {
    process.removeAllListeners(signal).once(signal, () => {
      exitAtSignals();
      stopping.abort(stopped);
    });
  }
  return stopping.signal;
}
