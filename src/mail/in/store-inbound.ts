// Keeps what comes in before anybody is answered: its bytes first, then its row together with the job that works it through.
import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { BlobStore } from "../../files/blob-store.ts";
import { newSecret } from "../mail-token.ts";
import { blobOf, type InboundMail } from "./inbound-mail.ts";

export interface Stored {
  /** Of inbound_mail. */
  readonly id: string;
  /** Whether it was not there before. */
  readonly isNew: boolean;
}

/** Resolves once all of it survives a crash. Safe to repeat: of one key there is one mail. */
export type StoreInbound = (incoming: InboundMail) => Promise<Stored>;

export interface StoreInboundOptions {
  readonly pool: pg.Pool;
  readonly blobs: Pick<BlobStore, "put" | "delete">;
}

export function createStoreInbound({ pool, blobs }: StoreInboundOptions): StoreInbound {
  return async (incoming) => {
    const known = await idOf(pool, incoming.key);
    if (known !== null) return { id: known, isNew: false };
    const id = randomUUID();
    // Never a row without its bytes. Bytes without a row are what a crash leaves here, and are deleted by night. Where the row
    // cannot be written they stay, too: whether it was is not to be said when the connection broke.
    await blobs.put(blobOf(id), incoming.raw);
    if (await insertWithJob(pool, id, incoming)) return { id, isNew: true };
    await blobs.delete(blobOf(id));
    const first = await idOf(pool, incoming.key);
    if (first === null) throw new Error("an inbound mail was there, and is not any more");
    return { id: first, isNew: false };
  };
}

async function idOf(pool: pg.Pool, key: string): Promise<string | null> {
  const { rows } = await pool.query<{ id: string }>({
    name: "inbound_of_key",
    text: "SELECT id FROM inbound_mail WHERE key = $1",
    values: [key],
  });
  return rows[0]?.id ?? null;
}

/** False where somebody was first. */
async function insertWithJob(pool: pg.Pool, id: string, incoming: InboundMail): Promise<boolean> {
  const { key, envelope, authentication, task = "handle-mail" } = incoming;
  // One statement, so one transaction.
  const { rowCount } = await pool.query({
    name: "store_inbound",
    text: `WITH stored AS (
        INSERT INTO inbound_mail (id, key, secret, envelope, authentication) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (key) DO NOTHING RETURNING id)
      SELECT graphile_worker.add_job($6::text, json_build_object('inbound', id), job_key => $6::text || ':' || id)
      FROM stored`,
    values: [
      ...[id, key, newSecret(), JSON.stringify(envelope), authentication ? JSON.stringify(authentication) : null],
      task,
    ],
  });
  return rowCount === 1;
}
