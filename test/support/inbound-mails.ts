// What becomes of mails that came in, for a setting without a platform: its mails have no bytes.
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { diskBlobStore } from "../../src/files/blob-store.ts";
import { createInboundHandling, type InboundHandling } from "../../src/mail/in/inbound-handling.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { home } from "../conversation/given.ts";
import { appendHere, findRecipientsHere, type Setting } from "./setting.ts";

export function inboundMailsOf(pool: pg.Pool, { circumstances, store }: Setting): InboundHandling {
  const { signer, now, salt } = circumstances;
  return createInboundHandling({
    ...{ pool, signer, now, salt, domains: [home], mailDomain: home, log: silentLogger },
    blobs: diskBlobStore(join(tmpdir(), `parley-blobs-${randomUUID()}`)),
    append: appendHere(store),
    findRecipients: findRecipientsHere(pool, home),
    authenticate: async () => ({ verdict: "none", spf: "", dkim: "" }),
    handleBounce: async () => false,
  });
}
