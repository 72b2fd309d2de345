// Hosts that say what a test has them say, over real HTTP; lists of keys; and a discovery that asks them.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FetchDocument } from "../../src/federation/ask-host.ts";
import { createDiscovery, type Discovery, type DiscoveryOptions } from "../../src/federation/discovery.ts";
import type { OutgoingErrorKind } from "../../src/net/outgoing-error.ts";
import { createLogger } from "../../src/observe/logger.ts";
import type { PlatformName, Timestamp } from "../../src/protocol/event.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import { type KeyList, keyHash, type ListedKey } from "../../src/protocol/key-list.ts";
import { type PublicKey, type SigningKey, signingKey } from "../../src/protocol/signature.ts";
import { wellKnownBytesMax } from "../../src/protocol/well-known.ts";
import type { DiscoveryStore } from "../../src/store/discovery-store.ts";
import { beginning, timeAfter } from "../conversation/given.ts";
import { memoryDiscoveryStore } from "../support/memory-discovery-store.ts";

/** The same key for the same name. */
export function keyCalled(name: string): SigningKey {
  return signingKey(Buffer.from(sha256(`key called ${name}`), "base64url"));
}

export const publicKey = (name: string): PublicKey => keyCalled(name).key;

/** One key in a list: its name, who vouches for it, and what else is said of it. */
export type Given = readonly [
  name: string,
  by: string | null,
  but?: Partial<Pick<ListedKey, "nbf" | "exp" | "revoked">>,
];

/** A list of keys as the platform makes it, each signed by whom it names. */
export function listOf(platform: PlatformName, ...given: readonly Given[]): KeyList {
  return {
    platform,
    keys: given.map(([name, by, { nbf = beginning, exp = null, revoked = null } = {}]) => {
      const statement = { platform, key: publicKey(name), nbf, exp, by: by === null ? null : publicKey(by) };
      const { platform: _, ...listed } = statement;
      return { ...listed, signature: keyCalled(by ?? name).sign("key", keyHash(statement)), revoked };
    }),
  };
}

/** What a platform says of itself: it serves its own name, unless `but` says otherwise. */
export function wellKnown(list: KeyList, but: object = {}): object {
  return { ...list, domains: [list.platform], versions: [1], ...but };
}

export interface Saying {
  /** Default: 200. */
  readonly status?: number;
  /** Cache-Control's max-age. */
  readonly maxAge?: number;
}

type Answer = (response: ServerResponse) => void;

/** One host, listening on a port of its own. */
export class Host implements AsyncDisposable {
  asked = 0;
  #answer: Answer = (response) => response.writeHead(404).end();
  readonly #server = createServer((request, response) => {
    this.asked++;
    if (request.url === "/.well-known/parley" && request.method === "GET") this.#answer(response);
    else response.writeHead(404).end();
  });

  static async listening(): Promise<Host> {
    const host = new Host();
    host.#server.listen(0, "127.0.0.1");
    await once(host.#server, "listening");
    return host;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A text or bytes as they are, else JSON. */
  says(document: object | string | Buffer, { status = 200, maxAge }: Saying = {}): void {
    const text = typeof document === "string" || Buffer.isBuffer(document) ? document : JSON.stringify(document);
    const headers = maxAge === undefined ? {} : { "cache-control": `public, max-age=${maxAge}` };
    this.#answer = (response) => response.writeHead(status, headers).end(text);
  }

  /** Cuts the connection instead of answering. */
  breaksOff(): void {
    this.#answer = (response) => response.destroy();
  }

  /** Answers nothing until it is let go; then what it said before. @returns resolves with letting go when it is asked */
  async holdsBack(): Promise<() => void> {
    const then = this.#answer;
    const { promise, resolve } = Promise.withResolvers<() => void>();
    this.#answer = (response) => {
      this.#answer = then;
      resolve(() => then(response));
    };
    return promise;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop();
  }
}

/** Some hosts, a clock that a test moves, and a discovery that knows no others. */
export class Net implements AsyncDisposable {
  time: Timestamp = beginning;
  readonly hosts = new Map<string, Host>();
  /** Hosts that fail in a way that no server here can be made to. */
  readonly failing = new Map<string, OutgoingErrorKind>();
  readonly logged: string[] = [];
  readonly store: DiscoveryStore;
  readonly #stack = new AsyncDisposableStack();

  constructor(store: DiscoveryStore = memoryDiscoveryStore()) {
    this.store = store;
  }

  async host(name: string): Promise<Host> {
    const host = this.#stack.use(await Host.listening());
    this.hosts.set(name, host);
    return host;
  }

  later(ms: number): void {
    this.time = timeAfter(this.time, ms);
  }

  readonly fetchDocument: FetchDocument = async (name) => {
    const failure = this.failing.get(name);
    if (failure !== undefined) return failure;
    const host = this.hosts.get(name);
    if (!host) return "noSuchHost";
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#portOf(name, host)}/.well-known/parley`, {
        redirect: "manual",
        headers: { connection: "close" },
      });
      const body = new Uint8Array(await answer.arrayBuffer());
      if (body.length > wellKnownBytesMax) return "tooLarge";
      const maxAge = /max-age=(\d+)/.exec(answer.headers.get("cache-control") ?? "")?.[1];
      return { status: answer.status, body, maxAge: maxAge === undefined ? null : Number(maxAge) };
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED" ? "refused" : "broken";
    }
  };

  readonly #ports = new Map<string, number>();

  /** A host that was stopped has no port any more: it is asked where it was. */
  #portOf(name: string, host: Host): number {
    const known = this.#ports.get(name) ?? host.port;
    this.#ports.set(name, known);
    return known;
  }

  discovery(but: Partial<DiscoveryOptions> = {}): Discovery & AsyncDisposable {
    const destination = { write: (line: string) => void this.logged.push(line) };
    return this.#stack.use(
      createDiscovery({
        store: this.store,
        fetchDocument: this.fetchDocument,
        own: {
          platform: "us.test",
          domains: ["us.test", "ours.test"],
          keys: async () => listOf("us.test", ["us", null]),
        },
        isMapped: (name) => name.endsWith(".test"),
        now: () => this.time,
        log: createLogger({ level: "warn", destination })("federation"),
        ...but,
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
