// Jobs of a simulated platform: asked for twice they are one, of one name they run one at a time, and they outlive the
// process; one that runs when it ends is tried again hours later, as graphile-worker does.
import type { WordsToAsk } from "../../src/federation/federation.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Timeline } from "./timeline.ts";

export interface Job {
  readonly kind: "deliver" | "askAgain" | "catchUp" | "askWords" | "erase";
  readonly conversation: Hash;
  readonly platform: PlatformName;
  /** How often in a row it came to nothing. */
  readonly failures: number;
  readonly heldUpTo?: number | undefined;
  /** Of askWords: whom to ask, which its name does not say. */
  readonly words?: WordsToAsk;
}

export type JobTable = Map<string, { readonly job: Job; readonly at: number }>;

const lockedMs = 4 * 3_600_000;

const nameOf = ({ kind, conversation, platform }: Job) => `${kind} ${conversation} ${platform}`;

export interface JobsOptions {
  readonly timeline: Timeline;
  readonly table: JobTable;
  isRunning(): boolean;
  work(job: Job): Promise<void>;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #busy = new Set<string>();

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#busy.size > 0;
  }

  /** @param mode `unlessPlanned`: a run that is planned stays when it is. Left out: it is moved */
  ask(job: Job, inMs: number, mode?: "unlessPlanned"): void {
    const { timeline, table } = this.#options;
    const at = timeline.now + inMs;
    const name = nameOf(job);
    if (mode === "unlessPlanned" && table.has(name)) return;
    table.set(name, { job, at });
    timeline.after(inMs, () => void this.#run(name));
  }

  /** Goes on with what an earlier process left. */
  takeUp(): void {
    const { timeline, table } = this.#options;
    for (const [name, { at }] of table) timeline.after(at - timeline.now, () => void this.#run(name));
  }

  async #run(name: string): Promise<void> {
    const { timeline, table, isRunning, work } = this.#options;
    const due = table.get(name);
    if (!isRunning() || !due || due.at > timeline.now || this.#busy.has(name)) return;
    const locked = `${name} (locked)`;
    table.delete(name);
    table.set(locked, { job: due.job, at: timeline.now + lockedMs });
    this.#busy.add(name);
    await work(due.job);
    this.#busy.delete(name);
    table.delete(locked);
    const again = table.get(name);
    if (again) timeline.after(again.at - timeline.now, () => void this.#run(name));
  }
}
