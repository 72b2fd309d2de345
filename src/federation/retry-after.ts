// Retry-After (RFC 9110 §10.2.3): when another platform wants to be asked again.

/** A platform that wants to be left alone for longer is asked all the same (M65). */
export const retryAfterMostMs = 24 * 3_600_000;

// RFC 9110 §5.6.7: the form that is sent, and the two older ones, which are to be understood; the last names no zone and is in GMT.
const httpDate =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]+, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT)$/;
const asctimeDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** In how many milliseconds it says, `retryAfterMostMs` at most; null where it says nothing that can be read. @param nowMs a clock */
export function readRetryAfter(text: string | null | undefined, nowMs: number): number | null {
  if (text == null) return null;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : timeIn(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), retryAfterMostMs);
}

/** NaN where it is no date. */
function timeIn(text: string): number {
  if (httpDate.test(text)) return Date.parse(text);
  return asctimeDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
