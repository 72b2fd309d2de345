// Where a request goes, and over which connection: the guard is part of how guarded ones are made.
import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from "node:http";
import { type AgentOptions, Agent as HttpsAgent, type RequestOptions, request as requestHttps } from "node:https";
import { checkUrl } from "./guarded-url.ts";
import { guardedLookUp, type ResolveHost } from "./resolve-host.ts";

export interface Connections extends Disposable {
  /**
   * Begins a request, on a connection that is kept from an earlier one or on a new one.
   * @throws OutgoingError "forbidden" for a URL that is none to be asked
   */
  begin(url: URL, options: RequestOptions): ClientRequest;
}

/** Changes a connection after the guard: a test has no Internet to connect to. */
export type Reroute = (options: RequestOptions) => RequestOptions;

/** How long an unused connection is kept: less than hosts keep theirs (5 s and more), so that none closes just as it is used. */
const idleMs = 4_000;

const agentOptions: AgentOptions = {
  keepAlive: true,
  timeout: idleMs,
  // A host with several addresses: the next one is tried when the last did not connect for so long.
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: 1_000,
  // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
  rejectUnauthorized: true,
};

/** @param peers hosts that are really at another origin, for which the guard does not hold */
export function openConnections(
  peers: ReadonlyMap<string, string>,
  resolveHost: ResolveHost,
  reroute: Reroute,
): Connections {
  // The look-up is the agent's, so a connection that was made without it is never kept for a request that needs it.
  const guarded = new HttpsAgent({ ...agentOptions, lookup: guardedLookUp(resolveHost) });
  guarded.createConnection = (options, callback) =>
    HttpsAgent.prototype.createConnection.call(guarded, reroute(options), callback);
  const [toPeers, toPeersOverTls] = [new HttpAgent(agentOptions), new HttpsAgent(agentOptions)];
  return {
    begin: (url, options) => {
      // The name that a host has to prove is the one that was asked for, wherever a peer really is.
      const named = { ...options, servername: url.hostname };
      const origin = peers.get(url.hostname);
      if (origin === undefined) {
        checkUrl(url);
        return requestHttps({ ...named, agent: guarded, host: url.hostname, port: 443 });
      }
      const { protocol, hostname, port } = new URL(origin);
      const there = { host: hostname.replace(/^\[|\]$/g, ""), port };
      return protocol === "https:"
        ? requestHttps({ ...named, agent: toPeersOverTls, ...there })
        : requestHttp({ ...options, agent: toPeers, ...there });
    },
    [Symbol.dispose]: () => {
      for (const agent of [guarded, toPeers, toPeersOverTls]) agent.destroy();
    },
  };
}
