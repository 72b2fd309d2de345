// Taking turns: what has the same key is done one after the other, in the order of asking, within this process.

export interface Turns {
  /** Runs `work` when everything is over that was asked for under `key` before, however that ended. */
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    take: (key, work) => {
      const turn = (last.get(key) ?? Promise.resolve()).then(work);
      const over: Promise<void> = turn
        .then(
          () => {},
          () => {},
        )
        .then(() => {
          if (last.get(key) === over) last.delete(key);
        });
      last.set(key, over);
      return turn;
    },
  };
}
