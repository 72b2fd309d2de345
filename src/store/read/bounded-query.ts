// The queries of one request, and how much they may bring: what one asks for by fifty aliases must not fill the memory
// that everybody shares.
import type pg from "pg";
import { createTurns } from "../turns.ts";

/**
 * Runs a named statement; its rows. Without a name it is planned anew each time, for the values at hand.
 * @throws AnswerTooLargeError once the request has read too much
 */
export type Query = <Row extends pg.QueryResultRow>(
  name: string | null,
  text: string,
  values: readonly unknown[],
) => Promise<readonly Row[]>;

/** What one request asks for is more than fits into memory beside what others ask for. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
}

/** Characters of texts that one request may read. */
const charactersMax = 16 * 1024 * 1024;

/** Nobody waits for these answers any more. */
class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** @param isStopped once true, what waits for its turn is not read any more */
export function boundedQuery(pool: pg.Pool, isStopped = () => false): Query {
  let characters = 0;
  const inTurn = twoAtATime();
  return <Row extends pg.QueryResultRow>(name: string | null, text: string, values: readonly unknown[]) =>
    inTurn(async () => {
      if (isStopped()) throw new StoppedError();
      if (characters > charactersMax) throw new AnswerTooLargeError();
      const { rows } = await pool.query<Row>({
        ...(name !== null && { name: `read_${name}` }),
        text,
        values: [...values],
      });
      for (const row of rows) characters += charactersOf(row);
      return rows;
    });
}

/** Of a message, of a draft's messages, or of the texts in which something was found. */
function charactersOf(row: { readonly [column: string]: unknown }): number {
  const { body, content, hits } = row;
  if (Array.isArray(hits)) return hits.reduce<number>((sum, body) => sum + charactersOf({ body }), 0);
  if (typeof content === "object" && content !== null && "messages" in content && Array.isArray(content.messages)) {
    return content.messages.reduce<number>((sum, message) => sum + charactersOf(message), 0);
  }
  return typeof body === "object" && body !== null && "text" in body && typeof body.text === "string"
    ? body.text.length
    : 0;
}

/** Runs tasks two at a time: what one request asks for by fifty aliases is then refused before most of it is read. */
function twoAtATime(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const turns = createTurns();
  let count = 0;
  return (task) => turns.take(String(count++ % 2), task);
}
