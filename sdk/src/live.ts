// Subscriptions, over one WebSocket (graphql-transport-ws) that is opened with the first and closed after the last.
import { type Client, createClient } from "graphql-ws/client";
import type { Document } from "./generated.ts";
import { type AnswerError, errorOf, ParleyError } from "./parley-error.ts";

export interface LiveOptions {
  readonly endpoint: URL;
  readonly token: string | undefined;
  /** Default: the one of the browser, or of Node. */
  readonly WebSocket: unknown;
}

export interface Live {
  /**
   * The answers to a subscription, until it ends, the loop is left, or `signal` aborts: then it ends without an error.
   * @throws ParleyError where the platform refuses, or the connection breaks
   */
  subscribe<Result, Variables extends Record<string, unknown>>(
    document: Document<Result, Variables>,
    variables: Variables,
    signal?: AbortSignal,
  ): AsyncGenerator<Result, void, undefined>;
  close(): Promise<void>;
}

export function openLive({ endpoint, token, WebSocket }: LiveOptions): Live {
  const url = new URL(endpoint);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const client: Client = createClient({
    url: url.href,
    ...(token !== undefined && { connectionParams: { token } }),
    // A broken connection is told to whoever iterates: only they know after which cursor to go on.
    retryAttempts: 0,
    ...(WebSocket !== undefined && { webSocketImpl: WebSocket }),
  });
  return {
    async *subscribe<Result, Variables extends Record<string, unknown>>(
      document: Document<Result, Variables>,
      variables: Variables,
      signal?: AbortSignal,
    ): AsyncGenerator<Result, void, undefined> {
      if (signal?.aborted) return;
      const answers = client.iterate<Result>({ query: document, variables });
      const stop = () => void answers.return?.();
      signal?.addEventListener("abort", stop, { once: true });
      try {
        for await (const { data, errors } of answers) {
          if (errors) throw errorOf(errors);
          if (data) yield data;
        }
      } catch (fault) {
        throw liveError(fault);
      } finally {
        signal?.removeEventListener("abort", stop);
        await answers.return?.();
      }
    },
    close: async () => client.dispose(),
  };
}

/** graphql-ws throws what the platform said as a list, and a broken connection as the event that closed it. */
function liveError(fault: unknown): ParleyError {
  if (fault instanceof ParleyError) return fault;
  if (Array.isArray(fault)) return errorOf(fault.filter(isAnswerError));
  const code = typeof fault === "object" && fault !== null && "code" in fault ? fault.code : null;
  // Forbidden: what the platform closes a socket with whose token it does not know.
  if (code === 4403)
    return new ParleyError("UNAUTHENTICATED", "This token is not valid (any more). Get a new one.", [], fault);
  return new ParleyError("UNREACHABLE", "The connection broke. Go on after the last cursor.", [], fault);
}

function isAnswerError(error: unknown): error is AnswerError {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}
