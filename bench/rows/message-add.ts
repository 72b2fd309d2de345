// Row: `messageAdd` over HTTP, each event signed, announcing running, against one function call that writes the same.
import { startChild } from "../ask-child.ts";
import { checkLogs } from "../check-logs.ts";
import { cpuMs } from "../cpu-time.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, type Row } from "../measure.ts";
import { openSqlAppend, pick } from "../sql-append.ts";
import { messageText, type Stage, type Talk } from "../stage.ts";

const inFlight = 16;
const talksCount = 1_000;
const peopleCount = 1_000;
const peopleInEach = 5;

/** What a client asks for when it says something: enough to know it again in its stream. */
export const messageAddDocument = `mutation Say($input: MessageAddInput!) {
  messageAdd(input: $input) {
    __typename
    ... on MessageAddPayload { event { hash seq timestamp } }
    ... on Rejection { code message }
  }
}`;

export async function messageAdd(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, ourCount, limitCount] = isQuick ? [2, 4_000, 6_000] : [5, 10_000, 15_000];
  const people = await stage.makePeople(peopleCount);
  const groups = () =>
    Array.from({ length: talksCount }, (_, index) =>
      Array.from({ length: peopleInEach }, (_, place) => personAt(index + place * 197)),
    );
  const personAt = (index: number) => {
    const person = people[index % people.length];
    if (!person) throw new Error("there are no people");
    return person;
  };
  const ours = await stage.makeTalks(groups());
  await using limit = await openSqlAppend(stage.databaseUrl, stage.signer, await stage.makeTalks(groups()));
  await using parley = await stage.startParley("start");
  await using load = startChild("./http-load.ts");
  const port = Number(new URL(parley.url).port);

  const runOurs = async (count: number) => {
    const said: Load = {
      port,
      inFlight,
      rate: null,
      requests: requestsOf(ours, count),
      expects: '"MessageAddPayload"',
    };
    const loaded = await load.ask(said, loadedSchema);
    if (loaded.failures > 0)
      throw new Error(`${loaded.failures} of ${count} failed, the first: ${loaded.firstFailure}`);
    const left = await outboxSize(stage);
    const drainedMs = await untilEmpty(stage, "outbox");
    const toldCpu = await cpu();
    const indexedMs = drainedMs + (await untilEmpty(stage, "unindexed"));
    const latencies = loaded.answeredAt.map((at, index) => at - (loaded.sentAt[index] ?? 0));
    return {
      rate: (count * 1000) / loaded.elapsedMs,
      toldRate: (count * 1000) / (loaded.elapsedMs + drainedMs),
      left,
      drainedMs,
      toldCpu,
      indexedMs,
      latencies,
    };
  };
  const runLimit = (count: number, connections: number) => limit.run(limit.prepare(count), connections);
  const cpu = async () => ({
    parley: await cpuMs(parley.pid),
    postgres: await cpuMs(stage.postgresPid),
    load: await cpuMs(load.pid),
  });

  progress("warming up, and looking for the limit's best number of connections");
  await runOurs(ourCount / 2);
  const byConnections = new Map<number, number>();
  for (const connections of [4, 8, 16]) {
    await runLimit(limitCount / 6, connections);
    byConnections.set(connections, await runLimit(limitCount / 3, connections));
  }
  const [connections] = [...byConnections].reduce((best, one) => (one[1] > best[1] ? one : best));
  await stage.database.pool.query("CHECKPOINT");

  const ourRuns: Awaited<ReturnType<typeof runOurs>>[] = [];
  const limits: number[] = [];
  const limitUs = { postgres: [] as number[], load: [] as number[] };
  const ourUs = { parley: [] as number[], postgres: [] as number[], load: [] as number[] };
  const indexingUs: number[] = [];
  for (let index = 0; index < rounds; index++) {
    const prepared = limit.prepare(limitCount);
    const atFirst = await cpuMs(stage.postgresPid);
    const ownAtFirst = process.cpuUsage();
    limits.push(await limit.run(prepared, connections));
    const own = process.cpuUsage(ownAtFirst);
    const before = await cpu();
    limitUs.postgres.push(((before.postgres - atFirst) * 1000) / limitCount);
    limitUs.load.push((own.user + own.system) / limitCount);
    const run = await runOurs(ourCount);
    ourRuns.push(run);
    const { toldCpu: told } = run;
    const after = await cpu();
    for (const name of ["parley", "postgres", "load"] as const)
      ourUs[name].push(((told[name] - before[name]) * 1000) / ourCount);
    indexingUs.push(((after.parley + after.postgres - told.parley - told.postgres) * 1000) / ourCount);
    progress(
      `messageAdd ${Math.round(run.rate)}/s, all told after ${Math.round(run.drainedMs)} ms more, found after ${Math.round(run.indexedMs)} ms more; limit ${Math.round(limits.at(-1) ?? 0)}/s`,
    );
  }
  progress("checking what was written");
  const said = rounds * ourCount + ourCount / 2;
  await checkWritten(stage, ours, said);
  const latencies = ourRuns.flatMap((run) => run.latencies);
  return [
    {
      row: "messageAdd over HTTP",
      unit: "/s",
      // Until all five of each conversation were told: what came later than the last answer is counted in.
      ours: median(ourRuns.map(({ toldRate }) => toldRate)),
      limit: median(limits),
      toReach: { ratio: { least: 0.5 } },
      told: {
        "answered /s": median(ourRuns.map(({ rate }) => rate)),
        "answer p50 ms": median(latencies),
        "answer p99 ms": latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0,
        "unannounced at the last answer": median(ourRuns.map(({ left }) => left)),
        "all told after ms": median(ourRuns.map(({ drainedMs }) => drainedMs)),
        "all indexed after ms": median(ourRuns.map(({ indexedMs }) => indexedMs)),
        "limit's connections": connections,
        "events checked": said,
        "processor µs a message": `until told ${Math.round(median(ourUs.parley))} Parley + ${Math.round(median(ourUs.postgres))} PostgreSQL + ${Math.round(median(ourUs.load))} load; limit ${Math.round(median(limitUs.postgres))} PostgreSQL + ${Math.round(median(limitUs.load))} load`,
        "processor µs a message, to index the rest": median(indexingUs),
        "ratio by processor time": sumOf(limitUs) / sumOf(ourUs),
        rounds: ourRuns.map(({ toldRate }, index) => (toldRate / (limits[index] ?? 1)).toFixed(2)).join(" "),
      },
    },
  ];
}

