// GraphQL over WebSocket: the graphql-transport-ws protocol. Queries, mutations and subscriptions on one socket.
import { AsyncResource } from "node:async_hooks";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Viewer } from "../accounts/accounts.ts";
import { bearerToken, type Gateway, type OperationRequest } from "../graphql/gateway.ts";
import type { LiveResults } from "../graphql/live-execution.ts";
import type { Logger } from "../observe/logger.ts";
import { bodyBytesMax } from "./body.ts";
import { resultBytes } from "./result-bytes.ts";
import { textFrame } from "./text-frame.ts";
import type { TokenWatch } from "./token-watch.ts";
import { untilDrained } from "./until-drained.ts";

/** What a socket is remembered with. Without graphql-ws's own `extra.request`, an idle subscription takes less than half. */
interface Extra {
  /** Looked at anew for each operation: it may have run out meanwhile. */
  token: string | null;
  /** Sends text. Undefined where there is room for more; else resolves when there is, or nobody to send it to. */
  send(text: string): Promise<void> | undefined;
  /** The same of a text that is there in pieces of its bytes. */
  sendPieces(pieces: readonly Buffer[]): Promise<void> | undefined;
  /** Closes the socket once the token is not valid any more. */
  watch(token: string): void;
  /** Its streams. graphql-ws knows one for each id, and an id can be used anew while the first is being looked up. */
  readonly streams: Set<LiveResults>;
  /** Closes the socket so that the client comes again: something broke here. */
  fail(error: unknown): void;
}

type Args = ExecutionArgs & {
  readonly asked: OperationRequest;
  readonly viewer: Viewer | null;
  readonly id: string;
  readonly extra: Extra;
};

/** Characters of an operation's id. */
const idMax = 100;
/** What waits to be sent on a socket at most, in bytes, before one more message. */
const unsentBytesMax = 32 * 1024 * 1024;
/** Operations that one socket may have open. */
const operationsMax = 500;
const keepAliveMs = 20_000;
/** A client has this long to send `connection_init`. */
const initWithinMs = 10_000;
/** And this long to answer that the socket is closed. */
const closeWithinMs = 1_000;

export interface WebSocketOptions {
  readonly gateway: Gateway;
  readonly tokens: TokenWatch;
  readonly log: Logger;
  /** How long queries and mutations in flight may take when it is to stop. */
  readonly stopWithinMs: number;
}

