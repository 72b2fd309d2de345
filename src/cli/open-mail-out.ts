// Puts together what goes out by mail: owing, collecting, sending.
import { collectMailTask } from "../../workers/tasks/collect-mail.ts";
import { sendMailTask } from "../../workers/tasks/send-mail.ts";
import { tellEndTask } from "../../workers/tasks/tell-end.ts";
import type { Config } from "../config/config.ts";
import { isSpecialUse } from "../federation/special-use.ts";
import { collectMail } from "../mail/out/collect.ts";
import { oweMail, sweepMail } from "../mail/out/owe.ts";
import { createSendMail } from "../mail/out/send.ts";
import { tellEnd } from "../mail/out/tell-end.ts";
import { createProvider } from "../mail/providers/create-provider.ts";
import type { MailParts, OpenedMail } from "./mail-parts.ts";

export interface OpenedMailOut extends Pick<OpenedMail, "owe" | "tasks" | "close"> {
  /** Asks for the jobs that are missing. Safe to repeat. */
  sweep(): Promise<void>;
  /** Says on which port pages are served: until then, on the one that is set. */
  listensAt(port: number): void;
}

export function openMailOut({
  config,
  database: { pool },
  log,
}: Pick<MailParts, "config" | "database" | "log">): OpenedMailOut {
  const { platform, mail } = config;
  const owing = { platform, delayMs: mail.delayMs };
  const provider = createProvider(config);
  let { port } = config;
  const sendMail = createSendMail({
    ...{ pool, domain: mail.domain, origin: () => originOf({ ...config, port }), log: log("mail") },
    provider,
  });
  return {
    owe: (places) => oweMail(pool, owing, places),
    tasks: [
      collectMailTask((whose) => collectMail(pool, { platform, domain: mail.domain }, whose)),
      sendMailTask(sendMail),
      tellEndTask((conversation) => tellEnd(pool, { platform, domain: mail.domain }, conversation)),
    ],
    sweep: () => sweepMail(pool, owing),
    listensAt: (listening) => {
      port = listening;
    },
    close: async () => provider[Symbol.asyncDispose](),
  };
}

/** Where links in mails lead: what is said of it, else where other platforms come to, and in development where it listens. */
function originOf({ origin, platform, host, port }: Pick<Config, "origin" | "platform" | "host" | "port">): string {
  if (origin !== undefined) return origin;
  return isSpecialUse(platform) ? `http://${host.includes(":") ? `[${host}]` : host}:${port}` : `https://${platform}`;
}
