// Subscriptions over one WebSocket (graphql-transport-ws) that is opened with the first and closed after the last.
import { type Client, createClient } from "graphql-ws/client";
import { type AnswerError, errorOf, ParleyError, unreachable } from "./parley-error.ts";
import { connectWithinMs, type Transport, type TransportOptions } from "./transport.ts";

export interface WebSocketOptions extends TransportOptions {
  /** A class like the browser's. Default: that, or Node's. */
  readonly WebSocket: unknown;
}

/** How often the platform is asked whether it is there, and how long it has to say so: a dead connection says nothing. */
const pingEveryMs = 15_000;
const pongWithinMs = 10_000;
/** Answers that wait for a slow reader. The platform cannot know of them, so a socket with more is let go of. */
const waitingMax = 1_000;

export function overWebSocket({ endpoint, token, WebSocket }: WebSocketOptions): Transport {
  const url = new URL(endpoint);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  /** Who waits for the socket; null while it is open. */
  let waitingToConnect: Set<() => void> | null = new Set();
  let deadline: ReturnType<typeof setTimeout> | undefined;
  let client: Client | undefined;
  const terminateIn = (ms: number) => {
    clearTimeout(deadline);
    deadline = setTimeout(() => client?.terminate(), ms);
  };
  const lost = () => {
    clearTimeout(deadline);
    waitingToConnect ??= new Set();
  };
  const open = (): Client =>
    createClient({
      url: url.href,
      ...(token !== undefined && { connectionParams: { token } }),
      ...(WebSocket !== undefined && { webSocketImpl: WebSocket }),
      // Whoever reads tries again: only they know after which cursor to go on.
      retryAttempts: 0,
      keepAlive: pingEveryMs,
      on: {
        connecting: () => terminateIn(connectWithinMs),
        connected: () => {
          clearTimeout(deadline);
          const waiting = waitingToConnect ?? [];
          waitingToConnect = null;
          for (const connected of waiting) connected();
        },
        ping: (isReceived) => isReceived || terminateIn(pongWithinMs),
        pong: (isReceived) => isReceived && clearTimeout(deadline),
        closed: lost,
        error: lost,
      },
    });

  return {
    async *subscribe(query, variables, { signal, onConnected }) {
      if (signal.aborted) return;
      const waiting: unknown[] = [];
      const end: { isThere: boolean; fault: ParleyError | null } = { isThere: false, fault: null };
      let wake = () => {};
      const finish = (fault: ParleyError | null) => {
        if (!end.isThere) Object.assign(end, { isThere: true, fault });
        wake();
      };
      const stop = () => finish(null);
      const connected = () => onConnected("webSocket");
      signal.addEventListener("abort", stop);
      let unsubscribe = () => {};
      try {
        client ??= open();
        if (waitingToConnect) waitingToConnect.add(connected);
        else connected();
        unsubscribe = client.subscribe<unknown>(
          { query, variables: { ...variables } },
          {
            next: ({ data, errors }) => {
              if (end.isThere) return;
              if (errors) return finish(errorOf(errors));
              if (waiting.length >= waitingMax) return finish(null);
              waiting.push(data);
              wake();
            },
            error: (fault) => finish(faultOf(fault)),
            complete: stop,
          },
        );
        while (!signal.aborted) {
          if (waiting.length > 0) yield waiting.shift();
          else if (end.isThere) break;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } catch (fault) {
        throw faultOf(fault);
      } finally {
        signal.removeEventListener("abort", stop);
        waitingToConnect?.delete(connected);
        unsubscribe();
      }
      if (end.fault && !signal.aborted) throw end.fault;
    },
    close: async () => {
      // One that is not open yet is not waited for.
      if (waitingToConnect) client?.terminate();
      else await client?.dispose();
    },
  };
}

/** graphql-ws throws what the platform said as a list, and a broken connection as the event that closed it. */
function faultOf(fault: unknown): ParleyError {
  if (fault instanceof ParleyError) return fault;
  if (Array.isArray(fault)) return errorOf(fault.filter(isAnswerError));
  const code = typeof fault === "object" && fault !== null && "code" in fault ? fault.code : null;
  // Forbidden: what the platform closes a socket with whose token it does not know.
  return code === 4403
    ? new ParleyError("UNAUTHENTICATED", "This token is not valid (any more). Get a new one.", { cause: fault })
    : unreachable("The connection broke, or could not be made.", fault);
}

function isAnswerError(error: unknown): error is AnswerError {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}
