// When a mail that was not taken is tried again.
import type { MailKind } from "./read-mails.ts";

const firstMs = 30_000;
const mostMs = 4 * 3_600_000;

/** For how long it is tried, after it was asked for. A code that comes the next day is of no use. */
const givenUpAfterMs = (kind: MailKind): number => (kind === "CODE" ? 3_600_000 : 3 * 86_400_000);

/** How a try failed. */
export interface FailedTry {
  readonly kind: MailKind;
  /** How often it was tried. */
  readonly attempts: number;
  /** How long ago it was asked for. */
  readonly ageMs: number;
  /** What the provider wants to be given. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Milliseconds until the next try: half a minute, twice as long each time up to four hours, and half as much more or less,
 * for not all that failed together are to come together again. Null: not any more.
 * @param random 0 to 1
 */
export function againInMs({ kind, attempts, ageMs, retryAfterMs = 0 }: FailedTry, random: number): number | null {
  const pauseMs = Math.min(mostMs, firstMs * 2 ** Math.max(0, attempts - 1)) * (0.5 + random);
  const inMs = Math.max(pauseMs, retryAfterMs);
  return ageMs + inMs > givenUpAfterMs(kind) ? null : inMs;
}
