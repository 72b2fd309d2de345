// One run of a platform's process: from its start to its crash, which can come between any two steps of what it does. What
// it had begun then goes no further, wherever it is; what was kept is kept.
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface SimulatedProcessOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  /** How often a step of the process takes a while, so that others come between. */
  readonly slowness: number;
  onCrash(): void;
}

export class SimulatedProcess {
  isOver = false;
  #stepsLeft = Number.POSITIVE_INFINITY;
  readonly #options: SimulatedProcessOptions;

  constructor(options: SimulatedProcessOptions) {
    this.#options = options;
  }

  /** Crashes before, or right after, the step that comes after so many others. */
  crashAfter(steps: number): void {
    this.#stepsLeft = Math.min(this.#stepsLeft, steps);
  }

  crash(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#options.onCrash();
  }

  /** The same part, each call of it a step: before it and after it the process may end. */
  guard<Part extends object>(part: Part): Part {
    return new Proxy(part, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...given: unknown[]) => {
          await this.#step();
          const result: unknown = await Reflect.apply(method, target, given);
          await this.#step();
          return result;
        };
      },
    });
  }

  async #step(): Promise<void> {
    const { timeline, random, slowness } = this.#options;
    if (--this.#stepsLeft < 0) this.crash();
    if (!this.isOver && slowness > 0 && random.chance(slowness)) {
      await new Promise<void>((resolve) => timeline.after(random.below(50), resolve));
    }
    // Nothing ever comes of it.
    if (this.isOver) await new Promise(() => {});
  }
}
