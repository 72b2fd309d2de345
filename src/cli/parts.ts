// Puts the parts together: the one place that knows them all. Each part is handed what it needs, and let go of in the
// reverse order.
import { join } from "node:path";
import { makeWorkerUtils, runMigrations, type WorkerUtils } from "graphile-worker";
import { countJobs } from "../../workers/count-jobs.ts";
import { indexTextsBeside } from "../../workers/index-texts.ts";
import { runWorker } from "../../workers/run-worker.ts";
import { askLeaderTask } from "../../workers/tasks/ask-leader.ts";
import { askWordsTask } from "../../workers/tasks/ask-words.ts";
import { catchUpTask } from "../../workers/tasks/catch-up.ts";
import { deliverTask } from "../../workers/tasks/deliver.ts";
import { eraseBodiesTask } from "../../workers/tasks/erase-bodies.ts";
import { greetTask } from "../../workers/tasks/greet.ts";
import { pruneAttemptsTask } from "../../workers/tasks/prune-attempts.ts";
import { resumeTask } from "../../workers/tasks/resume.ts";
import type { FindRecipients } from "../accounts/find-recipients.ts";
import { createAuthenticate } from "../accounts/tokens.ts";
import type { Announcer } from "../announce/announce.ts";
import { type Bus, inProcessBus } from "../announce/bus.ts";
import { openFeed } from "../announce/feed.ts";
import { redisBus } from "../announce/redis-bus.ts";
import type { Config } from "../config/config.ts";
import type { Retry } from "../federation/deliver.ts";
import { createDiscovery, type Discovery } from "../federation/discovery.ts";
import { createEndpoints } from "../federation/endpoints.ts";
import type { Federation } from "../federation/federation.ts";
import { createFetchDocument } from "../federation/fetch-document.ts";
import { ownKeyList } from "../federation/keys.ts";
import { readOwnDocument } from "../federation/own-document.ts";
import { openSigner } from "../federation/signer.ts";
import { diskBlobStore } from "../files/blob-store.ts";
import { createGateway } from "../graphql/gateway.ts";
import { type Listening, listen } from "../http/listen.ts";
import { listenMetrics } from "../http/listen-metrics.ts";
import { tracedGateway } from "../http/traced-gateway.ts";
import { createOutgoing } from "../net/outgoing.ts";
import type { Logger, LoggerFactory } from "../observe/logger.ts";
import { type CollectedMetrics, createMetrics, noMetrics } from "../observe/metrics.ts";
import { noTracing, openTracing, type Tracing } from "../observe/tracing.ts";
import type { Signer } from "../protocol/seal.ts";
import { backlogOf } from "../store/backlog.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { postgresDiscoveryStore } from "../store/postgres-discovery-store.ts";
import type { Located } from "./database.ts";
import type { OpenedMail } from "./mail-parts.ts";
import { now, salt } from "./now-and-salt.ts";
import { openFederation, scheduleJobs } from "./open-federation.ts";
import { openMail } from "./open-mail.ts";
import type { MailInBetween } from "./open-mail-in.ts";
import { openStore } from "./open-store.ts";
import { watchCopy } from "./watch-copy.ts";

const same = <Part>(part: Part): Part => part;

/** What every process has, whichever parts it runs. */
export interface Core {
  readonly config: Config;
  readonly database: Database;
  readonly signer: Signer;
  readonly bus: Bus;
  readonly announcer: Announcer;
  readonly store: ConversationStore;
  readonly discovery: Discovery;
  readonly federation: Federation;
  readonly findRecipients: FindRecipients;
  readonly mail: OpenedMail;
  readonly jobs: WorkerUtils;
  /** Null where nobody asks for them. */
  readonly metrics: CollectedMetrics | null;
  readonly tracing: Tracing;
  readonly log: LoggerFactory;
}

/** What a test may stand between the parts and what they reach, to stop the process at any point; and how patient they are. */
export interface Between {
  database?(database: Database): Database;
  bus?(bus: Bus): Bus;
  readonly retry?: Retry;
  readonly mail?: MailInBetween;
}

