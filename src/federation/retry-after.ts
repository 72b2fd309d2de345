// Retry-After (RFC 9110 §10.2.3): when another platform wants to be asked again.

/** A platform that wants to be left alone for longer is asked all the same (M65). */
export const retryAfterMostMs = 24 * 3_600_000;

/** RFC 9110 §5.6.7: the form that is to be sent; the two older ones are none that a platform of today sends. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** In how many milliseconds it says, `retryAfterMostMs` at most; null where it says nothing that can be read. @param nowMs a clock */
export function readRetryAfter(text: string | null | undefined, nowMs: number): number | null {
  if (text == null) return null;
  const waitMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : httpDate.test(text)
      ? Date.parse(text) - nowMs
      : Number.NaN;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), retryAfterMostMs);
}
