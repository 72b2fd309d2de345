// Queries and mutations: one POST each, sent again where no answer came and that is safe.
import { dataOf } from "./answer.ts";
import type { Document, RequestOptions, Run } from "./document.ts";
import { backoffMs, type Pace, waitMsMax } from "./pace.ts";
import { ParleyError, unreachable } from "./parley-error.ts";

export interface HttpOptions {
  readonly endpoint: URL;
  readonly token: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** For one try. */
  readonly timeoutMs: number;
  /** How often a request is sent, at most. */
  readonly tries: number;
  readonly pace: Pace;
  /** Once aborted, nothing is sent any more. */
  readonly closed: AbortSignal;
}

/** Makes the function that sends an operation. @throws ParleyError where there is no answer, or only a part of one */
export function runOverHttp({ endpoint, token, fetch, timeoutMs, tries, pace, closed }: HttpOptions): Run {
  const send = async (body: string, signal: AbortSignal | undefined): Promise<unknown> => {
    signal?.throwIfAborted();
    const sending = new AbortController();
    const stop = () => sending.abort(signal?.reason);
    const timer = setTimeout(() => {
      sending.abort(new ParleyError("TIMEOUT", `${endpoint.origin} did not answer within ${timeoutMs} ms.`));
    }, timeoutMs);
    signal?.addEventListener("abort", stop);
    try {
      const response = await fetch(endpoint, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/graphql-response+json, application/json",
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body,
        signal: sending.signal,
      });
      return await dataOf(response);
    } catch (cause) {
      if (sending.signal.aborted) throw sending.signal.reason;
      if (cause instanceof ParleyError) throw cause;
      throw unreachable(`Nobody answered at ${endpoint.origin}.`, cause);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  };

  return async <Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables,
    { signal, isRepeatable = !/\bmutation\b/.test(document) }: RequestOptions = {},
  ): Promise<Result> => {
    if (closed.aborted) throw new ParleyError("CLOSED", "This client is closed. Make another one to go on.");
    const body = JSON.stringify({ query: document, variables });
    for (let failures = 1; ; failures++) {
      try {
        // The types were generated from the schema that the platform validates with.
        return (await send(body, signal)) as Result;
      } catch (error) {
        if (!isRepeatable || failures >= tries || !isUnanswered(error)) throw error;
        const ms = Math.max(backoffMs(failures, pace), error.retryAfterMs ?? 0);
        if (ms > waitMsMax) throw error;
        await pace.wait(ms, signal ?? closed);
        if (closed.aborted) throw error;
      }
    }
  };
}

/** Whether nobody who speaks for the platform said anything. What the platform says is for the caller, also where it is "later". */
function isUnanswered(error: unknown): error is ParleyError {
  return error instanceof ParleyError && error.isRetryable && error.errors.length === 0;
}
