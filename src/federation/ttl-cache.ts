// A memory of one process, bounded in time and in size, for what is asked far more often than it changes.

export interface TtlCache<Value> {
  get(name: string): Value | undefined;
  /** @param ms how long it is remembered, where not as long as everything */
  put(name: string, value: Value, ms?: number): void;
}

const rememberedMax = 1_000;

/** @param keptMs how long each is remembered */
export function createTtlCache<Value>(nowMs: () => number, keptMs: number): TtlCache<Value> {
  const entries = new Map<string, { readonly value: Value; readonly until: number }>();
  return {
    get: (name) => {
      const entry = entries.get(name);
      return entry && nowMs() < entry.until ? entry.value : undefined;
    },
    put: (name, value, ms = keptMs) => {
      // A Map keeps the order in which they came, so the oldest go first.
      entries.delete(name);
      if (entries.size >= rememberedMax) entries.delete(entries.keys().next().value ?? "");
      entries.set(name, { value, until: nowMs() + ms });
    },
  };
}