/** Migrates, connects, and opens the store with its announcer. The database is running. */
export async function openCore(
  stack: AsyncDisposableStack,
  config: Config,
  { url, secret, embedded }: Located,
  log: LoggerFactory,
  { database: reach = same, bus: tell = same, retry, mail: mailBetween }: Between = {},
): Promise<Core> {
  const { platform, databasePoolSize: poolSize, redisUrl, tracesTo: endpoint } = config;
  await migrate(url);
  // The first to be opened: what is done until the end is traced.
  const tracing = stack.use(
    endpoint === undefined ? noTracing : await openTracing({ endpoint, platform, log: log("tracing") }),
  );
  const copy = await watchCopy({ platform, folder: embedded?.folder ?? null, now, log: log("federation") });
  const database = reach(
    stack.use(await openDatabase({ url, poolSize, tracing, onConnect: copy.check, log: log("store") })),
  );
  const { pool, prisma } = database;
  await runMigrations({ pgPool: pool });
  const signer = stack.use(await openSigner({ prisma, platform, secret, now, log: log("federation") }));
  const bus = tell(stack.use(redisUrl === undefined ? inProcessBus() : await redisBus(redisUrl, platform, log("bus"))));
  const metrics = config.metricsPort === undefined ? null : metricsOf(pool, bus);
  const jobs = await makeWorkerUtils({ pgPool: pool });
  stack.defer(() => jobs.release());
  const outgoing = stack.use(createOutgoing({ peers: config.peers, log: log("net") }));
  const discovery = stack.use(
    createDiscovery({
      store: postgresDiscoveryStore(pool),
      fetchDocument: createFetchDocument(outgoing),
      own: { platform, domains: config.domains, keys: () => ownKeyList(prisma, platform) },
      isMapped: (name) => config.peers.has(name),
      now,
      log: log("federation"),
    }),
  );
  const { announcer, store } = openStore(stack, {
    ...{ pool, bus, signer, jobs, metrics, log },
    owe: async (places) => {
      const toTell = places.filter(({ isOursToTell = true }) => isOursToTell);
      await Promise.all([federation.announced(toTell), mail.owe(places)]);
    },
  });
  const schedule = scheduleJobs(jobs, log("federation"));
  copy.tellBy(schedule.deliver);
  const { federation, findRecipients } = openFederation({
    ...{ database, store, signer, bus, discovery, schedule, now },
    domains: config.domains,
    mapped: config.peers,
    send: outgoing.send,
    ...(retry && { retry }),
    log: log("federation"),
  });
  const mail = openMail(
    {
      ...{ config, database, signer, findRecipients, log, now, salt },
      append: federation.append,
      blobs: diskBlobStore(join(config.dataFolder, "blobs")),
    },
    mailBetween,
  );
  stack.defer(() => mail.close());
  return {
    ...{ config, database, signer, bus, announcer, store, discovery, federation },
    ...{ findRecipients, mail, jobs, metrics, tracing, log },
  };
}

function metricsOf(pool: Database["pool"], bus: Bus): CollectedMetrics {
  return createMetrics({
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    isBusReady: () => bus.isReady(),
    outbox: () => backlogOf(pool, "outbox"),
    unindexed: () => backlogOf(pool, "unindexed"),
    jobs: () => countJobs(pool),
  });
}

/** Starts to serve. */
export async function openApi(stack: AsyncDisposableStack, core: Core): Promise<Listening> {
  const {
    config,
    database,
    signer,
    bus,
    store,
    discovery,
    federation,
    findRecipients,
    mail,
    jobs,
    metrics,
    tracing,
    log,
  } = core;
  const { pool, prisma } = database;
  const { platform, domains } = config;
  const feed = stack.use(await openFeed({ pool, bus, log: log("announce") }));
  const gateway = createGateway({
    platform: {
      ...{ database, append: federation.append, findRecipients, bus, feed, signer, domains, now, salt },
      mail: mail.inbound,
      store: { moveReceipt: tellingOthers(store, federation, log("federation")) },
    },
    authenticate: createAuthenticate(database, Date.now),
    log: log("graphql"),
  });
  const listening = stack.use(
    await listen({
      gateway: tracedGateway(gateway, tracing),
      endpoints: createEndpoints({
        platform: config.platform,
        federation,
        keyOf: (of, key, at, source) => discovery.keyOf(of, key, at, { source }),
        now,
      }),
      pages: mail.pages,
      isProxyTrusted: config.isProxyTrusted,
      host: config.host,
      port: config.port,
      log: log("http"),
      metrics: metrics ?? noMetrics,
      wellKnown: readOwnDocument({ prisma, platform, domains, now }),
      unreadiness: () =>
        pool.query("SELECT 1").then(
          () => null,
          () => "the database is out of reach",
        ),
    }),
  );
  await mail.listen(stack, listening.port);
  // Others may have waited for this platform. Not before: what they send at once would find nobody.
  await jobs.addJob("greet", {}, { jobKey: "greet" });
  return listening;
}

/** Moves receipts, and tells the platforms in their conversations. */
function tellingOthers(store: ConversationStore, { receiptMoved }: Federation, log: Logger) {
  const moveReceipt: ConversationStore["moveReceipt"] = async (...asked) => {
    const move = await store.moveReceipt(...asked);
    // A receipt that is not told is no loss: the next one says more.
    if (move) receiptMoved(move).catch((error: unknown) => log.warn({ err: error }, "could not tell of a receipt"));
    return move;
  };
  return moveReceipt;
}

/** Starts to work through jobs, and to make texts searchable. */
export async function openWorker(
  stack: AsyncDisposableStack,
  { database, announcer, store, federation, mail, metrics, tracing, log }: Core,
): Promise<void> {
  const tasks = [
    eraseBodiesTask(store, mail.inbound),
    ...[deliverTask, askLeaderTask, askWordsTask, catchUpTask, resumeTask, greetTask].map((taskOf) =>
      taskOf(federation),
    ),
    pruneAttemptsTask(database.pool),
    ...mail.tasks,
  ];
  const observing = { metrics: metrics ?? noMetrics, tracing, log: log("worker") };
  stack.use(await runWorker({ pool: database.pool, announcer, tasks, ...observing }));
  stack.use(indexTextsBeside({ pool: database.pool, log: log("worker") }));
}

/** Starts to show its metrics; null where they are not asked for. */
export async function openMetrics(
  stack: AsyncDisposableStack,
  { config: { host, metricsPort: port }, metrics }: Core,
): Promise<Listening | null> {
  if (port === undefined || metrics === null) return null;
  return stack.use(await listenMetrics({ metrics, host, port }));
}
