// Several platforms on the stage: each a `parley start` with a database of its own in the stage's PostgreSQL, that know of
// each other; and what they say to each other, looked at from outside.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { emptyDraft, publishDraft } from "../src/conversation/draft.ts";
import { loadSigner } from "../src/federation/signer.ts";
import { silentLogger } from "../src/observe/logger.ts";
import type { PlatformName } from "../src/protocol/event.ts";
import type { Signer } from "../src/protocol/seal.ts";
import type { Person } from "../src/store/conversation-store.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { startEmbeddedPostgres } from "../src/store/embedded-postgres.ts";
import { migrate } from "../src/store/migrate.ts";
import { postgresStore } from "../src/store/postgres-store.ts";
import { freePort } from "../test/support/free-port.ts";
import type { Child } from "./ask-child.ts";
import { checkLogs } from "./check-logs.ts";
import { cpuMs } from "./cpu-time.ts";
import { type Load, loadedSchema } from "./http-load.ts";
import { onCore } from "./own-core.ts";
import { requestsOf } from "./rows/message-add.ts";
import {
  makePeople,
  now,
  type Parley,
  postgresSettings,
  type Somebody,
  type Stage,
  salt,
  secret,
  startParley,
} from "./stage.ts";

/** A platform, whether its process runs or not. */
export interface Platform {
  readonly name: PlatformName;
  readonly url: string;
  readonly database: Database;
  readonly signer: Signer;
  makePeople(count: number): Promise<readonly Somebody[]>;
  /** Starts its process where the others look for it, and waits until it listens. */
  start(): Promise<Parley>;
  /** Milliseconds of processor that PostgreSQL has used for it so far, by connection: those that are open now. */
  postgresCpuMs(): Promise<ReadonlyMap<number, number>>;
  /** To be called once there is something of everything: PostgreSQL's plans of tables that were empty read all of them. */
  analyze(): Promise<void>;
}

/** Somebody, and the platform where they have their account; a played one has no accounts. */
export type Guest = Pick<Somebody, "address" | "name"> & { readonly via: PlatformName };

/** A conversation that one platform leads, and the people of that platform who are in it. */
export interface SharedTalk {
  readonly conversation: string;
  readonly people: readonly Somebody[];
}

export interface Platforms extends AsyncDisposable {
  on(name: PlatformName): Platform;
}

export interface Setting {
  /** Others that are known at these ports: no processes of ours. */
  readonly played?: ReadonlyMap<PlatformName, number>;
  /** Whether each has a core to itself, with a PostgreSQL there; else they share the stage's, and all cores. */
  readonly hasOwnCore?: boolean;
}

