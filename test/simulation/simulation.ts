// One simulation: platforms and people from a seed, so many steps of what happens to them, then everything is healed, and
// looked at.
import "./quick-crypto.ts";
import { type Hash, sha256 } from "../../src/protocol/hash.ts";
import { signerOf } from "../conversation/given.ts";
import { FaultInjection } from "./fault-injection.ts";
import { brokenInvariants } from "./invariants.ts";
import { Liar, type Lie } from "./liar.ts";
import { Person } from "./people.ts";
import { SimulatedPlatform } from "./simulated-platform.ts";
import { World } from "./world.ts";

export interface Outcome {
  readonly seed: string;
  /** Messages delivered, lost or doubled, and crashes. */
  readonly steps: number;
  readonly events: number;
  /** Of all logs at the end: equal for equal runs. */
  readonly digest: Hash;
  /** Conversations that somebody honest froze, with a proof. */
  readonly frozen: number;
  /** What was not as it has to be. */
  readonly faults: readonly string[];
}

/** Everything is over by then, or will never be. */
const quietWithinMs = 5 * 24 * 3_600_000;
/** Messages in that time, for each of the time before. */
const healingMax = 10;
/** All that is done now and then has been done. */
const oneRoundMs = 180_000;

export interface SimulateOptions {
  /** Told what happens, a line at a time. */
  trace?(line: string): void;
  /** There is a liar, who tells these lies alone. Left out: the seed says whether there is one, and which lies it tells. */
  readonly lies?: readonly Lie[];
}

export async function simulate(seed: string, steps: number, { trace, lies }: SimulateOptions = {}): Promise<Outcome> {
  const world = new World(seed);
  const { timeline, random, network } = world;
  if (trace) network.trace = (line) => trace(`${new Date(timeline.now).toISOString().slice(5, -1)} ${line}`);
  const names = ["a.example", "b.example", "c.example", "d.example"].slice(
    0,
    Math.max(lies ? 3 : 0, 2 + random.below(3)),
  );
  const platforms = names.map((name) => new SimulatedPlatform(name, signerOf(name), world));
  const people = platforms.flatMap((platform) => ["ann", "bob"].map((name) => new Person(world, platform, name)));
  const isLiarThere = random.chance(0.5) || lies !== undefined;
  const liar = names.length > 2 && isLiarThere ? (random.pick(platforms) ?? null) : null;
  if (liar) network.liars.set(liar.name, new Liar(liar.signer, random.fork("liar"), lies));
  const honest = platforms.filter((platform) => platform !== liar);
  for (const platform of platforms) platform.start();
  const injection = new FaultInjection(world, platforms);
  const { counts } = network;
  const stepsOf = () => counts.delivered + counts.lost + counts.doubled + injection.crashes;

  let isLively = true;
  const live = () => {
    if (!isLively) return;
    random.pick(people)?.act(2);
    timeline.after(random.below(3_000), live);
  };
  live();
  while (stepsOf() < steps) await timeline.step();

  isLively = false;
  injection.heal();
  for (const one of network.liars.values()) one.isRestless = false;
  const [healedAt, stepsMax] = [timeline.now, healingMax * stepsOf() + 1_000];
  const isAtRest = () => network.underWay === 0 && honest.every((platform) => platform.isAtRest());
  const comeToRest = async () => {
    const since = timeline.now;
    const isOver = () => isAtRest() && timeline.now > since + oneRoundMs;
    while (!isOver() && timeline.now < healedAt + quietWithinMs && stepsOf() < stepsMax) await timeline.step();
  };
  await comeToRest();
  // Whoever reads tells of it, and so finds out where others read something else.
  for (const person of people) person.readAll();
  await comeToRest();
  const faults = brokenInvariants(honest, people, liar);
  const errors = world.errors.map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  const logs = platforms.flatMap(({ disk }) => [...disk.logs.logs.values()].map(({ entries }) => entries));
  const events = logs.reduce((sum, entries) => sum + entries.length, 0);
  const digest = sha256(JSON.stringify(logs));
  return {
    seed,
    steps: stepsOf(),
    events,
    digest,
    frozen: honest.reduce((sum, { disk }) => sum + disk.peers.proofs.size, 0),
    faults: [...(isAtRest() ? [] : ["it does not come to rest"]), ...faults, ...errors],
  };
}
