// How many fetches each source may cause: an account, or a caller's address, that names hosts for us to ask.

export interface FetchBudget {
  /** Whether the source may cause one more, which is counted. */
  take(source: string): boolean;
}

const minuteMs = 60_000;

/** More sources than this in one minute are too many to remember: those that come after them wait. */
const sourcesMax = 10_000;

/** @param perMinute for each source. @param nowMs a clock */
export function fetchBudget(perMinute: number, nowMs: () => number): FetchBudget {
  const counts = new Map<string, number>();
  let minute = 0;
  return {
    take: (source) => {
      const current = Math.floor(nowMs() / minuteMs);
      if (current !== minute) counts.clear();
      minute = current;
      const count = counts.get(source) ?? 0;
      if (count >= perMinute || (count === 0 && counts.size >= sourcesMax)) return false;
      counts.set(source, count + 1);
      return true;
    },
  };
}
