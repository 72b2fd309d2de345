// The guarded client: all that this platform asks of others over HTTP goes through it, and nothing leads it to this
// machine or to the networks around it.
import type { Logger } from "../observe/logger.ts";
import { openConnections, type Reroute } from "./connections.ts";
import { type Answer, exchange } from "./exchange.ts";
import { createLimitPerKey } from "./limit-per-key.ts";
import { OutgoingError, outgoingErrorOf } from "./outgoing-error.ts";
import { type ResolveHost, resolveByDns } from "./resolve-host.ts";

export interface OutgoingRequest {
  readonly method: string;
  /** `https://HOST/…`, also of a peer that is really elsewhere. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** For all of it: waiting for a connection, DNS, TLS, and up to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Of the answer's body. */
  readonly maxAnswerBytes: number;
  readonly signal?: AbortSignal;
}

export interface Outgoing extends AsyncDisposable {
  /**
   * Sends one request, once: nothing is repeated and no redirect followed.
   * @throws OutgoingError, or the signal's reason
   */
  send(request: OutgoingRequest): Promise<Answer>;
}

/** Connections to one host, in use or kept for the next request. What comes on top waits. */
const connectionsPerHost = 8;

const maxHeaderBytes = 16_384;

/**
 * Opens the client. It asks `https` on port 443 alone, names that may be somebody's on the Internet, at addresses of the
 * Internet. It uses no proxy that the environment names.
 * @param peers for development: hosts, with the origins (`http://127.0.0.1:4002`) where they really are, for which none of this holds
 */
export function createOutgoing({
  peers,
  log,
  resolveHost = resolveByDns(),
  reroute = (options) => options,
}: {
  readonly peers: ReadonlyMap<string, string>;
  readonly log: Logger;
  readonly resolveHost?: ResolveHost;
  readonly reroute?: Reroute;
}): Outgoing {
  const connections = openConnections(peers, resolveHost, reroute);
  const connectionLimit = createLimitPerKey(connectionsPerHost);

  const ask = async (request: OutgoingRequest, signal: AbortSignal): Promise<Answer> => {
    const { method, url, body, maxAnswerBytes } = request;
    using _place = await connectionLimit.take(url.hostname, signal);
    const headers: Record<string, string> = { ...request.headers, host: url.host, "accept-encoding": "identity" };
    if (body !== null) headers["content-length"] = String(body.length);
    const path = url.pathname + url.search;
    const begun = connections.begin(url, { method, path, headers, signal, maxHeaderSize: maxHeaderBytes });
    return await exchange(begun, body, maxAnswerBytes);
  };

  const askInTime = async (request: OutgoingRequest, stop: AbortController): Promise<Answer> => {
    const { url, method, timeoutMs, signal } = request;
    const startedAt = performance.now();
    const late = () => stop.abort(new OutgoingError("timeout", `${url.hostname}: no answer within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    const giveUp = () => stop.abort(signal?.reason);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    const asked = () => ({ host: url.hostname, method, durationMs: Math.round(performance.now() - startedAt) });
    try {
      const answer = await ask(request, stop.signal);
      log.debug({ ...asked(), status: answer.status }, "answered");
      return answer;
    } catch (error) {
      const fault: unknown = stop.signal.aborted ? stop.signal.reason : outgoingErrorOf(error, url.hostname);
      log.debug({ ...asked(), err: fault }, "not answered");
      throw fault;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  };

  const running = new Map<AbortController, Promise<unknown>>();
  let isOpen = true;
  return {
    send: (request) => {
      const stop = new AbortController();
      if (!isOpen) stop.abort(stopping());
      const over = askInTime(request, stop).finally(() => running.delete(stop));
      running.set(stop, over);
      return over;
    },
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
      const last = [...running];
      for (const [stop] of last) stop.abort(stopping());
      await Promise.allSettled(last.map(([, over]) => over));
      connections[Symbol.dispose]();
    },
  };
}

const stopping = () => new OutgoingError("broken", "this process is stopping");
