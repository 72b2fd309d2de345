// A whole platform in the process of the test: API and worker on a database of its own, on a port of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureAccount } from "../../src/accounts/accounts.ts";
import { issueToken } from "../../src/accounts/tokens.ts";
import type { MailInBetween } from "../../src/cli/open-mail-in.ts";
import { type Core, openApi, openCore, openMetrics, openWorker } from "../../src/cli/parts.ts";
import { readConfig } from "../../src/config/config.ts";
import type { Retry } from "../../src/federation/deliver.ts";
import { createLogger, type LogDestination, silentLogger } from "../../src/observe/logger.ts";
import { diagnose } from "../../src/store/doctor.ts";
import { indexAll } from "../../src/store/unindexed.ts";
import { createDatabase } from "./database.ts";

export const testSecret = "a secret of the tests, and of nothing else";

export type PlatformOptions = {
  /** Default: localhost. */
  name?: string;
  /** Default: any that is free. */
  port?: number;
  /** Origins of other platforms, by name. Default: it knows of none. */
  peers?: Readonly<Record<string, string>>;
  /** The database of another platform, to be a second process of it. Default: one of its own. */
  databaseUrl?: string;
  redisUrl?: string;
  /** Default: true. */
  worker?: boolean;
  /** Whether it serves metrics. Default: no. */
  metrics?: boolean;
  /** The collector that it traces to. Default: none. */
  tracesTo?: string;
  /** How patient it is with platforms that do not answer. */
  retry?: Retry;
  /** Other settings, as the environment has them. */
  settings?: Readonly<Record<string, string>>;
  /** What is changed of how mails come in. */
  mail?: MailInBetween;
  /** Whether the test itself puts rows in disorder. Default: false; then they are compared with the logs at the end. */
  mayDrift?: boolean;
  /** Default: silent. */
  log?: LogDestination;
};

export type Person = { address: string; accountId: string; token: string };

export type TestPlatform = AsyncDisposable & {
  /** `http://127.0.0.1:PORT` */
  url: string;
  databaseUrl: string;
  /** `http://127.0.0.1:PORT`; null where it serves none. */
  metricsUrl: string | null;
  core: Core;
  /** Resolves once all that has been said can be found. */
  searchable(): Promise<void>;
  /** Makes `NAME@PLATFORM`, or finds them, with a new token. */
  person(name: string): Promise<Person>;
};

export async function startPlatform(options: PlatformOptions = {}): Promise<TestPlatform> {
  const stack = new AsyncDisposableStack();
  const { name = "localhost" } = options;
  const databaseUrl = options.databaseUrl ?? stack.use(await createDatabase()).url;
  const dataFolder = await mkdtemp(join(tmpdir(), "parley-data-"));
  stack.defer(() => rm(dataFolder, { recursive: true, force: true }));
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    PARLEY_DATA: dataFolder,
    PARLEY_SECRET: testSecret,
    PARLEY_PORT: String(options.port ?? 0),
    PARLEY_PLATFORM: name,
    ...(options.peers && {
      PARLEY_PEERS: Object.entries(options.peers)
        .map(([peer, origin]) => `${peer}=${origin}`)
        .join(","),
    }),
    ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
    ...(options.tracesTo !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: options.tracesTo }),
    ...(options.metrics === true && { PARLEY_METRICS_PORT: "0" }),
    ...options.settings,
  });
  const log = options.log
    ? createLogger({ level: "info", destination: options.log })
    : createLogger({ level: "silent" });
  const between = { ...(options.retry && { retry: options.retry }), ...(options.mail && { mail: options.mail }) };
  const core = await openCore(stack, config, { url: databaseUrl, secret: testSecret, embedded: null }, log, between);
  const metrics = await openMetrics(stack, core);
  if (options.worker ?? true) await openWorker(stack, core);
  const { port } = await openApi(stack, core);
  return {
    url: `http://127.0.0.1:${port}`,
    databaseUrl,
    metricsUrl: metrics && `http://127.0.0.1:${metrics.port}`,
    core,
    searchable: async () => {
      await core.announcer.idle();
      await indexAll(core.database.pool, silentLogger);
    },
    person: async (person) => {
      const { viewer } = await ensureAccount(core.database.prisma, `${person}@${name}`, config);
      return {
        address: viewer.address,
        accountId: viewer.accountId,
        token: await issueToken(core.database.prisma, viewer.accountId),
      };
    },
    [Symbol.asyncDispose]: async () => {
      const isCompared = options.databaseUrl === undefined && options.mayDrift !== true;
      const { differences } = isCompared ? await diagnose(core.database.pool) : { differences: [] };
      await stack.disposeAsync();
      if (differences.length > 0) throw new Error(`rows are other than the logs say: ${JSON.stringify(differences)}`);
    },
  };
}
