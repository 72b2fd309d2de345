// What a subscription goes over: a WebSocket, or a stream of server-sent events.

export type TransportName = "webSocket" | "eventStream";

export interface Subscribing {
  /** Ends it without an error. */
  readonly signal: AbortSignal;
  /** Called once, when the platform has taken the connection. */
  onConnected(over: TransportName): void;
}

export interface Transport {
  /**
   * What the platform answers to a subscription, as `data`. Ends when the platform ends it, or when more waits than is kept:
   * subscribe anew after the last cursor.
   * @throws ParleyError where the platform refuses, or the connection breaks
   */
  subscribe(document: string, variables: object, subscribing: Subscribing): AsyncGenerator<unknown, void, undefined>;
  /** Closes what it holds open. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly endpoint: URL;
  readonly token: string | undefined;
}

/** How long the platform has to take a connection. */
export const connectWithinMs = 10_000;

/**
 * Over a WebSocket; and where one cannot be opened, in turns over either. A proxy that lets no socket through does so always:
 * so what was connected last is tried first, unless a socket was ever open.
 */
export function eitherTransport(webSocket: Transport, eventStream: Transport): Transport {
  let isSocketPossible = false;
  let usesEventStream = false;
  return {
    async *subscribe(document, variables, { signal, onConnected }) {
      let isConnected = false;
      try {
        const transport = usesEventStream ? eventStream : webSocket;
        yield* transport.subscribe(document, variables, {
          signal,
          onConnected: (over) => {
            isConnected = true;
            isSocketPossible ||= over === "webSocket";
            onConnected(over);
          },
        });
      } finally {
        if (!isConnected && !signal.aborted) usesEventStream = !usesEventStream;
        else if (isSocketPossible) usesEventStream = false;
      }
    },
    close: async () => {
      await Promise.all([webSocket.close(), eventStream.close()]);
    },
  };
}
