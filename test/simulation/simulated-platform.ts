// A platform of the simulation: the production code of federation on a store in memory, its process started and ended as
// often as one likes. What is on its disk stays.
import type { Address } from "../../src/conversation/address.ts";
import { domainOf } from "../../src/conversation/address.ts";
import { isErasing } from "../../src/federation/erase-late.ts";
import {
  createFederation,
  type Federation,
  type FederationOptions,
  type Schedule,
} from "../../src/federation/federation.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Signer } from "../../src/protocol/seal.ts";
import type { ConversationStore, Place } from "../../src/store/conversation-store.ts";
import type { PeerStore } from "../../src/store/peer-store.ts";
import { memoryPeerStore, newPeerTables, type PeerTables } from "../support/memory-peer-store.ts";
import { type MemoryTables, memoryStore, newTables } from "../support/memory-store.ts";
import { type Job, Jobs, type JobTable } from "./jobs.ts";
import type { Answer, Request } from "./message.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import type { World } from "./world.ts";

/** All that outlives the process: data alone, so that a copy of it is a backup. */
export interface Disk {
  readonly logs: MemoryTables;
  readonly peers: PeerTables;
  readonly jobs: JobTable;
}

const newDisk = (): Disk => ({ logs: newTables(), peers: newPeerTables(), jobs: new Map() });

const sweepEveryMs = 20_000;
const resumeEveryMs = 120_000;

/** What runs while its process does. */
interface Running {
  readonly store: ConversationStore;
  readonly peers: PeerStore;
  readonly federation: Federation;
  readonly jobs: Jobs;
}

export class SimulatedPlatform {
  readonly name: PlatformName;
  readonly signer: Signer;
  /** How far its clock is ahead of the world's. */
  skewMs = 0;
  disk = newDisk();
  backup: { readonly at: number; readonly disk: Disk } | null = null;
  /** What was between these times is lost here. */
  readonly lost: { readonly from: number; readonly to: number }[] = [];
  /** From its start to its end. */
  process: SimulatedProcess | null = null;
  /** Once it has begun to listen. */
  running: Running | null = null;
  /** Told when its process has ended. */
  onCrash = () => {};
  #isOtherCopy = false;
  readonly #world: World;

