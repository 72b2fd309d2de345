// How much one request may read.
import type pg from "pg";
import { expect, test } from "vitest";
import { AnswerTooLargeError, boundedQuery } from "../../src/store/read/bounded-query.ts";

const long = "x".repeat(6 * 1024 * 1024);

test.each([
  ["messages", { body: { text: long } }],
  ["drafts", { content: { messages: [{ body: { text: long } }] } }],
  ["texts in which something was found", { hits: [{ text: long.slice(1) }, { text: "x" }] }],
])("of %s there is an end", async (_, row) => {
  const pool = { query: async () => ({ rows: [row] }) } as unknown as pg.Pool;
  const query = boundedQuery(pool);
  const read = () => query(null, "", []);
  for (let times = 0; times < 3; times++) await read();
  await expect(read()).rejects.toThrow(AnswerTooLargeError);
});