export async function openPlatforms(
  stage: Stage,
  names: readonly PlatformName[],
  { played = new Map(), hasOwnCore = false }: Setting = {},
): Promise<Platforms> {
  await using stack = new AsyncDisposableStack();
  const ports = new Map<PlatformName, number>();
  for (const name of names) ports.set(name, await freePort());
  const peers = [...ports, ...played].map(([name, port]) => `${name}=http://127.0.0.1:${port}`).join(",");
  const platforms = new Map<PlatformName, Platform>();
  for (const [core, [name, port]] of [...ports].entries()) {
    const settings = { PARLEY_PLATFORM: name, PARLEY_PORT: `${port}`, PARLEY_PEERS: peers };
    const place: Place = hasOwnCore
      ? await ownPlace(stack, core)
      : { url: stage.databaseUrl, pool: stage.database.pool, start: (run) => run() };
    platforms.set(name, await openPlatform(stage, stack, place, settings));
  }
  const kept = stack.move();
  return {
    on: (name) => {
      const platform = platforms.get(name);
      if (!platform) throw new Error(`there is no platform ${name}`);
      return platform;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Where a platform runs. */
interface Place {
  /** Of the PostgreSQL in which its database is made. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** Starts a process there. */
  start<Started>(run: () => Promise<Started>): Promise<Started>;
}

/** A core with a PostgreSQL. */
async function ownPlace(stack: AsyncDisposableStack, core: number): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "parley-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const start: Place["start"] = (run) => onCore(core, run);
  const options = { folder, settings: postgresSettings, log: silentLogger };
  const { url } = stack.use(await start(() => startEmbeddedPostgres(options)));
  const { pool } = stack.use(
    await openDatabase({ url, poolSize: 2, log: silentLogger, applicationName: "bench maintenance" }),
  );
  return { url, pool, start };
}

async function openPlatform(
  stage: Stage,
  stack: AsyncDisposableStack,
  { url: placeUrl, pool: maintenance, start }: Place,
  settings: Readonly<Record<"PARLEY_PLATFORM" | "PARLEY_PORT" | "PARLEY_PEERS", string>>,
): Promise<Platform> {
  const { PARLEY_PLATFORM: name, PARLEY_PORT: port } = settings;
  const databaseName = name.replaceAll(/[^a-z0-9]/g, "_");
  const drop = () => maintenance.query(`DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`);
  await drop();
  await maintenance.query(`CREATE DATABASE ${databaseName}`);
  stack.defer(async () => void (await drop()));
  const url = new URL(placeUrl);
  url.pathname = `/${databaseName}`;
  await migrate(url.href);
  const database = stack.use(
    await openDatabase({ url: url.href, poolSize: 4, log: silentLogger, applicationName: "bench" }),
  );
  const signer = await loadSigner({ prisma: database.prisma, platform: name, secret }, now());
  let people = 0;
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    database,
    signer,
    makePeople: async (count) => {
      const made = await makePeople(database, name, people, count);
      people += count;
      return made;
    },
    start: () => start(() => startParley("start", { ...settings, DATABASE_URL: url.href }, stage.profileFolder)),
    postgresCpuMs: async () => {
      const { rows } = await maintenance.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE datname = $1", [
        databaseName,
      ]);
      const used = await Promise.all(rows.map(async ({ pid }) => [pid, await cpuMs(pid)] as const));
      return new Map(used.filter(([, ms]) => !Number.isNaN(ms)));
    },
    analyze: async () => void (await database.pool.query("VACUUM (ANALYZE)")),
  };
}

/**
 * Publishes a conversation on `leader` among each of these, the first its creator. The others hear of them once the leader's
 * process runs: what they are owed waits in its outbox.
 */
export async function makeSharedTalks(
  { name: via, database: { pool }, signer }: Platform,
  groups: readonly { readonly people: readonly Somebody[]; readonly guests: readonly Guest[] }[],
): Promise<readonly SharedTalk[]> {
  const store = postgresStore({ pool, signer, now, salt, onCommitted: () => {} });
  const guests = new Map(groups.flatMap((group) => group.guests.map((guest) => [guest.address, guest])));
  const { rows } = await pool.query<{ id: string; address: string }>(
    `INSERT INTO recipient (address, kind, platform, name)
    SELECT address, 'PLATFORM', via, name FROM json_to_recordset($1::json) AS g(address text, via text, name text)
    ON CONFLICT (address) DO UPDATE SET name = excluded.name RETURNING id, address`,
    [JSON.stringify([...guests.values()])],
  );
  const strangers = rows.map(({ id, address }): [string, Person] => [address, { recipientId: id, accountId: null }]);
  const known = new Map<string, Person>(strangers);
  const talks = await Promise.all(
    groups.map(async ({ people, guests: invited }, index): Promise<SharedTalk> => {
      const [creator, ...others] = people;
      if (!creator) throw new Error("a conversation has to have somebody who begins it");
      const participants = [...others, ...invited].map(({ address, name }) => {
        return { id: salt(), role: "WRITER" as const, address, name };
      });
      const draft = { ...emptyDraft, subject: `Conversation ${index + 1}`, participants };
      const { address, name } = creator;
      const reach = (whose: string) => ({ via: guests.get(whose)?.via ?? via, mail: false, imported: false });
      const proposals = publishDraft(draft, { address, name }, reach, { signer, sentAt: now(), salt });
      if ("code" in proposals) throw new Error(proposals.message);
      const own = people.map((one): [string, Person] => [one.address, one]);
      const result = await store.append({ conversation: null, proposals, people: new Map([...known, ...own]) });
      if (!("entries" in result)) throw new Error(`a conversation could not be published: ${JSON.stringify(result)}`);
      return { conversation: result.conversation, people };
    }),
  );
  return talks;
}

