// The network between simulated platforms: messages that take their time, come in another order, get lost or come twice,
// and cables that are cut. What is sent is text, as on a real one.
import type { LogPage, Result } from "../../src/federation/batch.ts";
import type { Transport, Unreachable } from "../../src/federation/transport.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import type { Liar } from "./liar.ts";
import type { Answer, Request } from "./message.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Who is reached by a name; never answers where its process ends meanwhile. Undefined: nobody listens there. */
export type Listener = (from: PlatformName, request: Request) => Promise<Answer> | undefined;

/** How bad the network is. Each a probability, of a message. */
export interface Weather {
  readonly loss: number;
  readonly doubling: number;
  /** Of taking seconds, and so coming after those that were sent later. */
  readonly delay: number;
}

export const calm: Weather = { loss: 0, doubling: 0, delay: 0 };

export interface Counts {
  delivered: number;
  lost: number;
  doubled: number;
}

const greetWithinMs = 5_000;
const pullWithinMs = 20_000;

export class Network {
  weather = calm;
  readonly counts: Counts = { delivered: 0, lost: 0, doubled: 0 };
  /** Told of each message, in a line, when it comes or is lost. */
  trace: (line: string) => void = () => {};
  /** Messages on their way, and requests that wait for an answer. */
  underWay = 0;
  /** Who changes what it sends. */
  readonly liars = new Map<PlatformName, Liar>();
  readonly #listeners = new Map<PlatformName, Listener>();
  /** From whom to whom nothing goes. */
  readonly #cut = new Set<string>();
  readonly #timeline: Timeline;
  readonly #random: Random;

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline;
    this.#random = random;
  }

  listen(name: PlatformName, listener: Listener): void {
    this.#listeners.set(name, listener);
  }

  cut(from: PlatformName, to: PlatformName): void {
    this.#cut.add(`${from} ${to}`);
  }

  mend(): void {
    this.#cut.clear();
  }

  transportOf(from: PlatformName): Transport {
    return {
      post: async (to, entries, withinMs) =>
        this.#ask<readonly Result[]>(from, to, { kind: "post", entries }, withinMs),
      events: async (to, conversation, after) =>
        this.#ask<LogPage | null>(from, to, { kind: "events", conversation, after }, pullWithinMs),
      greet: async (to) => this.#ask<null>(from, to, { kind: "greet" }, greetWithinMs),
    };
  }

  #ask<Given extends Answer>(
    from: PlatformName,
    to: PlatformName,
    request: Request,
    withinMs: number,
  ): Promise<Given | Unreachable> {
    this.underWay++;
    return new Promise((resolve) => {
      let isOpen = true;
      const give = (answer: Given | Unreachable) => {
        if (!isOpen) return;
        isOpen = false;
        this.underWay--;
        resolve(answer);
      };
      this.#timeline.after(withinMs, () => give(unreachable("timeout")));
      const told = this.liars.get(from)?.ask(to, request) ?? { request, mend: (answer: Answer) => answer };
      if (told.request === null) return give(told.mend(null) as Given);
      this.#send(from, to, told.request, (received) => {
        const answering = this.#listeners.get(to)?.(from, received);
        if (!answering) return give(unreachable("refused"));
        // What it throws is told by the platform itself.
        answering.then(
          (answer) => {
            const said = this.liars.get(to)?.answer(from, received, answer) ?? answer;
            this.#send(to, from, said, (heard) => give(told.mend(heard) as Given));
          },
          () => {},
        );
      });
    });
  }

  #send<Message>(from: PlatformName, to: PlatformName, message: Message, receive: (message: Message) => void): void {
    const { weather, counts } = this;
    const random = this.#random;
    const text = JSON.stringify(message);
    const deliver = (ms: number) =>
      this.#timeline.after(ms, () => {
        if (this.#cut.has(`${from} ${to}`) || random.chance(weather.loss)) {
          counts.lost++;
          this.trace(`${from} -> ${to} LOST ${briefly(message)}`);
          return;
        }
        counts.delivered++;
        this.trace(`${from} -> ${to} ${briefly(message)}`);
        receive(JSON.parse(text) as Message);
      });
    const delayMs = () => 1 + random.below(random.chance(weather.delay) ? 8_000 : 120);
    deliver(delayMs());
    if (!random.chance(weather.doubling)) return;
    counts.doubled++;
    deliver(delayMs());
  }
}

const unreachable = (why: string): Unreachable => ({ unreachable: why, answer: "", retryAfterMs: null });

/** What a message says, in a line. */
function briefly(message: unknown): string {
  const said = JSON.stringify(message, (name, value: unknown) => {
    if (name === "signatures" || name === "salt" || name === "key" || name === "signature") return undefined;
    return typeof value === "string" && value.length === 43 ? value.slice(0, 6) : value;
  });
  return said.length > 400 ? `${said.slice(0, 400)}…` : said;
}
