// The port that Prometheus asks: `/metrics`, and `/healthz` for processes that serve nothing else. On a port of its own,
// for behind a proxy on this machine every request comes from it, and whom the proxy lets through is not ours to know.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CollectedMetrics } from "../observe/metrics.ts";
import { explainListening, type Listening } from "./listen.ts";

export interface ListenMetricsOptions {
  readonly metrics: CollectedMetrics;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Serves until disposed. */
export async function listenMetrics({ metrics, host, port }: ListenMetricsOptions): Promise<Listening> {
  const server = createServer({ requestTimeout: 10_000, keepAliveTimeout: 65_000 }, async (request, response) => {
    const path = request.url?.split("?", 1)[0];
    const [status, type, text] =
      path === "/metrics"
        ? [200, metrics.contentType, await metrics.text()]
        : path === "/healthz"
          ? [200, "text/plain; charset=utf-8", "ok\n"]
          : [404, "text/plain; charset=utf-8", "Not found. Metrics are at /metrics.\n"];
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
    response.end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explainListening(error, host, port, "PARLEY_METRICS_PORT")));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
