// Takes mails by SMTP: bounded in everything, for nobody but our own, and answered for only once they are stored.
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerAddress, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";
import { explainListening, type Listening } from "../../http/listen.ts";
import { sourceOfAddress } from "../../http/source-of.ts";
import type { Logger } from "../../observe/logger.ts";
import type { Certificate } from "./certificate.ts";
import { inboundBytesMax } from "./inbound-mail.ts";
import { smtpError, smtpReplies } from "./smtp-replies.ts";
import type { StoreInbound } from "./store-inbound.ts";
import { createTakeMail } from "./take-mail.ts";
import type { TakesMailFor } from "./takes-mail-for.ts";

export interface MailListenerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What we call ourselves: the platform's name. */
  readonly name: string;
  readonly takesMailFor: TakesMailFor;
  readonly store: StoreInbound;
  readonly log: Logger;
  readonly limits?: Partial<MailListenerLimits>;
  /** For STARTTLS; asked for again when it was used for long. Left out: it is not offered. */
  readonly readCertificate?: () => Promise<Certificate>;
}

export interface MailListenerLimits {
  readonly connections: number;
  /** Of one address, or of one /64 of IPv6. */
  readonly connectionsOfSource: number;
  /** Of one mail. RFC 5321 §4.5.3.1.8: at least 100. */
  readonly recipients: number;
  /** Of one connection: recipients that are nobody's. Then it is closed: somebody tries out names. */
  readonly unknownRecipients: number;
  readonly mailsOfConnection: number;
  /** Of all mails that are being taken. */
  readonly bytesHeld: number;
  /** How long a connection may say nothing. RFC 5321 §4.5.3.2.7: five minutes. */
  readonly idleMs: number;
  /** How long a connection may last, whatever it says. */
  readonly connectionMs: number;
  /** How long a mail that is being taken may take when we are to stop; then it is cut, and its sender tries again. */
  readonly stopWithinMs: number;
  /** For how long a certificate is used before it is read anew: it may have been renewed. */
  readonly certificateMs: number;
}

const defaultLimits: MailListenerLimits = {
  connections: 200,
  connectionsOfSource: 20,
  recipients: 100,
  unknownRecipients: 20,
  mailsOfConnection: 100,
  bytesHeld: 8 * inboundBytesMax,
  idleMs: 5 * 60_000,
  connectionMs: 20 * 60_000,
  stopWithinMs: 20_000,
  certificateMs: 3_600_000,
};

/**
 * Listens until disposed; then takes no more, and waits for the mails that are being taken.
 * @throws what `readCertificate` throws the first time; later, the old one goes on being used
 */
export async function listenForMail(options: MailListenerOptions): Promise<Listening> {
  const { host, port, log, readCertificate } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const certificate = await readCertificate?.();
  const taking = new Set<string>();
  let whenTaken: (() => void) | null = null;
  const smtp = new SMTPServer({
    ...fixedOptions,
    ...certificate,
    ...(certificate === undefined && {
      hideSTARTTLS: true,
      disabledCommands: [...disabledCommands, "STARTTLS"],
    }),
    name: options.name,
    maxClients: limits.connections,
    maxRecipients: limits.recipients,
    socketTimeout: limits.idleMs,
    closeTimeout: limits.stopWithinMs,
    ...boundedConnections(limits, (session) => closeConnection(session, "you were here for long; come again")),
    ...acceptedRecipients(options, limits),
    onData: createTakeMail({
      store: options.store,
      bytesHeld: limits.bytesHeld,
      log,
      note: (session, isBeingTaken) => {
        if (isBeingTaken) return void taking.add(session.id);
        taking.delete(session.id);
        if (whenTaken === null) return;
        closeConnection(session, stoppingText);
        if (taking.size === 0) whenTaken();
      },
    }),
  });
  const closeConnection = (session: SMTPServerSession, why: string): void => {
    for (const connection of smtp.connections) if (connection.session === session) connection.send(421, `4.3.2 ${why}`);
  };
  // A connection that broke: its mail is not ours, and its sender tries again.
  smtp.on("error", (error) => log.debug({ err: error }, "a connection of SMTP broke"));
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) => reject(explainListening(error, host, port, "PARLEY_SMTP_PORT"));
    smtp.server.once("error", failed);
    smtp.listen(port, host, () => {
      smtp.server.off("error", failed);
      resolve();
    });
  });
  const renewing =
    readCertificate &&
    setInterval(() => {
      const failed = (error: unknown) =>
        log.warn({ err: error }, "the certificate for mails cannot be read; the one before is used");
      void readCertificate()
        .then((one) => smtp.updateSecureContext(one))
        .catch(failed);
    }, limits.certificateMs).unref();
  return {
    port: (smtp.server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      clearInterval(renewing);
      const closed = new Promise<void>((resolve) => smtp.close(resolve));
      const taken = new Promise<void>((resolve) => {
        whenTaken = resolve;
      });
      for (const { session } of smtp.connections) if (!taking.has(session.id)) closeConnection(session, stoppingText);
      await closed;
      if (taking.size > 0) await taken;
    },
  };
}

