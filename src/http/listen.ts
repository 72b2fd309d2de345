// The HTTP side of an API process: what is served where, and how it stops without cutting a request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { GraphQLError } from "graphql";
import type { Gateway } from "../graphql/gateway.ts";
import type { Logger } from "../observe/logger.ts";
import { BadRequestError } from "./body.ts";
import { graphiqlPage } from "./graphiql.ts";
import { graphqlOverHttp } from "./graphql-over-http.ts";
import { graphqlOverSse, wantsEventStream } from "./graphql-over-sse.ts";
import { graphqlOverWebSocket } from "./graphql-over-websocket.ts";

/** The address is taken, or not ours to take. The message says what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface ListenOptions {
  readonly gateway: Gateway;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly log: Logger;
  /** Why this process cannot serve now, or null where it can: what `/readyz` says. */
  unreadiness(): Promise<string | null>;
}

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** Serves until disposed; then takes no more, ends streams, and waits for the requests that are in flight. */
export async function listen({ gateway, host, port, log, unreadiness }: ListenOptions): Promise<Listening> {
  const streams = new Set<() => void>();
  const overHttp = graphqlOverHttp(gateway);
  const overSse = graphqlOverSse(gateway, streams);
  let isStopping = false;

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "/").split("?", 1)[0];
    switch (path) {
      case "/graphql": {
        if (wantsEventStream(request)) return overSse(request, response);
        const isPage = request.method === "GET" && request.headers.accept?.includes("text/html") && !request.url?.includes("query=");
        return isPage ? html(response, graphiqlPage()) : overHttp(request, response);
      }
      case "/healthz":
        return text(response, 200, "ok");
      case "/readyz": {
        const reason = isStopping ? "stopping" : await unreadiness();
        return text(response, reason === null ? 200 : 503, reason ?? "ready");
      }
      case "/":
        response.writeHead(302, { location: "/graphql" });
        response.end();
        return;
      default:
        return text(response, 404, "Not found. GraphQL is at /graphql.");
    }
  };

  const server = createServer((request, response) => {
    // The connection is not kept beyond this answer once the process is stopping.
    if (isStopping) response.setHeader("connection", "close");
    response.setHeader("x-content-type-options", "nosniff");
    route(request, response).catch((error: unknown) => answerError(gateway, log, request, response, error));
  });
  // Requests on one connection: without a bound, Node waits for idle ones at stopping.
  server.keepAliveTimeout = 65_000;
  const webSockets = graphqlOverWebSocket(server, "/graphql", gateway, log);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      isStopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await webSockets[Symbol.asyncDispose]();
      for (const end of streams) end();
      server.closeIdleConnections();
      await closed;
    },
  };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const advice: Record<string, string> = {
    EADDRINUSE: `Something listens there already, perhaps another Parley. Stop it, or set PARLEY_PORT=${port + 1}.`,
    EACCES: "Ports below 1024 are the system's. Set PARLEY_PORT=4000, and put a proxy in front.",
    EADDRNOTAVAIL: "This machine has no such address. Set PARLEY_HOST=127.0.0.1, or 0.0.0.0 for all of its addresses.",
  };
  const what = `Cannot listen on ${host}:${port}: ${error.message}`;
  return new ListenError(`${what}\n${advice[error.code ?? ""] ?? "Check PARLEY_HOST and PARLEY_PORT."}`, { cause: error });
}

function answerError(gateway: Gateway, log: Logger, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    log.error({ err: error }, "an answer broke off");
    response.destroy();
    return;
  }
  const { status, told } = toTell(gateway, error);
  // What is left of the body is not read; the connection cannot be used for another request then.
  if (!request.complete) response.setHeader("connection", "close");
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(status === 405 && { allow: "POST" }),
  });
  response.end(JSON.stringify({ errors: [told] }));
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

function html(response: ServerResponse, body: string): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-cache", "referrer-policy": "no-referrer" });
  response.end(body);
}
