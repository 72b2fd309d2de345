// The row that a token in an address was made of.
import type pg from "pg";
import { idOfToken, isTokenOf } from "../mail-token.ts";

const tables = { reply: "mail_participation", bounce: "mail" } as const;

/** Its id; null where the token was made of none, for another purpose, or by somebody else. */
export async function rowIdOfToken(pool: pg.Pool, purpose: keyof typeof tables, token: string): Promise<string | null> {
  const id = idOfToken(token);
  if (id === null) return null;
  const { rows } = await pool.query<{ secret: Buffer }>({
    name: `secret_of_${tables[purpose]}`,
    text: `SELECT secret FROM ${tables[purpose]} WHERE id = $1`,
    values: [id],
  });
  const [row] = rows;
  return row !== undefined && isTokenOf(purpose, token, { id, secret: row.secret }) ? id : null;
}
