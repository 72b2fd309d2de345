// Other platforms over HTTPS: each request signed, each answer bounded and parsed before it is believed to be one.
import type { Outgoing } from "../net/outgoing.ts";
import { OutgoingError } from "../net/outgoing-error.ts";
import { jsonOf } from "../protocol/encoding.ts";
import type { PlatformName } from "../protocol/event.ts";
import { sha256 } from "../protocol/hash.ts";
import type { Signer } from "../protocol/seal.ts";
import { batchLimits, logPageSchema, resultsSchema } from "./batch.ts";
import { signRequest } from "./request-signature.ts";
import { readRetryAfter } from "./retry-after.ts";
import type { Transport, Unreachable } from "./transport.ts";

type Answer = Awaited<ReturnType<Outgoing["send"]>>;

export interface HttpTransportOptions {
  readonly send: Outgoing["send"];
  readonly signer: Signer;
  now(): string;
}

const pullWithinMs = 20_000;
const greetWithinMs = 5_000;
/** A page of a log may be as large as a batch, and its bodies may be escaped. */
export const answerBytesMax = 2 * batchLimits.bytes;

export function createHttpTransport({ send, signer, now }: HttpTransportOptions): Transport {
  const ask = async (
    method: "GET" | "POST",
    to: PlatformName,
    path: string,
    json: unknown,
    timeoutMs: number,
  ): Promise<Answer | Unreachable> => {
    const targetUri = `https://${to}${path}`;
    const body = json === null ? null : Buffer.from(JSON.stringify(json));
    const headers = new Map<string, string>([["accept", "application/json"]]);
    if (body) headers.set("content-type", "application/json");
    const url = new URL(targetUri.replace("{digest}", body ? sha256(body) : ""));
    const signed = signRequest({ method, targetUri: url.href, headers, body }, signer, new Date(now()));
    try {
      const all = { ...Object.fromEntries(headers), ...signed };
      return await send({ method, url, headers: all, body, timeoutMs, maxAnswerBytes: answerBytesMax });
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return { unreachable: error.kind, answer: "", retryAfterMs: null };
    }
  };

  return {
    post: async (to, entries, withinMs) => {
      const sent = await ask("POST", to, "/f/evt/{digest}/", { entries }, withinMs);
      if ("unreachable" in sent) return sent;
      const read = sent.status === 200 ? resultsSchema.safeParse(jsonOf(sent.body)) : null;
      return read?.success ? read.data.results : unexpected(sent, now());
    },
    events: async (from, conversation, after) => {
      const sent = await ask("GET", from, `/f/${conversation}/events/?after=${after}`, null, pullWithinMs);
      if ("unreachable" in sent) return sent;
      if (sent.status === 404) return null;
      const read = sent.status === 200 ? logPageSchema.safeParse(jsonOf(sent.body)) : null;
      return read?.success ? read.data : unexpected(sent, now());
    },
    greet: async (to) => {
      const sent = await ask("GET", to, "/f/auth/", null, greetWithinMs);
      if ("unreachable" in sent) return sent;
      return sent.status < 300 ? null : unexpected(sent, now());
    },
  };
}

function unexpected({ status, headers, body }: Answer, at: string): Unreachable {
  return {
    unreachable: status === 200 ? "malformed" : String(status),
    answer: Buffer.from(body.subarray(0, 512)).toString(),
    retryAfterMs: readRetryAfter(headers.get("retry-after"), Date.parse(at)),
  };
}
