// GraphQL over WebSocket: the graphql-transport-ws protocol. Queries, mutations and subscriptions on one socket.
import type { IncomingMessage, Server } from "node:http";
import type { ExecutionArgs, ExecutionResult } from "graphql";
import { GraphQLError } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { Viewer } from "../accounts/accounts.ts";
import { bearerToken, type Gateway, type OperationRequest } from "../graphql/gateway.ts";
import type { Logger } from "../observe/logger.ts";
import { bodyBytesMax } from "./body.ts";

/** What a socket is remembered with. Without graphql-ws's own `extra.request`, an idle subscription takes less than half. */
interface Extra {
  viewer: Viewer | null;
}

type Args = ExecutionArgs & { readonly asked: OperationRequest; readonly viewer: Viewer | null };

/** Operations that one socket may have open. */
const operationsMax = 1_000;
const keepAliveMs = 20_000;

/** Serves WebSockets on `path` of `server`. Disposing closes them all with 1001 (going away): clients come again. */
export function graphqlOverWebSocket(server: Server, path: string, gateway: Gateway, log: Logger): AsyncDisposable {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: bodyBytesMax, handleProtocols, perMessageDeflate: false });
  const protocol = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: 10_000,
    onConnect: async (context) => {
      const { authorization, token } = context.connectionParams ?? {};
      const given = typeof token === "string" ? token : typeof authorization === "string" ? bearerToken(authorization) : null;
      if (given === null) return true;
      try {
        context.extra.viewer = await gateway.signIn(given);
        return true;
      } catch (error) {
        // 4403: the client must not try again with the same token.
        if (error instanceof GraphQLError) return false;
        throw error;
      }
    },
    onSubscribe: (context, _id, payload) => {
      if (Object.keys(context.subscriptions).length > operationsMax) {
        return [new GraphQLError(`A socket has ${operationsMax} operations open at most.`, { extensions: { code: "TOO_MANY_OPERATIONS" } })];
      }
      const prepared = gateway.prepare(payload.query);
      if ("errors" in prepared) return prepared.errors;
      const { query, variables, operationName } = payload;
      const asked = { query, variables: variables ?? undefined, operationName: operationName ?? undefined };
      const args: Args = {
        schema: gateway.schema,
        document: prepared.document,
        ...(asked.operationName !== undefined && { operationName: asked.operationName }),
        asked,
        viewer: context.extra.viewer,
      };
      return args;
    },
    execute: (args) => {
      const { asked, document, viewer } = args as Args;
      return gateway.run(asked, document, viewer);
    },
    subscribe: async (args) => {
      const { asked, document, viewer } = args as Args;
      const { variables, operationName } = asked;
      const results = await gateway.subscribe({ document, variables, operationName, viewer });
      return "next" in results ? resultsOnly(results) : results;
    },
  });

  const onUpgrade = (request: IncomingMessage, socket: import("node:stream").Duplex, head: Buffer) => {
    if (new URL(request.url ?? "/", "http://localhost").pathname !== path) {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket));
  };

  const serve = (webSocket: WebSocket) => {
    let isAlive = true;
    const alive = setInterval(() => {
      if (!isAlive) return webSocket.terminate();
      isAlive = false;
      webSocket.ping();
    }, keepAliveMs);
    webSocket.on("pong", () => {
      isAlive = true;
    });
    webSocket.on("error", (error) => log.debug({ err: error }, "a socket broke"));
    const closed = protocol.opened(
      {
        protocol: webSocket.protocol,
        // Resolves when it has gone to the system: until then nothing more is taken from the stream.
        send: (data) => new Promise((resolve, reject) => webSocket.send(data, (error) => (error ? reject(error) : resolve()))),
        close: (code, reason) => webSocket.close(code, reason),
        onMessage: (handle) => {
          webSocket.on("message", (data) => {
            handle(String(data)).catch((error: unknown) => {
              log.error({ err: error }, "a socket's message failed");
              webSocket.close(CloseCode.InternalServerError, "Something broke here. Connect again.");
            });
          });
        },
      },
      { viewer: null },
    );
    webSocket.once("close", (code, reason) => {
      clearInterval(alive);
      void closed(code, String(reason));
    });
  };

  server.on("upgrade", onUpgrade);
  return {
    [Symbol.asyncDispose]: async () => {
      server.off("upgrade", onUpgrade);
      for (const webSocket of sockets.clients) webSocket.close(1001, "Going away. Connect again.");
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
      for (const webSocket of sockets.clients) webSocket.terminate();
    },
  };
}

/** graphql-ws sends what it is given; the items are for SSE, which has ids. */
function resultsOnly(
  results: AsyncIterableIterator<{ readonly result: ExecutionResult }, undefined>,
): AsyncIterableIterator<ExecutionResult, undefined> {
  return {
    next: async () => {
      const step = await results.next();
      return step.done ? step : { done: false, value: step.value.result };
    },
    return: async () => {
      await results.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
