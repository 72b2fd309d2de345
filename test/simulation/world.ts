// What simulated platforms share: time, chance, the network, and who is where.
import type { Address } from "../../src/conversation/address.ts";
import { domainOf } from "../../src/conversation/address.ts";
import type { KeyVerdict } from "../../src/federation/vouching.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import type { PublicKey } from "../../src/protocol/signature.ts";
import type { Person } from "../../src/store/conversation-store.ts";
import { signerOf } from "../conversation/given.ts";
import { Network } from "./network.ts";
import { type Random, randomOf } from "./random.ts";
import { Timeline } from "./timeline.ts";

const beginning = Date.parse("2026-11-21T09:00:00.000Z");

export class World {
  readonly timeline = new Timeline(beginning);
  readonly random: Random;
  readonly network: Network;
  /** Of all accounts. An account's id is its address. */
  readonly addresses = new Set<Address>();
  /** How often a step of a process takes a while. */
  slowness = 0;
  /** How often a platform's key list is out of reach. */
  keyless = 0;
  /** Errors that nobody caught: none may be. */
  readonly errors: unknown[] = [];
  #salts = 0;

  constructor(seed: string) {
    this.random = randomOf(seed);
    this.network = new Network(this.timeline, this.random.fork("network"));
  }

  readonly salt = (): Hash => sha256(`salt ${++this.#salts}`);

  keyOf(platform: PlatformName, key: PublicKey): KeyVerdict {
    if (this.keyless > 0 && this.random.chance(this.keyless)) return "later";
    return signerOf(platform).key.key === key ? "valid" : "unknown";
  }

  /** Those with these addresses, as a platform knows them: an account where they are its own. */
  peopleAt(platform: PlatformName, addresses: Iterable<Address>): ReadonlyMap<Address, Person> {
    const known = [...addresses].filter((address) => this.addresses.has(address));
    return new Map(
      known.map((address) => [
        address,
        { recipientId: address, accountId: domainOf(address) === platform ? address : null },
      ]),
    );
  }

  /** Lets it go on by itself; what it throws is told at the end. */
  watch(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.errors.push(error));
  }
}
