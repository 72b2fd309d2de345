// The HTTP side of an API process: what is served where, and how it stops without cutting a request.

import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { GraphQLError } from "graphql";
import type { Endpoints } from "../federation/endpoints.ts";
import type { Gateway } from "../graphql/gateway.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import { asRequest, requestIdFrom } from "../observe/request-id.ts";
import { acceptedBy, answerJson } from "./answer.ts";
import { answerPeer } from "./answer-peer.ts";
import { BadRequestError } from "./body.ts";
import { answerGraphiql } from "./graphiql.ts";
import { graphqlOverHttp } from "./graphql-over-http.ts";
import { graphqlOverWebSocket } from "./graphql-over-websocket.ts";
import { measuredGateway, unknownOperation } from "./measured-gateway.ts";
import type { Pages } from "./pages.ts";
import { watchTokens } from "./token-watch.ts";
import { answerWellKnown, type Told, wellKnownPath } from "./well-known.ts";

/** The address is taken, or not ours to take. The message says what to do. */
class ListenError extends ExplainedError {
  override readonly name = "ListenError";
}

export interface ListenOptions {
  readonly gateway: Gateway;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What other platforms ask, under `/f/`. Left out: nothing is there. */
  readonly endpoints?: Endpoints;
  /** Whether only a proxy reaches the port, and says in `X-Forwarded-For` who is behind a request. @default false */
  readonly isProxyTrusted?: boolean;
  /** What else is served, by the beginning of its path. @default none */
  readonly pages?: readonly Pages[];
  /** What the platform says of itself. */
  wellKnown(): Promise<Told>;
  /** Why this process cannot serve now, or null where it can: what `/readyz` says. */
  unreadiness(): Promise<string | null>;
  /** How long a client may take to send a request; its headers in a third of it. @default 30_000 */
  readonly receiveWithinMs?: number;
  /** How long a stream may outlive its token. @default 30_000 */
  readonly checkTokensEveryMs?: number;
  /** How long requests in flight may take when it is to stop; then they are cut. @default 20_000 */
  readonly stopWithinMs?: number;
}

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** Serves until disposed; then takes no more, ends streams, and waits for the requests that are in flight. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const {
    gateway,
    endpoints,
    isProxyTrusted = false,
    host,
    port,
    log,
    metrics,
    unreadiness,
    receiveWithinMs = 30_000,
    stopWithinMs = 20_000,
  } = options;
  const stopping = new AbortController();
  // One per stream.
  setMaxListeners(0, stopping.signal);
  const tokens = watchTokens({
    gateway,
    log,
    ...(options.checkTokensEveryMs !== undefined && { everyMs: options.checkTokensEveryMs }),
  });
  const overHttp = graphqlOverHttp(measuredGateway(gateway, metrics, "http"), tokens, stopping.signal);
  const unread = metrics.operation("http", unknownOperation);

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request);
    const part = options.pages?.find(({ prefix }) => `${path}/`.startsWith(prefix));
    if (part) return part.answer(request, response, path);
    if (endpoints && path.startsWith("/f/")) return answerPeer({ endpoints, isProxyTrusted, log }, request, response);
    switch (path) {
      case "/graphql": {
        const isPage = request.method === "GET" && request.headers.accept?.includes("text/html");
        if (!isPage) return overHttp(request, response);
        await answerGraphiql(path, response);
        return;
      }
      case wellKnownPath:
        return answerWellKnown(request, response, options.wellKnown);
      case "/healthz":
        return text(response, 200, "ok");
      case "/readyz": {
        const reason = stopping.signal.aborted ? "stopping" : await unreadiness();
        return text(response, reason === null ? 200 : 503, reason ?? "ready");
      }
      case "/":
        response.writeHead(302, { location: "/graphql" });
        response.end();
        return;
      default:
        if (!(await answerGraphiql(path, response))) text(response, 404, "Not found. GraphQL is at /graphql.");
    }
  };

  /** Connections that no request has come on: Node does not count them as idle, and browsers open them to have one. */
  const unused = new Set<Socket>();
  const server = createServer(
    {
      // Who sends slowly would else hold connections at no cost.
      requestTimeout: receiveWithinMs,
      headersTimeout: receiveWithinMs / 3,
      connectionsCheckingInterval: receiveWithinMs / 6,
      keepAliveTimeout: 65_000,
      // Others, as curl's h2c, are offers: they are answered in HTTP/1.1.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
    },
    (request, response) => {
      unused.delete(request.socket);
      const startedAt = performance.now();
      const requestId = requestIdFrom(request.headers["x-request-id"]);
      response.setHeader("x-content-type-options", "nosniff");
      response.setHeader("x-request-id", requestId);
      // Once stopping, a connection is not kept beyond its answer.
      if (stopping.signal.aborted) response.setHeader("connection", "close");
      response.once("close", () => stopping.signal.aborted && setImmediate(() => server.closeIdleConnections()));
      const serve = async () => {
        try {
          await route(request, response);
        } catch (error) {
          const status = answerError(gateway, log, request, response, error);
          unread(status < 500 ? "refused" : "failed", (performance.now() - startedAt) / 1_000);
        }
        // No query: it may hold what is not ours to write down.
        log.debug({ method: request.method, path: pathOf(request), status: response.statusCode }, "answered");
      };
      void asRequest(requestId, serve);
    },
  );
  const measured = measuredGateway(gateway, metrics, "websocket");
  const webSockets = graphqlOverWebSocket({ gateway: measured, tokens, log, stopWithinMs });
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    unused.delete(request.socket);
    if (pathOf(request) === "/graphql") {
      metrics.socket(1);
      socket.once("close", () => metrics.socket(-1));
      const requestId = requestIdFrom(request.headers["x-request-id"]);
      return asRequest(requestId, () => webSockets.upgrade(request, socket, head));
    }
    socket.on("error", () => socket.destroy());
    socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explainListening(error, host, port)));
    server.listen(port, host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      tokens[Symbol.dispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of unused) socket.destroy();
      // Closing, Node no longer looks for requests that come too slowly.
      const cut = setTimeout(() => {
        log.warn({ stopWithinMs }, "requests were still in flight at stopping, and are cut");
        server.closeAllConnections();
      }, stopWithinMs);
      await Promise.all([closed, webSockets[Symbol.asyncDispose]()]);
      clearTimeout(cut);
    },
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