/**
 * Milliseconds until `to` has verified, committed and acknowledged all that was committed on `leader` by now.
 * @throws where it takes longer than `withinMs`
 */
export async function untilDelivered(leader: Platform, to: PlatformName, withinMs = 120_000): Promise<number> {
  const { pool } = leader.database;
  const startedAt = performance.now();
  // What is in the outbox may not be owed yet.
  while (
    (await pool.query("SELECT FROM outbox LIMIT 1")).rowCount !== 0 ||
    (await pool.query("SELECT FROM peer_head WHERE platform = $1 AND is_owed LIMIT 1", [to])).rowCount !== 0
  ) {
    if (performance.now() - startedAt > withinMs)
      throw new Error(`${to} does not have all that ${leader.name} has after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}

/** Milliseconds until all that was committed there is announced. */
export const untilTold = (platform: Platform): Promise<number> => untilEmpty(platform, "outbox");

/** Until nothing is left to do there: what one turn leaves behind would be a burden of the next. */
export async function untilAtRest(platform: Platform): Promise<void> {
  for (const table of ["outbox", "unindexed"] as const) await untilEmpty(platform, table);
}

async function untilEmpty({ database: { pool }, name }: Platform, table: "outbox" | "unindexed"): Promise<number> {
  const startedAt = performance.now();
  while ((await pool.query(`SELECT FROM ${table} LIMIT 1`)).rowCount !== 0) {
    if (performance.now() - startedAt > 120_000) throw new Error(`${table} of ${name} does not empty`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}

/** Says as fast as it is answered. Milliseconds from the first request to the last answer. @throws where one fails */
export async function sayAll(
  load: Child,
  at: Platform,
  talks: readonly SharedTalk[],
  count: number,
  inFlight = 16,
): Promise<number> {
  const asked: Load = {
    ...{ port: Number(new URL(at.url).port), inFlight, rate: null },
    ...{ requests: requestsOf(talks, count), expects: '"MessageAddPayload"' },
  };
  const loaded = await load.ask(asked, loadedSchema);
  if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
  return loaded.elapsedMs;
}

/**
 * That nothing was lost between them: as many messages as were said, equal heads of all conversations, and logs that hold.
 * @throws where that is not so
 */
export async function checkEqual(
  follower: Platform,
  leader: Platform,
  talks: readonly SharedTalk[],
  said: number,
): Promise<void> {
  const ids = talks.map(({ conversation }) => conversation);
  const [here, there] = [await headsOf(leader.database.pool, ids), await headsOf(follower.database.pool, ids)];
  const differing = ids.filter((id) => here.get(id) === undefined || here.get(id) !== there.get(id));
  if (differing.length > 0)
    throw new Error(`${differing.length} of ${ids.length} conversations end otherwise on ${follower.name}`);
  const { rows } = await follower.database.pool.query<{ messages: number }>(
    "SELECT count(*)::int AS messages FROM event WHERE conversation_id = ANY($1::text[]) AND model = 'message'",
    [ids],
  );
  if (rows[0]?.messages !== said)
    throw new Error(`${said} messages were said, and ${rows[0]?.messages} are on ${follower.name}`);
  await checkLogs(follower.database.pool, ids);
}

async function headsOf(pool: pg.Pool, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<{ id: string; head: string }>(
    "SELECT id, seq || ' ' || head AS head FROM conversation WHERE id = ANY($1::text[])",
    [ids],
  );
  return new Map(rows.map(({ id, head }) => [id, head]));
}
