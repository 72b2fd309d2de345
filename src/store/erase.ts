// Erasing: deletes the bodies that events erased. State hides them at once; this takes them out of the database.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import { isErasedSql } from "./read/erased-sql.ts";
import { unindexErased } from "./search-index.ts";

/** Deletes body and salt of everything that is erased in the conversation, and what was searchable of it. Safe to repeat. Returns how many there were. */
export async function eraseBodies(pool: pg.Pool, conversation: Hash): Promise<number> {
  const { rowCount } = await pool.query(
    `UPDATE event AS e SET body = NULL, salt = NULL
    WHERE e.conversation_id = $1 AND e.body IS NOT NULL AND ${isErasedSql("e")}`,
    [conversation],
  );
  await unindexErased(pool, conversation);
  return rowCount ?? 0;
}
