// A mail that came in: stored before it is answered for, and worked through later. The one place that says what is stored.
import { z } from "zod";

/** What was said of a mail beside it. */
export const envelopeSchema = z.object({
  source: z.enum(["smtp", "postmark", "page"]),
  /** MAIL FROM; empty: the null return path. Null where the source does not tell. */
  from: z.string().nullable(),
  /** RCPT TO, each once, as they were written. */
  to: z.array(z.string()),
  /** Of who handed it over: what SPF goes by. Null where the source does not tell. */
  remoteAddress: z.string().nullable(),
  helo: z.string().nullable(),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** Whose mail it is, as far as SPF and DKIM tell: of the domain of its one From address. */
export const authenticationSchema = z.object({
  /** `aligned`: SPF or DKIM passes for the From's domain. `failed`: something is published, and does not pass. `none`: nothing is published. */
  verdict: z.enum(["aligned", "failed", "none"]),
  /** For people: what each of them said. */
  spf: z.string(),
  dkim: z.string(),
});
export type Authentication = z.infer<typeof authenticationSchema>;

/** What is stored: a mail that came in, or what a provider told of one of ours. */
export interface InboundMail {
  /** Under which a repeat of it is known. */
  readonly key: string;
  readonly envelope: Envelope;
  readonly raw: Uint8Array;
  /** What the source found out itself; left out: it is found out when the mail is worked through. */
  readonly authentication?: Authentication;
  /** The task that works it through. @default "handle-mail" */
  readonly task?: "handle-mail" | "hear-of-mail";
}

/** Name of the blob that has the bytes of an inbound mail. */
export const blobOf = (id: string): string => `inbound/${id}`;

/** Of a mail that is taken at all, in bytes; Postmark takes 35 MB, most others no more than this. */
export const inboundBytesMax = 25 * 1024 * 1024;
