// Erasing: deletes the bodies that events erased. State hides them at once; this takes them out of the database.
import type pg from "pg";
import type { Hash } from "../protocol/hash.ts";
import { isErasedSql } from "./read/erased-sql.ts";
import { holdIndexing, isTextGoneSql } from "./search-index.ts";
import { inTransaction } from "./transaction.ts";

/** Deletes body and salt of everything that is erased in the conversation, and what was searchable of it. Safe to repeat. Returns how many there were. */
export function eraseBodies(pool: pg.Pool, conversation: Hash): Promise<number> {
  return inTransaction(pool, async (client) => {
    // What was read of a body before it is gone is written by now; whoever reads later finds none.
    await holdIndexing(client);
    // What mails began with is a copy.
    await client.query(
      `UPDATE mail_participation AS m SET subject = '' WHERE m.conversation_id = $1 AND EXISTS (
        SELECT FROM event AS e WHERE e.conversation_id = $1 AND e.model = 'subject' AND e.body->>'subject' = m.subject
          AND ${isErasedSql("e")})`,
      [conversation],
    );
    const { rowCount } = await client.query(
      `UPDATE event AS e SET body = NULL, salt = NULL
      WHERE e.conversation_id = $1 AND e.body IS NOT NULL AND ${isErasedSql("e")}`,
      [conversation],
    );
    await client.query(`DELETE FROM searchable AS s WHERE s.conversation_id = $1 AND ${isTextGoneSql("s")}`, [
      conversation,
    ]);
    return rowCount ?? 0;
  });
}