/** Requests of random people in random conversations. */
export function requestsOf(talks: readonly Talk[], count: number): Load["requests"] {
  return Array.from({ length: count }, (_, index) => {
    const { conversation, people } = pick(talks);
    const variables = { input: { conversation, body: messageText(index) } };
    return { token: pick(people).token, body: JSON.stringify({ query: messageAddDocument, variables }) };
  });
}

async function outboxSize({ database: { pool } }: Stage): Promise<number> {
  const { rows } = await pool.query<{ count: number }>("SELECT count(*)::int AS count FROM outbox");
  return rows[0]?.count ?? 0;
}

/** Milliseconds until everything has been published, and raised in everybody's list. */
export const untilAnnounced = (stage: Stage): Promise<number> => untilEmpty(stage, "outbox");

/**
 * Milliseconds until nothing waits any more. In the outbox: everything has been published, and raised in everybody's list. In
 * `unindexed`: every message is found by search.
 */
async function untilEmpty({ database: { pool } }: Stage, table: "outbox" | "unindexed"): Promise<number> {
  const startedAt = performance.now();
  while ((await pool.query(`SELECT FROM ${table} LIMIT 1`)).rowCount !== 0) {
    if (performance.now() - startedAt > 60_000) throw new Error(`${table} does not empty`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}

/** That nothing was lost on the way: every message is in its log, all five were told, and logs hold to the last byte. */
async function checkWritten({ database: { pool } }: Stage, talks: readonly Talk[], said: number): Promise<void> {
  const ids = talks.map(({ conversation }) => conversation);
  const { rows } = await pool.query<{ events: number; untold: number }>(
    `SELECT (SELECT count(*)::int FROM event WHERE conversation_id = ANY($1::text[]) AND model = 'message') AS events,
      (SELECT count(*)::int FROM conversation AS c JOIN participation AS p ON p.conversation_id = c.id
        WHERE c.id = ANY($1::text[]) AND c.seq > 6 AND p.sort_at < c.timestamp) AS untold`,
    [ids],
  );
  const found = rows[0];
  if (found?.events !== said) throw new Error(`${said} messages were said, and ${found?.events} are in the logs`);
  if (found.untold > 0) throw new Error(`${found.untold} participants were not told of the last message`);
  await checkLogs(pool, ids);
}

const sumOf = (parts: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(parts).reduce((sum, samples) => sum + median(samples), 0);
