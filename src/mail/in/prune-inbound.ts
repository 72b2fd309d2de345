// Deletes bytes of mails that were never answered for: a crash came between them and their row.
import type pg from "pg";
import type { BlobStore } from "../../files/blob-store.ts";
import { blobOf } from "./inbound-mail.ts";

/** Far longer than it takes to write a row. */
const orphanMs = 24 * 60 * 60_000;

const idForm = /^inbound\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Returns how many there were. */
export function pruneInbound(pool: pg.Pool, blobs: Pick<BlobStore, "prune">, now: Date): Promise<number> {
  return blobs.prune("inbound", new Date(now.getTime() - orphanMs), async (names) => {
    const { rows } = await pool.query<{ id: string }>({
      name: "inbound_of_blobs",
      text: "SELECT id FROM inbound_mail WHERE id = ANY($1::uuid[])",
      values: [names.flatMap((name) => idForm.exec(name)?.[1] ?? [])],
    });
    return new Set(rows.map(({ id }) => blobOf(id)));
  });
}
