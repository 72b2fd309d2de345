// Puts together how mails come in: by SMTP and by Postmark's webhooks, stored first; whose they are; and what is heard of ours.
import { hearOfMailTask } from "../../workers/tasks/hear-of-mail.ts";
import { pruneInboundTask } from "../../workers/tasks/prune-inbound.ts";
import { isSpecialUse } from "../federation/special-use.ts";
import { createAuthenticateMail } from "../mail/in/authenticate.ts";
import type { ResolveRecords } from "../mail/in/bounded-resolver.ts";
import { readCertificate } from "../mail/in/certificate.ts";
import { createHandleBounce } from "../mail/in/handle-bounce.ts";
import type { InboundHandlingOptions } from "../mail/in/inbound-handling.ts";
import { listenForMail } from "../mail/in/listen-for-mail.ts";
import { hearStoredEvent } from "../mail/in/postmark-events.ts";
import { createPostmarkWebhooks } from "../mail/in/postmark-webhooks.ts";
import { createStoreInbound, type StoreInbound } from "../mail/in/store-inbound.ts";
import { createTakesMailFor } from "../mail/in/takes-mail-for.ts";
import { dnsRecords } from "../net/dns-records.ts";
import type { MailParts, OpenedMail } from "./mail-parts.ts";

/** What a test may change of it. */
export interface MailInBetween {
  /** What is published about whose mail is whose. */
  readonly resolver?: ResolveRecords;
}

export interface OpenedMailIn
  extends Pick<OpenedMail, "pages" | "tasks">,
    Pick<InboundHandlingOptions, "authenticate" | "handleBounce"> {
  /** Takes mails by SMTP, where that is set. */
  listen(stack: AsyncDisposableStack): Promise<void>;
  readonly store: StoreInbound;
}

export function openMailIn(
  {
    config,
    database: { pool },
    blobs,
    log: logOf,
    now,
  }: Pick<MailParts, "config" | "database" | "blobs" | "log" | "now">,
  { resolver }: MailInBetween = {},
): OpenedMailIn {
  const { host, platform, domains, mail } = config;
  const log = logOf("mail");
  const store = createStoreInbound({ pool, blobs });
  // A platform that is none of the internet asks no name server.
  const resolveRecords = resolver ?? (isSpecialUse(platform) ? nothingPublished : dnsRecords());
  const authenticate = createAuthenticateMail({ resolver: resolveRecords });
  return {
    store,
    authenticate: (raw, envelope, from) => authenticate({ raw, envelope, from }),
    handleBounce: createHandleBounce({ pool, mailDomain: mail.domain, log }),
    tasks: [
      pruneInboundTask(pool, blobs, () => new Date(now())),
      hearOfMailTask((inbound) => hearStoredEvent({ pool, blobs, log }, inbound)),
    ],
    pages: [createPostmarkWebhooks({ password: mail.webhookPassword, store, log })],
    listen: async (stack) => {
      if (mail.smtpPort === undefined) return;
      const takesMailFor = createTakesMailFor({ pool, mailDomain: mail.domain, domains });
      const files = mail.smtpCertificate;
      const tls = files && { readCertificate: () => readCertificate(files) };
      const listening = stack.use(
        await listenForMail({ host, port: mail.smtpPort, name: platform, takesMailFor, store, log, ...tls }),
      );
      log.info({ port: listening.port }, "mails are taken by SMTP");
    },
  };
}

const nothingPublished: ResolveRecords = (name) =>
  Promise.reject(Object.assign(new Error(`${name} is not asked for`), { code: "ENOTFOUND" }));
