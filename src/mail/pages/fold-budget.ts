// How much each source may have us fold. What a link shows is the log folded up to its mail, and of a long log that is work:
// whoever has some links could make it all of what a process does.

export interface FoldBudget {
  /** Whether the source may have so many events folded, which are counted. */
  take(source: string, events: number): boolean;
}

const minuteMs = 60_000;

/**
 * Logs of up to `free` events are read by one statement, and are not counted: where nothing says who is behind a proxy, all who read
 * there are one source.
 */
const bounds = { perMinute: 100_000, free: 1_000, sources: 10_000 } as const;

/** @param nowMs a clock */
export function createFoldBudget(nowMs: () => number): FoldBudget {
  const spent = new Map<string, number>();
  let minute = 0;
  return {
    take: (source, events) => {
      if (events <= bounds.free) return true;
      const current = Math.floor(nowMs() / minuteMs);
      if (current !== minute) spent.clear();
      minute = current;
      const before = spent.get(source);
      // A log that is longer than the budget is folded once a minute.
      const isTooMuch = before === undefined ? spent.size >= bounds.sources : before + events > bounds.perMinute;
      if (isTooMuch) return false;
      spent.set(source, (before ?? 0) + events);
      return true;
    },
  };
}
