// What email is put together of, and what comes of that: for each of the files that open a part of it.
import type { DefinedTask } from "../../workers/task.ts";
import type { FindRecipients } from "../accounts/find-recipients.ts";
import type { Config } from "../config/config.ts";
import type { BlobStore } from "../files/blob-store.ts";
import type { Pages } from "../http/pages.ts";
import type { InboundHandling } from "../mail/in/inbound-handling.ts";
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
  readonly findRecipients: FindRecipients;
  readonly log: LoggerFactory;
  now(): string;
  salt(): string;
}

export interface OpenedMail {
  /** Owes announced events to who takes part by mail through us. Safe to repeat. */
  owe(places: readonly Place[]): Promise<void>;
  readonly tasks: readonly DefinedTask[];
  /** What becomes of mails that came in. */
  readonly inbound: InboundHandling;
  /** Lets go of connections, once no task runs any more. */
  close(): Promise<void>;
  /** Beside the API: webhooks, pages behind links, and in development what went out. */
  readonly pages: readonly Pages[];
  /** Takes mails by SMTP, where that is set. @param port on which this process serves pages: links lead there in development */
  listen(stack: AsyncDisposableStack, port: number): Promise<void>;
}
