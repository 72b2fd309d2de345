// Rows: a page of 50 conversations, and the 100 newest messages, over HTTP, against one statement that brings the same.
import { deepStrictEqual } from "node:assert";
import { z } from "zod";
import { type Child, startChild } from "../ask-child.ts";
import { cpuMs } from "../cpu-time.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, percentile, type Row } from "../measure.ts";
import { pick } from "../sql-append.ts";
import { openSqlRead } from "../sql-read.ts";
import type { Parley, Somebody, Stage } from "../stage.ts";

const inFlight = 16;
const peopleCount = 1_000;
const peopleInEach = 5;
const talksCount = 2_000;
/** Those who look: in a hundred conversations each, two pages. The others are in fewer. */
const viewersCount = 40;
const longTalksCount = 50;
const messagesInLongTalk = 200;

/** What a list shows of each conversation. */
export const pageDocument = `query Page($first: Int, $last: Int) {
  conversations(first: $first, last: $last) {
    edges {
      node {
        hash
        subject
        lastEvent { seq timestamp action model actor { displayName } }
        participants(first: 10) { edges { node { displayName role } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

const messagesDocument = `query Newest($conversation: Hash!) {
  conversation(hash: $conversation) {
    messages(last: 100) {
      edges { node { hash seq createdAt body author { displayName } } }
      pageInfo { hasPreviousPage startCursor }
    }
  }
}`;

// By hand, for these lists alone: no cursor, no filter, nobody removed, nothing erased. Sub-selects, for they look up names
// only where there is need to; as joins it all took half as long again.
const shownName = (of: string): string =>
  `coalesce(${of}.name, (SELECT coalesce(name, address) FROM recipient WHERE id = ${of}.recipient_id), '(erased)')`;
const timeText = (time: string): string => `to_char(${time}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const pageSql = `SELECT json_build_object(
    'hash', c.id,
    'subject', (SELECT body->>'subject' FROM event WHERE conversation_id = c.id AND seq = c.subject_seq),
    'lastEvent', (
      SELECT json_build_object('seq', e.seq, 'timestamp', ${timeText("e.timestamp")}, 'action', upper(e.action),
        'model', upper(e.model), 'actor', (
          SELECT json_build_object('displayName', ${shownName("a")})
          FROM participant AS a WHERE a.conversation_id = c.id AND a.id = e.actor))
      FROM event AS e WHERE e.conversation_id = c.id AND e.seq = c.seq),
    'participants', (
      SELECT json_agg(json_build_object('displayName', ${shownName("t")}, 'role', t.role))
      FROM (SELECT * FROM participant WHERE conversation_id = c.id ORDER BY seq LIMIT 10) AS t)) AS row
  FROM (
    SELECT conversation_id, sort_at FROM participation
    WHERE account_id = $1 AND NOT is_hidden AND folder IN ('INBOX', 'ARCHIVE', 'REQUESTS')
    ORDER BY sort_at DESC, conversation_id DESC LIMIT 50
  ) AS p JOIN conversation AS c ON c.id = p.conversation_id
  ORDER BY p.sort_at DESC, p.conversation_id DESC`;

const messagesSql = `SELECT json_build_object('hash', m.id, 'seq', m.seq,
    'createdAt', (SELECT ${timeText("timestamp")} FROM event WHERE conversation_id = $1 AND seq = m.seq),
    'body', (SELECT body->>'text' FROM event WHERE conversation_id = $1 AND seq = m.words_seq),
    'author', (
      SELECT json_build_object('displayName', ${shownName("a")})
      FROM participant AS a WHERE a.conversation_id = $1 AND a.id = m.author)) AS row
  FROM (SELECT * FROM message WHERE conversation_id = $1 ORDER BY seq DESC LIMIT 100) AS m ORDER BY m.seq`;

const edgesOf = <Node extends z.ZodType>(node: Node) => z.object({ edges: z.array(z.object({ node })) });
const pageAnswer = z.object({
  data: z.object({
    conversations: edgesOf(z.looseObject({ participants: edgesOf(z.unknown()) })),
  }),
});
const messagesAnswer = z.object({ data: z.object({ conversation: z.object({ messages: edgesOf(z.unknown()) }) }) });

interface List {
  readonly row: string;
  readonly sql: string;
  readonly expects: string;
  /** One of the many that are asked for, in both languages. */
  ask(): { readonly token: string; readonly query: string; readonly variables: object; readonly values: unknown[] };
  /** Our answer as the rows that the statement brings. */
  rowsOf(answer: unknown): readonly unknown[];
}

export async function lists(stage: Stage, effort: Effort): Promise<readonly Row[]> {
  effort.progress("making conversations");
  const [viewers, others] = partsOf(await stage.makePeople(peopleCount), viewersCount);
  const groups = (count: number) =>
    Array.from({ length: count }, (_, index) => [
      ...[at(viewers, index), at(viewers, index + viewersCount / 2)],
      ...Array.from({ length: peopleInEach - 2 }, (_, place) => at(others, index * (peopleInEach - 2) + place)),
    ]);
  const talks = await stage.makeTalks(groups(talksCount));
  const longTalks = await stage.makeTalks(groups(longTalksCount));
  await stage.say(talks, 1);
  await stage.say(longTalks, messagesInLongTalk);
  await using parley = await stage.startParley("start");
  await using load = startChild("./http-load.ts");

  const page: List = {
    row: "page of 50 conversations",
    sql: pageSql,
    expects: '"conversations":{"edges":[{',
    ask: () => {
      const { token, accountId } = pick(viewers);
      return { token, query: pageDocument, variables: { first: 50 }, values: [accountId] };
    },
    rowsOf: (answer) =>
      pageAnswer.parse(answer).data.conversations.edges.map(({ node: { participants, ...node } }) => ({
        ...node,
        participants: participants.edges.map((edge) => edge.node),
      })),
  };
  const messages: List = {
    row: "100 newest messages",
    sql: messagesSql,
    expects: '"messages":{"edges":[{',
    ask: () => {
      const { conversation, people: among } = pick(longTalks);
      return {
        token: pick(among).token,
        query: messagesDocument,
        variables: { conversation },
        values: [conversation],
      };
    },
    rowsOf: (answer) => messagesAnswer.parse(answer).data.conversation.messages.edges.map(({ node }) => node),
  };
  return [await compared(stage, effort, parley, load, page), await compared(stage, effort, parley, load, messages)];
}

const partsOf = <T>(all: readonly T[], count: number) => [all.slice(0, count), all.slice(count)] as const;

function at(people: readonly Somebody[], index: number): Somebody {
  const one = people[index % people.length];
  if (!one) throw new Error("there are no people");
  return one;
}

async function compared(
  stage: Stage,
  { isQuick, progress }: Effort,
  parley: Parley,
  load: Child,
  list: List,
): Promise<Row> {
  const [rounds, ourCount, limitCount] = isQuick ? [3, 500, 1_500] : [5, 2_000, 6_000];
  await using limit = openSqlRead(stage.databaseUrl, list.row, list.sql);
  await checkAlike(parley, list, limit.rows);

  const port = Number(new URL(parley.url).port);
  const runOurs = async (count: number) => {
    const requests = Array.from({ length: count }, list.ask).map(({ token, query, variables }) => ({
      token,
      body: JSON.stringify({ query, variables }),
    }));
    const asked: Load = { port, inFlight, rate: null, requests, expects: list.expects };
    const loaded = await load.ask(asked, loadedSchema);
    if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
    const latencies = loaded.answeredAt.map((at, index) => at - (loaded.sentAt[index] ?? 0));
    return { rate: (count * 1000) / loaded.elapsedMs, latencies };
  };
  const runLimit = (count: number, connections: number) =>
    limit.run(
      Array.from({ length: count }, () => list.ask().values),
      connections,
    );

  progress(`${list.row}: warming up, and looking for the limit's best number of connections`);
  await runOurs(ourCount);
  const byConnections = new Map<number, number>();
  for (const connections of [4, 8, 16]) {
    await runLimit(limitCount / 4, connections);
    byConnections.set(connections, await runLimit(limitCount / 2, connections));
  }
  const [connections] = [...byConnections].reduce((best, one) => (one[1] > best[1] ? one : best));

  const ours: Awaited<ReturnType<typeof runOurs>>[] = [];
  const limits: number[] = [];
  const ms = { parley: [] as number[], postgres: [] as number[], limit: [] as number[] };
  for (let index = 0; index < rounds; index++) {
    const before = { parley: await cpuMs(parley.pid), postgres: await cpuMs(stage.postgresPid) };
    const one = await runOurs(ourCount);
    const between = { parley: await cpuMs(parley.pid), postgres: await cpuMs(stage.postgresPid) };
    const ownAtFirst = process.cpuUsage();
    const bound = await runLimit(limitCount, connections);
    const own = process.cpuUsage(ownAtFirst);
    ours.push(one);
    limits.push(bound);
    ms.parley.push((between.parley - before.parley) / ourCount);
    ms.postgres.push((between.postgres - before.postgres) / ourCount);
    const limitPostgres = (await cpuMs(stage.postgresPid)) - between.postgres;
    ms.limit.push((limitPostgres + (own.user + own.system) / 1000) / limitCount);
    progress(`${list.row} ${Math.round(one.rate)}/s; limit ${Math.round(bound)}/s`);
  }
  const latencies = ours.flatMap((run) => run.latencies);
  return {
    row: list.row,
    unit: "/s",
    ours: median(ours.map(({ rate }) => rate)),
    limit: median(limits),
    toReach: { ratio: { least: 0.35 } },
    told: {
      "answer p50 ms": median(latencies),
      "answer p99 ms": percentile(latencies, 0.99),
      "limit's connections": connections,
      "processor ms a page": `${median(ms.parley).toFixed(2)} Parley + ${median(ms.postgres).toFixed(2)} PostgreSQL; limit ${median(ms.limit).toFixed(2)}`,
      rounds: ours.map(({ rate }, index) => (rate / (limits[index] ?? 1)).toFixed(2)).join(" "),
    },
  };
}

/** That both bring the same, to the last letter. */
async function checkAlike(
  { url }: Parley,
  { row, ask, rowsOf }: List,
  limitRows: (values: readonly unknown[]) => Promise<readonly unknown[]>,
): Promise<void> {
  const { token, query, variables, values } = ask();
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const rows = rowsOf(await answer.json());
  if (rows.length === 0) throw new Error(`${row}: there is nothing to read`);
  deepStrictEqual(rows, await limitRows(values), `${row}: the limit brings something else`);
}
