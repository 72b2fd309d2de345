// Puts the parts together: the one place that knows them all. Each part is handed what it needs, and let go of in the
// reverse order.
import { randomBytes } from "node:crypto";
import { makeWorkerUtils, runMigrations } from "graphile-worker";
import { countJobs } from "../../workers/count-jobs.ts";
import { runWorker } from "../../workers/run-worker.ts";
import { eraseBodiesTask } from "../../workers/tasks/erase-bodies.ts";
import { createAuthenticate } from "../accounts/tokens.ts";
import { type Announcer, announcementOf, createAnnouncer } from "../announce/announce.ts";
import { type Bus, inProcessBus } from "../announce/bus.ts";
import { openFeed } from "../announce/feed.ts";
import { redisBus } from "../announce/redis-bus.ts";
import type { Config } from "../config/config.ts";
import { loadSigner } from "../federation/keys.ts";
import { createGateway } from "../graphql/gateway.ts";
import { type Listening, listen } from "../http/listen.ts";
import { listenMetrics } from "../http/listen-metrics.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import { type CollectedMetrics, createMetrics, noMetrics } from "../observe/metrics.ts";
import { currentRequestId } from "../observe/request-id.ts";
import type { Signer } from "../protocol/seal.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { outboxBacklog } from "../store/outbox.ts";
import { postgresStore } from "../store/postgres-store.ts";

export const now = (): string => new Date().toISOString();
export const salt = (): string => randomBytes(32).toString("base64url");

/** What every process has, whichever parts it runs. */
export interface Core {
  readonly config: Config;
  readonly database: Database;
  readonly signer: Signer;
  readonly bus: Bus;
  readonly announcer: Announcer;
  readonly store: ConversationStore;
  /** Null where nobody asks for them. */
  readonly metrics: CollectedMetrics | null;
  readonly log: LoggerFactory;
}

/** What stands between the parts and what they reach by it: so that a test can stop the process at any of these points. */
export interface Between {
  database(database: Database): Database;
  bus(bus: Bus): Bus;
}

const nothingBetween: Between = { database: (database) => database, bus: (bus) => bus };

/** Migrates, connects, and opens the store with its announcer. @param url of the database, which is running */
export async function openCore(
  stack: AsyncDisposableStack,
  config: Config,
  url: string,
  secret: string,
  log: LoggerFactory,
  between: Between = nothingBetween,
): Promise<Core> {
  const { platform, databasePoolSize: poolSize, redisUrl } = config;
  await migrate(url);
  const database = between.database(stack.use(await openDatabase({ url, poolSize, log: log("store") })));
  await runMigrations({ pgPool: database.pool });
  const signer = await loadSigner(database.prisma, platform, secret, now());
  const bus = between.bus(
    stack.use(redisUrl === undefined ? inProcessBus() : await redisBus(redisUrl, platform, log("bus"))),
  );
  const { pool } = database;
  const metrics =
    config.metricsPort === undefined
      ? null
      : createMetrics({
          pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
          isBusReady: () => bus.isReady(),
          outbox: () => outboxBacklog(pool),
          jobs: () => countJobs(pool),
        });
  const jobs = await makeWorkerUtils({ pgPool: database.pool });
  stack.defer(() => jobs.release());
  const announcer = stack.use(
    createAnnouncer({
      pool: database.pool,
      bus,
      log: log("announce"),
      requestErasure: async (conversations, requestIds) => {
        for (const conversation of conversations) {
          const payload = { conversation, requestId: requestIds.get(conversation) };
          await jobs.addJob("erase-bodies", payload, { jobKey: `erase-bodies:${conversation}` });
        }
      },
    }),
  );
  const store = postgresStore({
    pool,
    signer,
    now,
    salt,
    ...(metrics && { onBatch: metrics.batch }),
    onCommitted: (appended) =>
      announcer.announce(
        appended.flatMap(({ conversation, entries, requestIds }) =>
          entries.map(({ event, body }) => ({
            ...announcementOf(conversation, { ...event.proposal, seq: event.seq, timestamp: event.timestamp, body }),
            requestId: requestIds.at(-1),
          })),
        ),
      ),
  });
  const append: ConversationStore["append"] = (request) => {
    const requestId = currentRequestId();
    return store.append(requestId === undefined ? request : { ...request, requestId });
  };
  return { config, database, signer, bus, announcer, store: { ...store, append }, metrics, log };
}

/** Starts to serve. */
export async function openApi(stack: AsyncDisposableStack, core: Core): Promise<Listening> {
  const { config, database, signer, bus, store, metrics, log } = core;
  const { pool } = database;
  const feed = stack.use(await openFeed({ pool, bus, log: log("announce") }));
  const gateway = createGateway({
    platform: { database, store, bus, feed, signer, domains: [config.platform], now, salt },
    authenticate: createAuthenticate(database, Date.now),
    log: log("graphql"),
  });
  return stack.use(
    await listen({
      gateway,
      host: config.host,
      port: config.port,
      log: log("http"),
      metrics: metrics ?? noMetrics,
      unreadiness: () =>
        pool.query("SELECT 1").then(
          () => null,
          () => "the database is out of reach",
        ),
    }),
  );
}

/** Starts to work through jobs. */
export async function openWorker(
  stack: AsyncDisposableStack,
  { database, announcer, store, metrics, log }: Core,
): Promise<void> {
  const tasks = [eraseBodiesTask(store)];
  const options = { pool: database.pool, announcer, tasks, metrics: metrics ?? noMetrics, log: log("worker") };
  stack.use(await runWorker(options));
}

/** Starts to show its metrics; null where they are not asked for. */
export async function openMetrics(
  stack: AsyncDisposableStack,
  { config: { host, metricsPort: port }, metrics }: Core,
): Promise<Listening | null> {
  if (port === undefined || metrics === null) return null;
  return stack.use(await listenMetrics({ metrics, host, port }));
}
