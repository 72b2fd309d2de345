// An API of its own on a platform's database: its store can be held up, and who is subscribed can be counted.
import { randomBytes } from "node:crypto";
import { createAuthenticate } from "../../src/accounts/tokens.ts";
import { type FeedSubscriber, openFeed } from "../../src/announce/feed.ts";
import { createGateway } from "../../src/graphql/gateway.ts";
import { type ListenOptions, listen } from "../../src/http/listen.ts";
import { createLogger, silentLogger } from "../../src/observe/logger.ts";
import { noMetrics } from "../../src/observe/metrics.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { appendHere, findRecipientsHere } from "../support/setting.ts";

export interface TestApi extends AsyncDisposable {
  readonly platform: TestPlatform;
  readonly url: string;
  /** Those whom the feed hands on to. */
  readonly subscribers: ReadonlySet<FeedSubscriber>;
  /** Lines of the log, from `warn` on. */
  readonly logged: readonly string[];
  /** From now on appends wait. @returns resolves when the first one does */
  hold(): Promise<void>;
  /** Lets them go on. */
  release(): void;
  /** Stops the API, once; the platform stays. */
  stop(): Promise<void>;
}

export type ApiOptions = Partial<
  Pick<ListenOptions, "receiveWithinMs" | "stopWithinMs" | "checkTokensEveryMs" | "endpoints" | "isProxyTrusted">
>;

export const startApi = async (options: ApiOptions = {}): Promise<TestApi> => {
  const stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform());
  const { database, store, bus, signer } = platform.core;
  const logged: string[] = [];
  const log = createLogger({ level: "warn", destination: { write: (line) => void logged.push(line) } });
  const feed = stack.use(await openFeed({ pool: database.pool, bus, log: silentLogger }));
  const subscribers = new Set<FeedSubscriber>();
  let gate = Promise.withResolvers<void>();
  let arrival = Promise.withResolvers<void>();
  gate.resolve();
  const gateway = createGateway({
    platform: {
      database,
      append: async (request) => {
        arrival.resolve();
        await gate.promise;
        return appendHere(store)(request);
      },
      findRecipients: findRecipientsHere(database.pool, "localhost"),
      store,
      bus,
      feed: {
        ...feed,
        attach: (subscriber) => {
          subscribers.add(subscriber);
          const attached = feed.attach(subscriber);
          return {
            [Symbol.dispose]: () => {
              subscribers.delete(subscriber);
              attached[Symbol.dispose]();
            },
          };
        },
      },
      signer,
      mail: platform.core.mail.inbound,
      domains: ["localhost"],
      now: () => new Date().toISOString(),
      salt: () => randomBytes(32).toString("base64url"),
    },
    authenticate: createAuthenticate(database, () => Date.now()),
    log: log("graphql"),
  });
  const api = await listen({
    gateway,
    host: "127.0.0.1",
    port: 0,
    log: log("http"),
    metrics: noMetrics,
    wellKnown: async () => ({ document: {}, maxAgeMs: 0 }),
    unreadiness: async () => null,
    ...options,
  });
  let stopping: Promise<void> | null = null;
  const stop = () => (stopping ??= Promise.resolve(api[Symbol.asyncDispose]()));
  stack.defer(stop);
  stack.defer(() => gate.resolve());
  return {
    platform,
    url: `http://127.0.0.1:${api.port}`,
    subscribers,
    logged,
    hold: () => {
      gate = Promise.withResolvers();
      arrival = Promise.withResolvers();
      return arrival.promise;
    },
    release: () => gate.resolve(),
    stop,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};
