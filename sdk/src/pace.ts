// When to try again: what tells the time, the chance, and the waiting, so that a test can hand in its own.

export interface Pace {
  /** Milliseconds, of a clock that never goes back. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Resolves after so many milliseconds; or sooner, when the signal aborts or there is reason to believe that it goes well now. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** The longest wait between two tries. */
export const waitMsMax = 30_000;

/**
 * How long to wait after so many failures in a row: anything up to 1 s, 2 s, 4 s … `waitMsMax`. All of it is chance: those who
 * lost their connection at one moment do not come back at one moment.
 */
export function backoffMs(failures: number, { random }: Pick<Pace, "random">): number {
  return random() * Math.min(waitMsMax, 1_000 * 2 ** (failures - 1));
}

export const realPace: Pace = {
  now: () => performance.now(),
  random: () => Math.random(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const hints = hopefulMoments();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        for (const [target, type] of hints) target.removeEventListener(type, done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
      for (const [target, type] of hints) target.addEventListener(type, done);
    }),
};

/** In browsers: the network is back, or somebody looks at the page again. Elsewhere none. */
function hopefulMoments(): readonly (readonly [EventTarget, string])[] {
  const window: unknown = globalThis;
  const page: unknown = Reflect.get(globalThis, "document");
  const moments: [EventTarget, string][] = [];
  if (window instanceof EventTarget) moments.push([window, "online"]);
  if (page instanceof EventTarget) moments.push([page, "visibilitychange"]);
  return moments;
}
