// What befalls the platforms of a simulation: crashes, cut cables, clocks that go wrong. Which, and how often, is the seed's.
import { minuteMs } from "../conversation/given.ts";
import { calm, type Weather } from "./network.ts";
import type { Random } from "./random.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import type { World } from "./world.ts";

/** How bad it is: each drawn once for a seed, so that some have none of it and some a lot. */
export interface Climate {
  readonly weather: Weather;
  /** Of a step of a process to take a while. */
  readonly slowness: number;
  /** Of a key list to be out of reach. */
  readonly keyless: number;
  /** How often each befalls somebody, against the others. */
  readonly crash: number;
  readonly cut: number;
  readonly skew: number;
  readonly pause: number;
  readonly restore: number;
  /** Between two of these, at most. */
  readonly everyMs: number;
}

function climateOf(random: Random): Climate {
  const some = (...levels: readonly number[]) => random.pick(levels) ?? 0;
  return {
    weather: { loss: some(0, 0.02, 0.1, 0.25), doubling: some(0, 0.02, 0.15), delay: some(0, 0.05, 0.3) },
    slowness: some(0, 0.02, 0.1),
    keyless: some(0, 0, 0.05),
    crash: some(0, 2, 6),
    cut: some(0, 2, 6),
    skew: some(0, 1),
    pause: some(0, 0, 1),
    restore: some(0, 0, 1, 3),
    everyMs: some(5_000, 30_000, 120_000),
  };
}

export class FaultInjection {
  crashes = 0;
  #isOver = false;
  readonly #world: World;
  readonly #platforms: readonly SimulatedPlatform[];
  readonly #climate: Climate;
  readonly #random: Random;
  readonly #kinds: readonly (() => void)[];

  constructor(world: World, platforms: readonly SimulatedPlatform[]) {
    this.#world = world;
    this.#platforms = platforms;
    this.#random = world.random.fork("trouble");
    this.#climate = climateOf(this.#random);
    const { weather, slowness, keyless, crash, cut, skew, pause, restore } = this.#climate;
    const often = (count: number, kind: () => void) => Array.from({ length: count }, () => kind);
    this.#kinds = [
      ...often(crash, () => this.#crash()),
      ...often(cut, () => this.#cut()),
      ...often(skew, () => this.#skew()),
      ...often(pause, () => this.#pause()),
      ...often(restore * 2, () => this.#backUp()),
      ...often(restore, () => this.#restore()),
    ];
    Object.assign(world, { slowness, keyless });
    world.network.weather = weather;
    this.#next();
  }

  /** Everything is well again: all are up, the network is whole, the clocks go right. */
  heal(): void {
    this.#isOver = true;
    Object.assign(this.#world, { slowness: 0, keyless: 0 });
    this.#world.network.weather = calm;
    this.#world.network.mend();
    for (const platform of this.#platforms) {
      platform.skewMs = 0;
      if (platform.running) this.#world.watch(platform.running.federation.greet());
      platform.start();
    }
  }

  #next(): void {
    this.#world.timeline.after(this.#random.below(this.#climate.everyMs), () => {
      if (this.#isOver) return;
      this.#random.pick(this.#kinds)?.();
      this.#next();
    });
  }

  #crash(): void {
    const platform = this.#random.pick(this.#platforms);
    const { timeline } = this.#world;
    if (!platform?.process) return;
    // Mostly in the middle of something.
    platform.process.crashAfter(this.#random.chance(0.2) ? 0 : this.#random.below(60));
    const downMs = this.#random.below(this.#random.chance(0.2) ? 10 * minuteMs : 20_000);
    platform.onCrash = () => {
      this.#world.network.trace(`${platform.name} crashes`);
      this.crashes++;
      timeline.after(downMs, () => platform.start());
    };
  }

  /** Who was met first after it was made cannot be asked for what is not in it: so all know each other before. */
  #backUp(): void {
    const platform = this.#random.pick(this.#platforms);
    const others = this.#platforms.filter((other) => other !== platform);
    if (others.every(({ name }) => platform?.knows(name))) platform?.backUp();
  }

  /** Its disk is lost, and it goes on from a backup. */
  #restore(): void {
    const platform = this.#random.pick(this.#platforms);
    if (!platform?.process || !platform.backup) return;
    platform.onCrash = () => this.crashes++;
    platform.process.crash();
    platform.restore();
    this.#world.network.trace(`${platform.name} is restored`);
    this.#world.timeline.after(this.#random.below(2 * minuteMs), () => platform.start());
  }

  #cut(): void {
    const { network, timeline } = this.#world;
    const one = this.#random.pick(this.#platforms)?.name ?? "";
    const others = this.#platforms.map(({ name }) => name).filter((name) => name !== one && this.#random.chance(0.6));
    const isBothWays = this.#random.chance(0.7);
    for (const other of others) {
      network.cut(one, other);
      if (isBothWays) network.cut(other, one);
    }
    timeline.after(this.#random.below(this.#random.chance(0.2) ? 30 * minuteMs : minuteMs), () => network.mend());
  }

  #skew(): void {
    const platform = this.#random.pick(this.#platforms);
    if (platform) platform.skewMs = (this.#random.next() - 0.5) * (this.#random.chance(0.2) ? 20 : 8) * minuteMs;
  }

  /** Nothing happens for a long time, but what was begun runs out. */
  #pause(): void {
    this.#world.timeline.now += this.#random.below(this.#random.chance(0.2) ? 9 * 24 * 60 : 60) * minuteMs;
  }
}