/** Disposing waits for the queries and mutations in flight, then closes all with 1001 (going away): clients come again. */
export interface WebSockets extends AsyncDisposable {
  /** Takes over the connection of a request that asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export function graphqlOverWebSocket({ gateway, tokens, log, stopWithinMs }: WebSocketOptions): WebSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: bodyBytesMax,
    handleProtocols,
    perMessageDeflate: false,
  });
  const running = new Set<Promise<unknown>>();
  let isStopping = false;

  const protocol = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: initWithinMs,
    onConnect: async (context) => {
      const { token, ...others } = context.connectionParams ?? {};
      // As a header's, the case of its name does not count.
      const [, authorization] = Object.entries(others).find(([name]) => name.toLowerCase() === "authorization") ?? [];
      const given =
        typeof token === "string" ? token : typeof authorization === "string" ? bearerToken(authorization) : null;
      // graphql-ws would keep them for as long as the socket lives, and whoever connects decides how large they are.
      delete (context as { connectionParams?: unknown }).connectionParams;
      if (given === null) return true;
      try {
        await gateway.signIn(given);
        context.extra.token = given;
        context.extra.watch(given);
        return true;
      } catch (error) {
        // 4403: the client must not try again with the same token.
        if (error instanceof GraphQLError) return false;
        throw error;
      }
    },
    onSubscribe: async (context, id, payload) => {
      if (id.length > idMax) return [refusal("BAD_USER_INPUT", `An operation's id has ${idMax} characters at most.`)];
      if (isStopping) return [refusal("STOPPING", "This process is stopping. Connect again.")];
      if (Object.keys(context.subscriptions).length > operationsMax) {
        return [refusal("TOO_MANY_OPERATIONS", `A socket has ${operationsMax} operations open at most.`)];
      }
      const { query, variables, operationName } = payload;
      const asked = { query, variables: variables ?? undefined, operationName: operationName ?? undefined };
      const prepared = gateway.prepare(asked);
      if ("errors" in prepared) return prepared.errors;
      const { token } = context.extra;
      const viewer = token === null ? null : await signedIn(token);
      if (viewer instanceof GraphQLError) return [viewer];
      const args: Args = {
        schema: gateway.schema,
        document: prepared.document,
        ...(asked.operationName !== undefined && { operationName: asked.operationName }),
        asked,
        viewer,
        id,
        extra: context.extra,
      };
      return args;
    },
    execute: (args) => {
      const { asked, document, viewer } = args as Args;
      const run: Promise<ExecutionResult> = gateway.run(asked, document, viewer).finally(() => running.delete(run));
      running.add(run);
      return run;
    },
    subscribe: async (args) => {
      const { asked, document, viewer, id, extra } = args as Args;
      const { variables, operationName } = asked;
      const results = await gateway.subscribe({ document, variables, operationName, viewer });
      return "each" in results ? sending(results, id, extra) : results;
    },
    // graphql-ws would send back what came with it, however much that is.
    onPing: ({ extra }) => extra.send('{"type":"pong"}'),
  });

  const signedIn = async (token: string): Promise<Viewer | GraphQLError> => {
    try {
      return await gateway.signIn(token);
    } catch (error) {
      if (error instanceof GraphQLError) return error;
      throw error;
    }
  };

  const serve = (webSocket: WebSocket, connection: Duplex) => {
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
    let watched: Disposable | null = null;
    const watch = (token: string) => {
      // It may have gone while its token was looked up.
      if (webSocket.readyState !== WebSocket.OPEN) return;
      watched = tokens.watch(token, () => webSocket.close(CloseCode.Forbidden, "This token is not valid any more."));
    };
    const send = (text: string) => {
      // Whoever asks on without reading the answers would fill the memory.
      if (webSocket.bufferedAmount > unsentBytesMax) webSocket.terminate();
      webSocket.send(text);
      return untilDrained(connection);
    };
    // Beside ws, which would write each frame in two steps: to 5,000 sockets, that took 89 ms instead of 63. Its own frames
    // are written whole, for nothing is compressed, so that ours stand between them.
    const sendPieces = (pieces: readonly Buffer[]) => {
      if (webSocket.readyState !== WebSocket.OPEN) return undefined;
      connection.write(textFrame(pieces));
      return untilDrained(connection);
    };
    const streams = new Set<LiveResults>();
    const fail = (error: unknown) => {
      log.error({ err: error }, "a socket's message or stream failed");
      webSocket.close(CloseCode.InternalServerError, "Something broke here. Connect again.");
    };
    const closed = protocol.opened(
      {
        protocol: webSocket.protocol,
        send,
        close: (code, reason) => webSocket.close(code, reason),
        onMessage: (handle) => {
          // As part of the request that it was opened by: else they would be part of none.
          const take = AsyncResource.bind((data: RawData) => {
            handle(String(data)).catch((error: unknown) => {
              // graphql-ws's way to say that the client sent what only we may send, as `next`.
              if (error instanceof Error && error.message.startsWith("Unexpected message of type")) {
                return webSocket.close(CloseCode.BadRequest, "Invalid message received");
              }
              fail(error);
            });
          });
          webSocket.on("message", (data) => take(data));
        },
      },
      { token: null, send, sendPieces, watch, streams, fail },
    );
    webSocket.once("close", (code, reason) => {
      clearInterval(alive);
      watched?.[Symbol.dispose]();
      for (const stream of streams) stream.end();
      closed(code, String(reason)).catch((error: unknown) =>
        log.error({ err: error }, "a closed socket could not be let go of"),
      );
    });
  };

  return {
    upgrade: (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, socket)),
    [Symbol.asyncDispose]: async () => {
      isStopping = true;
      await within(stopWithinMs, Promise.allSettled(running));
      const closed = new Promise<void>((resolve) => sockets.close(() => resolve()));
      for (const webSocket of sockets.clients) webSocket.close(1001, "Going away. Connect again.");
      await within(closeWithinMs, closed);
      for (const webSocket of sockets.clients) webSocket.terminate();
      await closed;
    },
  };
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** Resolves when the promise has, and what waits for it has gone on; or when the time is over. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Sends each result itself, and tells graphql-ws only of the end: it would check and write each result anew for every
 * subscriber.
 */
function sending(results: LiveResults, id: string, extra: Extra): AsyncIterableIterator<never, undefined> {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  const tail = Buffer.from("}");
  const end = () => {
    extra.streams.delete(results);
    results.end();
  };
  extra.streams.add(results);
  return {
    next: async () => {
      try {
        await results.each(({ result }) => extra.sendPieces([head, resultBytes(result), tail]));
      } catch (error) {
        // Not told as an error of the operation, which would be its end: a client that comes again misses nothing.
        extra.fail(error);
      }
      end();
      return { done: true, value: undefined };
    },
    return: async () => {
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
