// Puts email together for a process: what goes out, what comes in, and the pages behind links in mails.
import type { WorkerUtils } from "graphile-worker";
import type { DefinedTask } from "../../workers/task.ts";
import type { LookUp } from "../accounts/look-up.ts";
import type { Config } from "../config/config.ts";
import type { BlobStore } from "../files/blob-store.ts";
import type { Pages } from "../http/listen.ts";
import { createPagesBehindLinks } from "../mail/pages/pages-behind-links.ts";
import { createSessions } from "../mail/pages/sessions.ts";
import { createSpeak } from "../mail/pages/speak.ts";
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
  /** Beside the API: webhooks, pages behind links, and in development what went out. */
  readonly pages: readonly Pages[];
  /** Takes mails by SMTP, where that is set. */
  listen(stack: AsyncDisposableStack): Promise<void>;
}

export function openMail({ config, database, signer, append, log, now, salt }: MailParts): OpenedMail {
  // Out

  // In

  // Pages
  const behindLinks = createPagesBehindLinks({
    pool: database.pool,
    origin: config.origin,
    sessions: createSessions(database.pool, config.mail.domain),
    speak: createSpeak({ signer, append, now, salt }),
    now,
    log: log("http"),
  });

  return {
    owe: async () => {},
    tasks: [],
    pages: [behindLinks],
    listen: async () => {},
  };
}
