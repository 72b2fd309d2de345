// Simulated time: what is to happen, in its order. Nothing waits for a real clock.

/** Something that is to happen. Kept out of order until it is next. */
interface Moment {
  readonly at: number;
  /** Of those at one time, the one asked for first comes first. */
  readonly order: number;
  run(): void;
}

export class Timeline {
  /** Milliseconds since 1970, as the world has them. */
  now: number;
  #order = 0;
  // A binary heap: no parent comes after its children.
  readonly #moments: Moment[] = [];

  constructor(now: number) {
    this.now = now;
  }

  after(ms: number, run: () => void): void {
    const moments = this.#moments;
    let index = moments.length;
    const moment = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = moments[above];
      if (!parent || !isBefore(moment, parent)) break;
      moments[index] = parent;
      index = above;
    }
    moments[index] = moment;
  }

  /** Lets the next thing happen, and all that follows from it without a wait. False where nothing is to come. */
  async step(): Promise<boolean> {
    const moment = this.#next();
    if (!moment) return false;
    this.now = moment.at;
    moment.run();
    // All promises that can go on have gone on before this: nothing here waits for anything but the timeline.
    await new Promise((resolve) => setImmediate(resolve));
    return true;
  }

  #next(): Moment | undefined {
    const moments = this.#moments;
    const [first] = moments;
    const last = moments.pop();
    if (!last || moments.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [moments[left], moments[left + 1]];
      const below = one && other && isBefore(other, one) ? left + 1 : left;
      const child = moments[below];
      if (!child || !isBefore(child, last)) break;
      moments[index] = child;
      index = below;
    }
    moments[index] = last;
    return first;
  }
}

function isBefore(one: Moment, other: Moment): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
