// Mails handed to an SMTP server, which sees to the rest: RFC 5321, by nodemailer.
import type { Readable } from "node:stream";
import nodemailer from "nodemailer";
import { z } from "zod";
import { mimeOptions } from "./mime.ts";
import { type MailProvider, type OutgoingMail, patienceMs, type SendOutcome } from "./provider.ts";
import { needsUtf8, takesUtf8, withoutUtf8 } from "./smtp-utf8.ts";

export interface SmtpOptions {
  /** What we call ourselves in EHLO. */
  readonly name: string;
  /** @default `patienceMs` */
  readonly patienceMs?: number;
}

/** What nodemailer says of a failure. */
const failureSchema = z.object({
  message: z.string(),
  code: z.string().optional(),
  command: z.string().optional(),
  responseCode: z.number().optional(),
  response: z.string().optional(),
});

/** Connections to the server at a time. */
const connectionsMax = 5;

/** @param url `smtp://USER:PASSWORD@HOST:PORT`, with STARTTLS where it is offered; `smtps://` with TLS from the start */
export function smtpProvider(url: string, options: SmtpOptions): MailProvider {
  // By itself the pool would hand a mail over again whose connection closed: whether that is right is ours to say.
  const untyped = { maxRequeues: 0, idleTimeout: 30_000 };
  const connecting = { name: options.name, connectionTimeout: 30_000, greetingTimeout: 30_000 };
  const transport = nodemailer.createTransport({
    ...{ url, pool: true, maxConnections: connectionsMax },
    ...{ ...connecting, ...untyped },
  });
  // The words as they are read for the wire: what is left of them says how far a mail has come.
  const streams = new Map<string, Readable>();
  transport.use("stream", ({ data, message }, callback) => {
    const createReadStream = message.createReadStream.bind(message);
    message.createReadStream = (...args) => {
      const stream = createReadStream(...args);
      streams.set(String(data.messageId), stream);
      return stream;
    };
    callback();
  });
  const send = async (mail: OutgoingMail): Promise<SendOutcome> => {
    const composed = mimeOptions(mail);
    const key = String(composed.messageId);
    // All of the words were read, so the dot that ends them may have been sent: from then on they may be taken over.
    const isHandedOver = () => streams.get(key)?.readableEnded === true;
    try {
      if (needsUtf8(mail.to.address) && !(await takesUtf8(url, connecting)))
        return { kind: "refused", isPermanent: true, ...withoutUtf8 };
      const signal = AbortSignal.timeout(options.patienceMs ?? patienceMs);
      const { response } = await transport.sendMail({ ...composed, ...{ signal } });
      return { kind: "sent", providerId: null, code: response.slice(0, 3), answer: response };
    } catch (error) {
      const parsed = failureSchema.safeParse(error);
      return outcomeOf(parsed.data ?? { message: String(error) }, isHandedOver());
    } finally {
      streams.delete(key);
    }
  };
  return {
    name: "smtp",
    batchMax: 1,
    send: (mails) => Promise.all(mails.map(send)),
    // SMTP has no way to ask.
    wasSent: async () => ({ kind: "unknown" }),
    [Symbol.asyncDispose]: async () => transport.close(),
  };
}

/** Replies to these are about the mail; others, to a connection or a sign-in, are about how the platform is set up. */
const aboutMail = /^(?:MAIL FROM|RCPT TO|DATA|API)$/;
/** RFC 4954 §6: sign-in is missing or wrong. */
const aboutSignIn: ReadonlySet<number> = new Set([530, 534, 535, 538]);
/** RFC 3463 §3.2: there is no such mailbox, or none can be there. */
const noSuchAddress = /^5\d\d[ -]5\.1\.(?:1|2|3|6|10)\b/;

function outcomeOf(failure: z.infer<typeof failureSchema>, isHandedOver: boolean): SendOutcome {
  const { message, code = "error", command = "", responseCode, response } = failure;
  if (responseCode === undefined) {
    if (isHandedOver) return { kind: "unknown", code, answer: message };
    // What cannot be said in SMTP at all, such as an address: never, or what is larger than the server takes.
    const isPermanent = code === "EENVELOPE" || code === "EMESSAGE";
    return { kind: "refused", isPermanent, code, answer: message };
  }
  const isPermanent = responseCode >= 500 && aboutMail.test(command) && !aboutSignIn.has(responseCode);
  const isSuppressed = isPermanent && command === "RCPT TO" && noSuchAddress.test(response ?? "");
  return { kind: "refused", isPermanent, isSuppressed, code: String(responseCode), answer: response ?? message };
}
