// Puts email together for a process: what goes out, what comes in, and the pages behind links in mails.
import type { WorkerUtils } from "graphile-worker";
import type { DefinedTask } from "../../workers/task.ts";
import { forgetMailsTask } from "../../workers/tasks/forget-mails.ts";
import { handleMailTask } from "../../workers/tasks/handle-mail.ts";
import type { LookUp } from "../accounts/look-up.ts";
import { createAuthenticate } from "../accounts/tokens.ts";
import type { Config } from "../config/config.ts";
import type { BlobStore } from "../files/blob-store.ts";
import { filePages } from "../files/download.ts";
import type { Pages } from "../http/listen.ts";
import { forgetMails } from "../mail/in/forget-mails.ts";
import { createHandle, type InboundMails } from "../mail/in/handle.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import type { Signer } from "../protocol/seal.ts";
import type { AppendAnywhere, Place } from "../store/conversation-store.ts";
import type { Database } from "../store/database.ts";

export interface MailParts {
  readonly config: Config;
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly signer: Signer;
  readonly append: AppendAnywhere;
  readonly lookUp: LookUp;
  readonly jobs: Pick<WorkerUtils, "addJob">;
  readonly log: LoggerFactory;
  now(): string;
  salt(): string;
}

export interface OpenedMail {
  /** Owes announced events to who takes part by mail through us. Safe to repeat. */
  owe(places: readonly Place[]): Promise<void>;
  readonly tasks: readonly DefinedTask[];
  /** What becomes of mails that came in. */
  readonly inbound: InboundMails;
  /** Beside the API: webhooks, pages behind links, and in development what went out. */
  readonly pages: readonly Pages[];
  /** Takes mails by SMTP, where that is set. */
  listen(stack: AsyncDisposableStack): Promise<void>;
}

export function openMail(parts: MailParts): OpenedMail {
  const { config, database, blobs, signer, append, lookUp, now, salt } = parts;

  // Out

  // In

  // What becomes of what came in
  const inbound = createHandle({
    ...{ pool: database.pool, blobs, signer, append, lookUp, now, salt },
    domains: config.domains,
    mailDomain: config.mail.domain,
    authenticate: async () => ({ verdict: "none", spf: "not looked at", dkim: "not looked at" }),
    handleBounce: async () => false,
    log: parts.log("mail"),
  });

  const files = filePages({
    pool: database.pool,
    blobs,
    authenticate: createAuthenticate(database, Date.now),
    log: parts.log("http"),
  });

  // Pages

  return {
    owe: async () => {},
    tasks: [handleMailTask(inbound.handle), forgetMailsTask(() => forgetMails(database.pool, blobs, new Date(now())))],
    inbound,
    pages: [files],
    listen: async () => {},
  };
}