/** @param setting that says the port */
export function explainListening(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  setting: "PARLEY_PORT" | "PARLEY_METRICS_PORT" | "PARLEY_SMTP_PORT" = "PARLEY_PORT",
): Error {
  const advice: Record<string, string> = {
    EADDRINUSE: `Something listens there already, perhaps another Parley. Stop it, or set ${setting}=${port + 1}.`,
    EACCES: `Ports below 1024 are the system's. Set ${setting} to another, and put a proxy in front.`,
    EADDRNOTAVAIL: "This machine has no such address. Set PARLEY_HOST=127.0.0.1, or 0.0.0.0 for all of its addresses.",
  };
  const what = `Cannot listen on ${host}:${port}: ${error.message}`;
  return new ListenError(`${what}\n${advice[error.code ?? ""] ?? `Check PARLEY_HOST and ${setting}.`}`, {
    cause: error,
  });
}

/** Returns the status. */
function answerError(
  gateway: Gateway,
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): number {
  if (response.headersSent) {
    log.error({ err: error }, "an answer broke off");
    response.destroy();
    return 500;
  }
  const { status, told } = toTell(gateway, error);
  const allow = request.method === "GET" ? "POST" : "GET, POST";
  answerJson(response, status, acceptedBy(request).mediaType, { errors: [told] }, status === 405 ? { allow } : {});
  return status;
}

function toTell(gateway: Gateway, error: unknown): { readonly status: number; readonly told: GraphQLError } {
  if (error instanceof BadRequestError) {
    return { status: error.status, told: new GraphQLError(error.message, { extensions: { code: "BAD_REQUEST" } }) };
  }
  const told = gateway.mask(error);
  return { status: told.extensions["code"] === "UNAUTHENTICATED" ? 401 : 500, told };
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(`${body}\n`);
}
