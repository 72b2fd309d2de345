// Subscriptions over server-sent events, one request each: for where no WebSocket gets through.
import { dataOf, dataOfText } from "./answer.ts";
import { ParleyError, unreachable } from "./parley-error.ts";
import { connectWithinMs, type Transport, type TransportOptions } from "./transport.ts";

export interface EventStreamOptions extends TransportOptions {
  readonly fetch: typeof globalThis.fetch;
}

/** The platform says every 15 s that it lives. */
const silentMsMax = 45_000;

export function overEventStream({ endpoint, token, fetch }: EventStreamOptions): Transport {
  return {
    async *subscribe(query, variables, { signal, onConnected }) {
      if (signal.aborted) return;
      const request = new AbortController();
      const stop = () => request.abort();
      signal.addEventListener("abort", stop);
      /** Waits for what comes over the network, but not for ever. */
      const within = async <Result>(ms: number, promise: Promise<Result>): Promise<Result> => {
        const timer = setTimeout(stop, ms);
        try {
          return await promise;
        } finally {
          clearTimeout(timer);
        }
      };
      try {
        const asked = fetch(endpoint, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "text/event-stream",
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ query, variables }),
          signal: request.signal,
        });
        const response = await within(connectWithinMs, asked);
        const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
        if (!(isStream && response.body)) {
          await within(connectWithinMs, dataOf(response));
          throw new ParleyError("BAD_ANSWER", `${endpoint.href} answered, but not with a stream.`);
        }
        onConnected("eventStream");
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        for (;;) {
          const { done, value } = await within(silentMsMax, reader.read());
          if (done) return;
          const blocks = (text + value).split(/\r?\n\r?\n/);
          text = blocks.pop() ?? "";
          for (const block of blocks) {
            if (/^event: ?complete\r?$/m.test(block)) return;
            const data = /^data: ?(.+)$/m.exec(block)?.[1];
            if (data !== undefined) yield dataOfText(data);
          }
        }
      } catch (cause) {
        if (signal.aborted) return;
        if (cause instanceof ParleyError) throw cause;
        throw unreachable("The connection broke, or could not be made.", cause);
      } finally {
        signal.removeEventListener("abort", stop);
        request.abort();
      }
    },
    close: async () => {},
  };
}
