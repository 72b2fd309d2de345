// Task prune-inbound: deletes bytes of mails that nobody was answered for. Every night.
import type pg from "pg";
import { z } from "zod";
import type { BlobStore } from "../../src/files/blob-store.ts";
import { pruneInbound } from "../../src/mail/in/prune-inbound.ts";
import { defineTask } from "../task.ts";

export function pruneInboundTask(pool: pg.Pool, blobs: Pick<BlobStore, "prune">, now: () => Date) {
  return defineTask("prune-inbound", z.unknown(), async () => {
    await pruneInbound(pool, blobs, now());
  });
}