  constructor(name: PlatformName, signer: Signer, world: World) {
    this.name = name;
    this.signer = signer;
    this.#world = world;
    world.network.listen(name, (from, request) => this.#answer(from, request));
  }

  now(): string {
    return new Date(this.#world.timeline.now + this.skewMs).toISOString();
  }

  /** Unless it runs already. */
  start(): void {
    if (this.process) return;
    const { timeline, random, network, slowness } = this.#world;
    const process = new SimulatedProcess({
      timeline,
      random: random.fork(`${this.name} ${timeline.now}`),
      slowness,
      onCrash: () => this.#ended(),
    });
    const now = () => this.now();
    const store = process.guard(
      memoryStore({
        signer: this.signer,
        now,
        salt: this.#world.salt,
        tables: this.disk.logs,
        onCommitted: (appended) => {
          const places = appended.flatMap(({ conversation, entries }) =>
            entries.map(({ event }) => ({ conversation, seq: event.seq })),
          );
          if (!process.isOver) this.#world.watch(announce(places));
        },
      }),
    );
    const peers = process.guard(memoryPeerStore(this.disk.logs, this.disk.peers, this.name));
    const work = async ({ kind, conversation, platform, failures, heldUpTo, words }: Job): Promise<void> => {
      switch (kind) {
        case "deliver":
          return federation.deliver(platform);
        case "askAgain":
          return federation.askAgain(conversation);
        case "catchUp":
          return federation.catchUp(conversation, platform, failures, heldUpTo);
        case "askWords":
          return words && federation.askWords(words);
        case "erase":
          await store.eraseBodies(conversation);
      }
    };
    const jobs = new Jobs({
      timeline,
      table: this.disk.jobs,
      isRunning: () => !process.isOver,
      work: (job) => work(job).catch((error: unknown) => void this.#world.errors.push(error)),
    });
    const federation = createFederation({
      ...this.#surroundings(),
      platform: this.name,
      store,
      peers,
      transport: process.guard(network.transportOf(this.name)),
      schedule: scheduleOn(jobs),
      now,
      random: () => random.next(),
    });
    const announce = async (places: readonly Place[]) => {
      const announced = places.map((place) => ({ ...place, isErasing: this.#isErasing(place) }));
      await federation.announced(announced);
      for (const { conversation, isErasing } of announced)
        if (isErasing) jobs.ask({ kind: "erase", conversation, platform: this.name, failures: 0 }, 0);
      await store.announced(places);
    };
    const sweep = async () => {
      const left = await store.unannounced(10_000, 500);
      if (left.length > 0) await announce(left);
    };
    const every = (ms: number, work: () => Promise<void>) =>
      timeline.after(ms, () => {
        if (process.isOver) return;
        this.#world.watch(work());
        every(ms, work);
      });
    const begin = async () => {
      if (this.#isOtherCopy) await federation.restored();
      this.#isOtherCopy = false;
      this.running = { store, peers, federation, jobs };
      jobs.takeUp();
      every(sweepEveryMs, sweep);
      every(resumeEveryMs, () => federation.resume());
      await federation.resume();
      await federation.greet();
    };
    this.process = process;
    this.#world.watch(begin());
  }

  /** Whether somebody of another platform was ever in a conversation here. */
  knows(other: PlatformName): boolean {
    return [...this.disk.logs.logs.values()].some(({ state }) =>
      [...state.participants.values()].some(({ via }) => via === other),
    );
  }

  backUp(): void {
    this.backup = { at: this.#world.timeline.now, disk: structuredClone(this.disk) };
  }

  /** Puts the backup in place of the disk, of which nothing is left. Its process has ended. */
  restore(): void {
    if (!this.backup || this.process) return;
    this.lost.push({ from: this.backup.at, to: this.#world.timeline.now });
    this.disk = structuredClone(this.backup.disk);
    this.#isOtherCopy = true;
  }

  /** Whether nothing is left to do, as far as it knows. */
  isAtRest(): boolean {
    const { jobs, logs } = this.disk;
    return this.running !== null && !this.running.jobs.isBusy && jobs.size === 0 && logs.outbox.size === 0;
  }

  #ended(): void {
    this.process = null;
    this.running = null;
    this.onCrash();
  }

  #answer(from: PlatformName, request: Request): Promise<Answer> | undefined {
    const federation = this.running?.federation;
    if (!federation) return undefined;
    const answering = answer(federation, from, request);
    this.#world.watch(answering);
    return answering;
  }

  /** What it asks of the world outside. */
  #surroundings(): Pick<FederationOptions, "keys" | "people" | "isOurs" | "reach" | "onReceipts" | "onPendingChanged"> {
    const isOurs = async (address: Address) => this.#world.addresses.has(address) && domainOf(address) === this.name;
    return {
      isOurs,
      keys: { keyOf: async (platform, key) => this.#world.keyOf(platform, key) },
      reach: async (address) => (this.#world.addresses.has(address) ? { platform: domainOf(address) } : "unknown"),
      people: async (_, added) =>
        this.#world.peopleAt(
          this.name,
          added.map(({ address }) => address),
        ),
      onReceipts: () => {},
      onPendingChanged: () => {},
    };
  }

  #isErasing({ conversation, seq }: Place): boolean {
    const proposal = this.disk.logs.logs.get(conversation)?.entries[seq - 1]?.event.proposal;
    return proposal !== undefined && isErasing(proposal);
  }
}

async function answer(federation: Federation, from: PlatformName, request: Request): Promise<Answer> {
  switch (request.kind) {
    case "post":
      return federation.receive(from, request.entries);
    case "events":
      return federation.serveLog(from, request.conversation, request.after);
    case "greet":
      await federation.greeted(from);
      return null;
  }
}

function scheduleOn(jobs: Jobs): Schedule {
  const nothing: Hash = "";
  return {
    deliver: (platform, inMs, mode) =>
      jobs.ask({ kind: "deliver", platform, conversation: nothing, failures: 0 }, inMs, mode),
    askAgain: (conversation, _, inMs, mode) =>
      jobs.ask({ kind: "askAgain", conversation, platform: "", failures: 0 }, inMs, mode),
    catchUp: async (conversation, platform, inMs, failures, heldUpTo) =>
      jobs.ask({ kind: "catchUp", conversation, platform, failures, heldUpTo }, inMs),
    askWords: async (words, inMs, mode) =>
      jobs.ask(
        { kind: "askWords", conversation: words.conversation, platform: "", failures: words.failures, words },
        inMs,
        mode,
      ),
  };
}
