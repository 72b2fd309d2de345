// Hosts on this machine, well and ill behaved, and the client that asks them.
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer, type RequestOptions } from "node:https";
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from "node:net";
import { createOutgoing, type Outgoing, type OutgoingRequest } from "../../src/net/outgoing.ts";
import { OutgoingError } from "../../src/net/outgoing-error.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Certificate } from "../support/certificate.ts";

export interface Host extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
  /** So far; those that are still open. */
  readonly connections: { all: number; readonly open: Set<Socket> };
  /** `METHOD PATH` */
  readonly requests: string[];
}

/** A host that answers as told; over TLS where it has a certificate. */
export async function startHost(answer: RequestListener, certificate?: Certificate): Promise<Host> {
  const server = certificate ? createTlsServer(certificate) : createServer();
  const requests: string[] = [];
  server.on("request", (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  return { ...(await listening(server, certificate ? "https" : "http")), requests };
}

/** A host that does with a connection whatever `talk` does, as soon as something came in on it. */
export async function startRawHost(talk: (socket: Socket) => void): Promise<Host> {
  const server = createRawServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => talk(socket));
  });
  return { ...(await listening(server, "http")), requests: [] };
}

async function listening(server: Server, scheme: string): Promise<Omit<Host, "requests">> {
  const connections = { all: 0, open: new Set<Socket>() };
  server.on("connection", (socket) => {
    connections.all++;
    connections.open.add(socket);
    socket.once("close", () => connections.open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `${scheme}://127.0.0.1:${port}`,
    connections,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of connections.open) socket.destroy();
      await closed;
    },
  };
}

/** When no connection to the host is left: the client has let go of them. */
export async function allClosed({ connections }: Host): Promise<void> {
  await Promise.all(Array.from(connections.open, (socket) => new Promise((done) => socket.once("close", done))));
}

/** A client for which `b.localhost` is this host, and other names the others. */
export function outgoingTo(host: Host, others: Readonly<Record<string, Host>> = {}): Outgoing {
  const peers = new Map(Object.entries({ "b.localhost": host, ...others }).map(([name, { origin }]) => [name, origin]));
  return createOutgoing({ peers, log: silentLogger });
}

export function ask(changed: Partial<Omit<OutgoingRequest, "url">> & { readonly url?: string } = {}): OutgoingRequest {
  const plain = { method: "GET", headers: {}, body: null, timeoutMs: 20_000, maxAnswerBytes: 1_000 };
  return { ...plain, ...changed, url: new URL(changed.url ?? "https://b.localhost/") };
}

/** Of what the request fails with; null where it does not. */
export async function kindOf(answer: Promise<unknown>): Promise<string | null> {
  try {
    await answer;
    return null;
  } catch (error) {
    if (error instanceof OutgoingError) return error.kind;
    throw error;
  }
}

/**
 * A client whose Internet is one host: wherever a connection would go that the guard let through, it goes there.
 * `connected` says where that was: addresses and port.
 */
export function outgoingOnInternet(host: Host, resolveHost: (name: string) => Promise<readonly string[]>) {
  const connected: string[] = [];
  const reroute = (options: RequestOptions): RequestOptions => ({
    ...options,
    port: host.port,
    lookup: (name, wanted, callback) =>
      options.lookup?.(name, wanted, (error, addresses) => {
        if (error || !Array.isArray(addresses)) return callback(error, addresses);
        connected.push(`${addresses.map(({ address }) => address).join(" or ")} port ${options.port}`);
        callback(null, [{ address: "127.0.0.1", family: 4 }]);
      }),
  });
  return { connected, outgoing: createOutgoing({ peers: new Map(), log: silentLogger, resolveHost, reroute }) };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
