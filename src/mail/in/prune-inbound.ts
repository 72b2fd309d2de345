// Deletes what is kept of mails that came in and is of no use any more: bytes that were never answered for, for a crash came between
// them and their row; and what providers told, once they do not tell it again.
import type pg from "pg";
import type { BlobStore } from "../../files/blob-store.ts";
import { blobOf } from "./inbound-mail.ts";

/** Far longer than it takes to write a row. */
const orphanMs = 24 * 60 * 60_000;

/** Postmark sends again for less than a day what was not answered. */
const eventMs = 7 * 24 * 60 * 60_000;

const idForm = /^inbound\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Returns how many blobs that were. */
export async function pruneInbound(pool: pg.Pool, blobs: Pick<BlobStore, "prune">, now: Date): Promise<number> {
  await pool.query("DELETE FROM inbound_mail WHERE status = 'IGNORED' AND reason LIKE 'EVENT%' AND received_at < $1", [
    new Date(now.getTime() - eventMs),
  ]);
  return blobs.prune("inbound", new Date(now.getTime() - orphanMs), async (names) => {
    const { rows } = await pool.query<{ id: string }>({
      name: "inbound_of_blobs",
      text: "SELECT id FROM inbound_mail WHERE id = ANY($1::uuid[])",
      values: [names.flatMap((name) => idForm.exec(name)?.[1] ?? [])],
    });
    return new Set(rows.map(({ id }) => blobOf(id)));
  });
}
