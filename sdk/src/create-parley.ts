// A client of one platform, for one account.
import {
  type Document,
  type EventsSubscription,
  eventsDocument,
  type Operations,
  operationsWith,
  type Run,
} from "./generated.ts";
import { runOverHttp } from "./http.ts";
import { openLive } from "./live.ts";

export interface ParleyOptions {
  /** The platform, `https://parley.example`, or its GraphQL endpoint, `https://parley.example/graphql`. */
  readonly url: string | URL;
  /** Whose account it is. Left out: nobody's, who may see the schema and no more. */
  readonly token?: string;
  /** Default: the one of the browser, or of Node. */
  readonly fetch?: typeof globalThis.fetch;
  /** A class like the browser's. Default: that, or Node's (22 and later). */
  readonly WebSocket?: unknown;
}

/** What the stream tells of: `EventAdded`, `ReceiptMoved` or `Gap`, by its `__typename`. */
export type StreamItem = EventsSubscription["events"];

export interface EventsOptions {
  /** A cursor, of `viewer` or of an item before: begin after it. Left out: from now on. */
  readonly after?: string;
  /** Only this conversation: its hash or global id. */
  readonly conversation?: string;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
}

export interface Parley extends Operations, AsyncDisposable {
  /**
   * What happens in the account's conversations, as it happens. Begin after a cursor that you took before you read what
   * you show, and nothing falls between; what comes twice then, drop by conversation and `seq`.
   * @throws ParleyError with code UNREACHABLE where the connection breaks: go on after the last cursor
   */
  events(options?: EventsOptions): AsyncGenerator<StreamItem, void, undefined>;
  /** Any query or mutation: for what the methods do not ask for. @throws ParleyError */
  request<Result = unknown, Variables = Record<string, unknown>>(
    document: Document<Result, Variables>,
    variables: Variables,
  ): Promise<Result>;
  request(document: string, variables?: Record<string, unknown>): Promise<unknown>;
}

/**
 * Makes a client. Connects when it is first asked for something; disposing closes its socket.
 *
 * Each method answers with data or throws a `ParleyError`. A mutation's answer may be a rejection: `isRejection` tells.
 * Give mutations a `clientId` of your own, and sending them again after an error does them once.
 */
export function createParley(options: ParleyOptions): Parley {
  const { url, token, fetch = globalThis.fetch, WebSocket } = options;
  const endpoint = new URL(url);
  if (endpoint.pathname === "/") endpoint.pathname = "/graphql";
  const run: Run = runOverHttp({ endpoint, token, fetch });
  const live = openLive({ endpoint, token, WebSocket });
  return {
    ...operationsWith(run),
    request: (document: string, variables: unknown = {}) => run<never, unknown>(document, variables),
    async *events({ after, conversation, signal } = {}) {
      const variables = { ...(after !== undefined && { after }), ...(conversation !== undefined && { conversation }) };
      for await (const { events } of live.subscribe(eventsDocument, variables, signal)) yield events;
    },
    [Symbol.asyncDispose]: () => live.close(),
  };
}