const stoppingText = "stopping; come again in a moment";

// Nobody signs in here, and nobody needs what old programs needed.
const disabledCommands = ["AUTH", "WIZ", "SHELL", "KILL", "VRFY"];

const fixedOptions = {
  logger: false,
  authOptional: true,
  disabledCommands,
  // Who it is by name proves nothing, and costs a look-up.
  disableReverseLookup: true,
  // Ours are more exact than one for each number.
  hideENHANCEDSTATUSCODES: true,
  size: inboundBytesMax,
  // RFC 5321 §4.5.3.1.4: 512 bytes, and what extensions add.
  maxCommandLength: 2_048,
} satisfies SMTPServerOptions;

/** @param endOf closes a connection that lasts for too long */
function boundedConnections(
  limits: MailListenerLimits,
  endOf: (session: SMTPServerSession) => void,
): Pick<SMTPServerOptions, "onConnect" | "onClose"> {
  const bySource = new Map<string, number>();
  const counted = new Map<string, { readonly source: string; readonly timer: NodeJS.Timeout }>();
  return {
    onConnect: (session, answer) => {
      const source = sourceOfAddress(session.remoteAddress);
      const count = bySource.get(source) ?? 0;
      if (count >= limits.connectionsOfSource) return answer(smtpError(smtpReplies.connections));
      bySource.set(source, count + 1);
      counted.set(session.id, { source, timer: setTimeout(() => endOf(session), limits.connectionMs).unref() });
      answer();
    },
    onClose: ({ id }) => {
      const connection = counted.get(id);
      if (connection === undefined) return;
      counted.delete(id);
      clearTimeout(connection.timer);
      const left = (bySource.get(connection.source) ?? 1) - 1;
      if (left > 0) bySource.set(connection.source, left);
      else bySource.delete(connection.source);
    },
  };
}

function acceptedRecipients(
  { takesMailFor, log }: MailListenerOptions,
  limits: MailListenerLimits,
): Pick<SMTPServerOptions, "onMailFrom" | "onRcptTo"> {
  const unknown = new WeakMap<SMTPServerSession, number>();
  const judge = async ({ address }: SMTPServerAddress, session: SMTPServerSession): Promise<Error | null> => {
    const taken = await takesMailFor(address).catch((error: unknown) => {
      log.warn({ err: error }, "a mail is put off: its recipient could not be looked up");
      return null;
    });
    if (taken === null) return smtpError(smtpReplies.later);
    if (taken === "taken") return null;
    const count = (unknown.get(session) ?? 0) + 1;
    unknown.set(session, count);
    if (count >= limits.unknownRecipients) return smtpError(smtpReplies.guessing);
    return smtpError(taken === "unknown" ? smtpReplies.unknown : smtpReplies.elsewhere);
  };
  return {
    onMailFrom: (_address, session, answer) =>
      answer(session.transaction > limits.mailsOfConnection ? smtpError(smtpReplies.mails) : null),
    onRcptTo: (address, session, answer) => void judge(address, session).then(answer),
  };
}
