// Rows: the first and the last page of somebody's list, with 100,000 conversations against 100.
import { startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, type Row } from "../measure.ts";
import type { Somebody, Stage, Talk } from "../stage.ts";
import { pageDocument } from "./lists.ts";

const inFlight = 16;
const shortCount = 100;
const longCount = 100_000;

export async function longList(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, count] = isQuick ? [4, 150] : [10, 300];
  const [other, short, long] = await stage.makePeople(3);
  if (!other || !short || !long) throw new Error("there are no people");
  const talks = await stage.makeTalks([
    [other, short],
    [other, long],
  ]);
  await stage.say(talks, 1);
  progress(`making ${longCount.toLocaleString("en")} conversations`);
  for (const [index, size] of [shortCount, longCount].entries()) {
    const talk = talks[index];
    if (talk) await multiply(stage, talk, size - 1);
  }
  await stage.database.pool.query("VACUUM (ANALYZE)");
  await stage.database.pool.query("CHECKPOINT");
  await using parley = await stage.startParley("start");
  await using load = startChild("./http-load.ts");
  const port = Number(new URL(parley.url).port);

  /** Milliseconds a page. */
  const run = async ({ token }: Somebody, variables: object): Promise<number> => {
    const body = JSON.stringify({ query: pageDocument, variables });
    const requests = Array.from({ length: count }, () => ({ token, body }));
    const asked: Load = { port, inFlight, rate: null, requests, expects: '"conversations":{"edges":[{' };
    const loaded = await load.ask(asked, loadedSchema);
    if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
    return loaded.elapsedMs / count;
  };

  const rows: Row[] = [];
  for (const [page, variables] of [
    ["first", { first: 50 }],
    ["last", { last: 50 }],
  ] as const) {
    await run(short, variables);
    await run(long, variables);
    const ours: number[] = [];
    const limits: number[] = [];
    for (let round = 0; round < rounds; round++) {
      limits.push(await run(short, variables));
      ours.push(await run(long, variables));
    }
    progress(`${page} page: ${median(ours).toFixed(2)} ms of the long list, ${median(limits).toFixed(2)} of the short`);
    rows.push({
      row: `${page} page of ${longCount.toLocaleString("en")} conversations`,
      unit: "ms",
      ours: median(ours),
      limit: median(limits),
      toReach: { ratio: { most: 1.3 } },
      told: { rounds: ours.map((ms, index) => (ms / (limits[index] ?? 1)).toFixed(2)).join(" ") },
    });
  }
  return rows;
}

const tables = ["event", "participant", "participation", "message"] as const;

/** Makes copies of a conversation under ids of their own, each said in a second later than the one before. */
async function multiply({ database: { pool } }: Stage, { conversation }: Talk, copies: number): Promise<void> {
  const newId = "translate(encode(sha256(convert_to($1 || ' ' || i, 'UTF8')), 'base64'), '+/=', '-_')";
  const columnsOf = async (table: string, but: readonly string[]): Promise<readonly string[]> => {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL ($2::text[])`,
      [table, but],
    );
    return rows.map(({ name }) => `"${name}"`);
  };
  const of = (columns: readonly string[]) => columns.map((name) => `t.${name}`).join(", ");
  const head = await columnsOf("conversation", ["id", "draft_hash"]);
  await pool.query(
    `INSERT INTO conversation (id, ${head.join(", ")})
    SELECT ${newId}, ${of(head)} FROM conversation AS t, generate_series(1, $2::int) AS i WHERE t.id = $1`,
    [conversation, copies],
  );
  for (const table of tables) {
    const isList = table === "participation";
    const columns = await columnsOf(table, ["conversation_id", ...(isList ? ["sort_at"] : [])]);
    // In portions, each within what a statement may take.
    for (let from = 1; from <= copies; from += 20_000) {
      await pool.query(
        `INSERT INTO ${table} (conversation_id, ${columns.join(", ")}${isList ? ", sort_at" : ""})
        SELECT ${newId}, ${of(columns)}${isList ? ", t.sort_at + make_interval(secs => i)" : ""}
        FROM ${table} AS t, generate_series($2::int, $3::int) AS i WHERE t.conversation_id = $1`,
        [conversation, from, Math.min(copies, from + 19_999)],
      );
    }
  }
}
