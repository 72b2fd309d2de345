// A connection to one platform, for one account: any operation, and what happens.
import type { Document, RequestOptions } from "./document.ts";
import { fillGap } from "./fill-gap.ts";
import { type EventsOptions, followEvents, type StreamItem } from "./follow-events.ts";
import { type EventsSubscription, eventsDocument, viewerDocument } from "./generated.ts";
import { overEventStream } from "./over-event-stream.ts";
import { overWebSocket } from "./over-websocket.ts";
import { realPace } from "./pace.ts";
import { ParleyError } from "./parley-error.ts";
import { runOverHttp } from "./run-over-http.ts";
import { eitherTransport } from "./transport.ts";

export interface ParleyOptions {
  /** The platform, `https://parley.example`, or its GraphQL endpoint, `https://parley.example/graphql`. */
  readonly url: string | URL;
  /** Whose account it is. Left out: nobody's, who may see the schema and no more. */
  readonly token?: string;
  /**
   * What `events` goes over. `auto`: a WebSocket, and server-sent events where none can be opened.
   * @default "auto"
   */
  readonly transport?: "auto" | "webSocket" | "eventStream";
  /** How long one try of a query or mutation may take. @default 30_000 */
  readonly timeoutMs?: number;
  /** How often a query or mutation that may be repeated is sent, at most, until there is an answer. @default 4 */
  readonly tries?: number;
  /** Default: the one of the browser, or of Node. */
  readonly fetch?: typeof globalThis.fetch;
  /** A class like the browser's. Default: that, or Node's (22 and later). */
  readonly WebSocket?: unknown;
}

export interface Connection extends AsyncDisposable {
  /**
   * What happens in the account's conversations, as it happens: each event once, in order within its conversation. A
   * connection that breaks is made again, and what happened meanwhile comes then. Begin after a cursor that you took before
   * you read what you show, and nothing falls between. A slow reader is no harm: what waits for it is bounded.
   * @throws ParleyError where trying again is of no use: UNAUTHENTICATED, BAD_USER_INPUT for a bad cursor or conversation, …
   */
  events(options?: EventsOptions): AsyncGenerator<StreamItem, void, undefined>;
  /** Any query or mutation. @throws ParleyError */
  request<Result = unknown, Variables = Record<string, unknown>>(
    document: Document<Result, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Result>;
  request(document: string, variables?: Record<string, unknown>, options?: RequestOptions): Promise<unknown>;
  /** Ends the loops and closes the socket; whatever is asked for after that is refused as CLOSED. The same as disposing. */
  close(): Promise<void>;
}

/**
 * `createParley` without its methods: with the documents that you import, a bundle has no others.
 * @throws ParleyError BAD_URL where `url` cannot be a platform's
 */
export function connect(options: ParleyOptions): Connection {
  const {
    url,
    token,
    fetch = globalThis.fetch,
    WebSocket,
    transport = "auto",
    timeoutMs = 30_000,
    tries = 4,
  } = options;
  const endpoint = endpointOf(url);
  const closing = new AbortController();
  const pace = realPace;
  const run = runOverHttp({ endpoint, token, fetch, timeoutMs, tries, pace, closed: closing.signal });
  const transports = {
    webSocket: overWebSocket({ endpoint, token, WebSocket }),
    eventStream: overEventStream({ endpoint, token, fetch }),
  };
  const live =
    transport === "auto" ? eitherTransport(transports.webSocket, transports.eventStream) : transports[transport];
  const source = {
    open: (variables: object, subscribing: Parameters<typeof live.subscribe>[2]) =>
      itemsOf(live.subscribe(eventsDocument, variables, subscribing)),
    // Once: the stream tries again by itself, and says that it does.
    cursor: async (signal: AbortSignal) =>
      (await run(viewerDocument, {}, { signal, isRepeatable: false })).viewer.cursor,
    fill: fillGap.bind(null, run),
    pace,
  };
  const close = () => {
    closing.abort();
    return live.close();
  };
  return {
    request: (document: string, variables: unknown = {}, options?: RequestOptions) =>
      run<never, unknown>(document, variables, options),
    events: ({ signal, ...options } = {}) =>
      followEvents(source, options, signal ? AbortSignal.any([signal, closing.signal]) : closing.signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function endpointOf(url: string | URL): URL {
  const endpoint = URL.canParse(String(url)) ? new URL(url) : null;
  // Browsers fetch nothing from an address with a name and a password in it; and errors are kept where none should be.
  const isSecret = endpoint !== null && (endpoint.username !== "" || endpoint.password !== "");
  if (!endpoint || !/^https?:$/.test(endpoint.protocol) || isSecret) {
    const message =
      "This url is no platform's. One looks like https://parley.example or https://parley.example/graphql";
    throw new ParleyError("BAD_URL", isSecret ? `${message}, without a name and a password` : `${message}: ${url}`);
  }
  if (endpoint.pathname === "/") endpoint.pathname = "/graphql";
  return endpoint;
}

async function* itemsOf(answers: AsyncIterable<unknown>): AsyncGenerator<StreamItem, void, undefined> {
  // The types were generated from the schema that the platform validates with.
  for await (const answer of answers) yield (answer as EventsSubscription).events;
}
