// Forgets mails that came in and became nothing: their bytes are somebody's words, and kept for no longer than they may be asked about.
import type pg from "pg";
import type { BlobStore } from "../../files/blob-store.ts";
import { blobOf } from "./inbound-mail.ts";

const dayMs = 24 * 3_600 * 1_000;

/** How long, by what became of them. */
export const keptForDays = {
  /** To find out what went wrong. */
  IGNORED: 30,
  REFUSED: 30,
  /** For its sender to confirm it: then it is refused. */
  HELD: 30,
  /** For an account to decide: then it is refused. */
  KEPT: 90,
} as const;

/** So many at a time. */
const batchMax = 500;

/** Safe to repeat. Returns how many were forgotten. */
export async function forgetMails(pool: pg.Pool, blobs: Pick<BlobStore, "delete">, now: Date): Promise<number> {
  const before = (days: number) => new Date(now.getTime() - days * dayMs);
  await pool.query({
    name: "give_up_inbound",
    text: `UPDATE inbound_mail SET status = 'REFUSED', reason = 'FORGOTTEN', told = NULL, proposals = NULL, changed_at = clock_timestamp()
      WHERE (status = 'HELD' AND received_at < $1) OR (status = 'KEPT' AND received_at < $2)`,
    values: [before(keptForDays.HELD), before(keptForDays.KEPT)],
  });
  await pool.query({
    name: "forget_budgets",
    text: "DELETE FROM mail_budget WHERE window_at < $1",
    values: [before(2)],
  });
  let count = 0;
  for (;;) {
    const { rows } = await pool.query<{ id: string }>({
      name: "forgotten_inbound",
      text: `SELECT id FROM inbound_mail
        WHERE has_original AND ((status = 'IGNORED' AND received_at < $1) OR (status = 'REFUSED' AND received_at < $2)) LIMIT $3`,
      values: [before(keptForDays.IGNORED), before(keptForDays.REFUSED), batchMax],
    });
    if (rows.length === 0) return count;
    for (const { id } of rows) await blobs.delete(blobOf(id));
    await pool.query({
      name: "forget_inbound",
      // The row stays, so that a repeat of the mail is known for one.
      text: "UPDATE inbound_mail SET has_original = false, told = NULL WHERE id = ANY($1::uuid[])",
      values: [rows.map(({ id }) => id)],
    });
    count += rows.length;
  }
}
