// Mails handed to Postmark by its API: https://postmarkapp.com/developer/api/email-api
import { type Models, ServerClient } from "postmark";
import { z } from "zod";
import { type MailProvider, type OutgoingMail, patienceMs, type SendOutcome } from "./provider.ts";

export interface PostmarkOptions {
  /** Of a server of Postmark's. */
  readonly token: string;
  readonly stream: string;
  /** Where its API is. */
  readonly origin: string;
  /** @default `patienceMs` */
  readonly patienceMs?: number;
  /** What is sent may be found by its metadata only some time later: a no is believed after this. @default 300_000 */
  readonly noAfterMs?: number;
}

/** 500 are taken, of 50 MB together. */
const batchMax = 50;

const batchSchema = z.array(z.object({ ErrorCode: z.number(), Message: z.string(), MessageID: z.string().optional() }));
const foundSchema = z.object({ Messages: z.array(z.object({ MessageID: z.string() })) });
const failureSchema = z.object({ message: z.string(), code: z.number(), statusCode: z.number() });

export function postmarkProvider(options: PostmarkOptions): MailProvider {
  const { token, stream, origin, noAfterMs = 300_000 } = options;
  const { host, protocol } = new URL(origin);
  /** A client for one request, with what its errors do not tell. */
  const asking = () => {
    const seen: { retryAfterMs?: number; isConnected: boolean } = { isConnected: true };
    const reach = async (...request: Parameters<typeof fetch>): Promise<Response> => {
      try {
        const response = await fetch(...request);
        const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
        if (Number.isFinite(seconds) && seconds > 0) seen.retryAfterMs = seconds * 1_000;
        return response;
      } catch (error) {
        seen.isConnected = !isUnconnected(error);
        throw error;
      }
    };
    const timeout = (options.patienceMs ?? patienceMs) / 1_000;
    const client = new ServerClient(token, {
      requestHost: host,
      useHttps: protocol === "https:",
      timeout,
      fetch: reach,
    });
    return { client, seen };
  };
  return {
    name: "postmark",
    batchMax,
    send: async (mails) => {
      const { client, seen } = asking();
      try {
        const answers = batchSchema.parse(await client.sendEmailBatch(mails.map((mail) => messageOf(mail, stream))));
        return mails.map((_, index) => outcomeOf(answers[index]));
      } catch (error) {
        const outcome = failureOf(error, seen, mails.length);
        return mails.map(() => outcome);
      }
    },
    wasSent: async ({ id, triedAt }) => {
      const asked = { count: 1, offset: 0, messageStream: stream, metadata_mail: id };
      const [found] = foundSchema.parse(await asking().client.getOutboundMessages(asked)).Messages;
      if (found) return { kind: "sent", providerId: found.MessageID };
      return { kind: Date.now() - triedAt.getTime() < noAfterMs ? "later" : "not-sent" };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function messageOf(mail: OutgoingMail, stream: string): Models.Message {
  const { from, to, subject, text, html, messageId, inReplyTo, references, headers, id } = mail;
  const head = [
    ["Message-ID", `<${messageId}>`],
    // Else Postmark makes an id of its own.
    ["X-PM-KeepID", "true"],
    ...(inReplyTo === null ? [] : [["In-Reply-To", `<${inReplyTo}>`]]),
    ["References", references.map((one) => `<${one}>`).join(" ")],
    ...headers,
  ];
  return {
    From: mailbox(from.name, from.address),
    To: to.name === null ? to.address : mailbox(to.name, to.address),
    Subject: subject,
    TextBody: text,
    HtmlBody: html,
    MessageStream: stream,
    Headers: head.map(([Name = "", Value = ""]) => ({ Name, Value })),
    Metadata: { mail: id },
    TrackOpens: false,
    TrackLinks: "None" as Models.LinkTrackingOptions,
  };
}

/** RFC 5322 §3.4: a quoted name, then the address. */
const mailbox = (name: string, address: string): string => `"${name.replace(/["\\]/g, "\\$&")}" <${address}>`;

/**
 * https://postmarkapp.com/developer/api/overview#error-codes, of those about one mail: no request (an address that cannot be,
 * say), an inactive recipient, a file of a forbidden type. All others are about the account, and can be mended.
 */
const aboutMail: ReadonlySet<number> = new Set([300, 406, 411]);
const inactiveRecipient = 406;

function outcomeOf(answer: z.infer<typeof batchSchema>[number] | undefined): SendOutcome {
  if (!answer) return { kind: "unknown", code: "none", answer: "Postmark said nothing of it" };
  const { ErrorCode: code, Message: message, MessageID: providerId = null } = answer;
  if (code === 0) return { kind: "sent", providerId, code: "0", answer: message };
  return refusalOf(code, message);
}

function refusalOf(code: number, answer: string): SendOutcome {
  const isSuppressed = code === inactiveRecipient;
  return { kind: "refused", isPermanent: aboutMail.has(code), isSuppressed, code: String(code), answer };
}

/** Of a request that failed as a whole. @param count of its mails */
function failureOf(
  error: unknown,
  { isConnected, retryAfterMs }: { readonly isConnected: boolean; readonly retryAfterMs?: number },
  count: number,
): SendOutcome {
  const { data } = failureSchema.safeParse(error);
  // Answered, but not as documented.
  if (!data) return { kind: "unknown", code: "unreadable", answer: "Postmark's answer cannot be read" };
  const { message, code, statusCode } = data;
  if (statusCode === 0) {
    if (isConnected) return { kind: "unknown", code: "timeout", answer: message };
    return { kind: "refused", isPermanent: false, code: "unreachable", answer: message };
  }
  // Said by what stands before Postmark, which may have it.
  if (statusCode === 502 || statusCode === 504) return { kind: "unknown", code: String(statusCode), answer: message };
  if (count === 1 && statusCode === 422) return refusalOf(code, message);
  const answered = { code: code > 0 ? `${statusCode}/${code}` : String(statusCode), answer: message };
  return { kind: "refused", isPermanent: false, ...answered, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Faults at which nothing was sent yet. */
const unconnected =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.+|.*CERT.*)$/;

function isUnconnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const { data } = z.object({ code: z.string() }).safeParse(cause);
  return data !== undefined && unconnected.test(data.code);
}
