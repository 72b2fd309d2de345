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
import { type MailInBetween, openMailIn } from "./open-mail-in.ts";
import { openMailOut } from "./open-mail-out.ts";
import { openMailPages } from "./open-mail-pages.ts";

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
  /** Lets go of connections, once no task runs any more. */
  close(): Promise<void>;
  /** Beside the API: webhooks, pages behind links, and in development what went out. */
  readonly pages: readonly Pages[];
  /** Takes mails by SMTP, where that is set. */
  listen(stack: AsyncDisposableStack): Promise<void>;
}

/** @param between what a test changes of how mails come in */
export function openMail(parts: MailParts, between?: MailInBetween): OpenedMail {
  const {
    config: { domains, mail },
    database: { pool },
    blobs,
    now,
  } = parts;
  // Out
  const out = openMailOut(parts);

  // In
  const come = openMailIn(parts, between);

  // What becomes of what came in
  const inbound = createHandle({
    ...{ pool, blobs, signer: parts.signer, append: parts.append, lookUp: parts.lookUp, now, salt: parts.salt },
    domains,
    mailDomain: mail.domain,
    authenticate: come.authenticate,
    handleBounce: come.handleBounce,
    log: parts.log("mail"),
  });

  const files = filePages({
    pool,
    blobs,
    authenticate: createAuthenticate(parts.database, Date.now),
    log: parts.log("http"),
  });

  return {
    owe: out.owe,
    tasks: [
      ...out.tasks,
      ...come.tasks,
      handleMailTask(inbound.handle),
      forgetMailsTask(() => forgetMails(pool, blobs, new Date(now()))),
    ],
    inbound,
    close: out.close,
    pages: [
      files,
      ...come.pages,
      ...openMailPages(parts, { storeInbound: come.store, confirmInbound: inbound.confirmInbound }),
    ],
    listen: come.listen,
  };
}
