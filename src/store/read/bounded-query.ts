// The queries of one request, and how much they may bring: what one asks for by fifty aliases must not fill the memory
// that everybody shares.
import type pg from "pg";

/** Runs a named statement; its rows. @throws AnswerTooLargeError once the request has read too much */
export type Query = <Row extends pg.QueryResultRow>(
  name: string,
  text: string,
  values: readonly unknown[],
) => Promise<readonly Row[]>;

/** What one request asks for is more than fits into memory beside what others ask for. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
}

/** Characters of messages that one request may read. */
const charactersMax = 16 * 1024 * 1024;

export function boundedQuery(pool: pg.Pool): Query {
  let characters = 0;
  const inTurn = twoAtATime();
  return <Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]) =>
    inTurn(async () => {
      if (characters > charactersMax) throw new AnswerTooLargeError();
      const { rows } = await pool.query<Row>({ name: `read_${name}`, text, values: [...values] });
      for (const row of rows) characters += charactersOf(row);
      return rows;
    });
}

function charactersOf({ body }: { readonly body?: unknown }): number {
  return typeof body === "object" && body !== null && "text" in body && typeof body.text === "string"
    ? body.text.length
    : 0;
}

/** Runs tasks two at a time: what one request asks for by fifty aliases is then refused before most of it is read. */
function twoAtATime(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  let turn = 0;
  return (task) => {
    const lane = turn++ % lanes.length;
    const result = (lanes[lane] ?? Promise.resolve()).then(task);
    lanes[lane] = result.catch(() => {});
    return result;
  };
}
