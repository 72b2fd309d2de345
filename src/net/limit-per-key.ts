// A limit to how many at a time have a place under one key: the others wait, in the order of asking.

export interface LimitPerKey {
  /**
   * A place under `key`, as soon as there is one. Disposing of it hands it on.
   * @throws the signal's reason, where that comes first
   */
  take(key: string, signal: AbortSignal): Promise<Disposable>;
}

export function createLimitPerKey(placesPerKey: number): LimitPerKey {
  const keys = new Map<string, { taken: number; readonly waiting: Set<() => void> }>();
  return {
    take: async (key, signal) => {
      signal.throwIfAborted();
      const places = keys.get(key) ?? { taken: 0, waiting: new Set() };
      keys.set(key, places);
      if (places.taken < placesPerKey) places.taken++;
      else await waitAmong(places.waiting, signal);
      return {
        [Symbol.dispose]: () => {
          const [next] = places.waiting;
          if (next) next();
          else if (--places.taken === 0) keys.delete(key);
        },
      };
    },
  };
}

function waitAmong(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const leave = () => {
      waiting.delete(go);
      signal.removeEventListener("abort", giveUp);
    };
    const go = () => {
      leave();
      done();
    };
    const giveUp = () => {
      leave();
      failed(signal.reason);
    };
    waiting.add(go);
    signal.addEventListener("abort", giveUp);
  });
}
