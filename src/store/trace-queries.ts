// Statements as parts of what is traced: under their names, never with their values.
import type pg from "pg";
import type { Tracing } from "../observe/tracing.ts";

/** Traces what the pool is asked from now on, and what is asked of the connections that it gives. */
export function traceQueries(pool: pg.Pool, tracing: Tracing): void {
  traceQueriesOf(pool, tracing);
  pool.on("connect", (client) => traceQueriesOf(client, tracing));
}

function traceQueriesOf(asked: pg.Pool | pg.PoolClient, tracing: Tracing): void {
  const query: unknown = Reflect.get(asked, "query");
  if (typeof query !== "function") throw new Error("what statements are asked of has no query");
  Object.assign(asked, {
    query: (...args: readonly unknown[]): unknown => {
      const ask = () => Reflect.apply(query, asked, args);
      const name = nameOf(args[0]);
      // With a callback the pool asks its connections for what it is asked itself.
      if (name === null || typeof args.at(-1) === "function") return ask();
      return tracing.trace({ kind: "statement", name, attributes: { "db.system.name": "postgresql" } }, ask);
    },
  });
}

/** A statement's own name, else its first word; null of what is no text, as a cursor is none. */
function nameOf(statement: unknown): string | null {
  if (typeof statement === "string") return firstWord(statement);
  if (typeof statement !== "object" || statement === null || "submit" in statement) return null;
  if ("name" in statement && typeof statement.name === "string") return statement.name;
  return "text" in statement && typeof statement.text === "string" ? firstWord(statement.text) : null;
}

const firstWord = (text: string): string => /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? "statement";
