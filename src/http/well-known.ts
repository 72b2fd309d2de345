// GET /.well-known/parley: what this platform says of itself, to anybody (RFC 8615).
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Told {
  readonly document: object;
  /** How long it may be kept. */
  readonly maxAgeMs: number;
}

export const wellKnownPath = "/.well-known/parley";

export async function answerWellKnown(
  request: IncomingMessage,
  response: ServerResponse,
  read: () => Promise<Told>,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD", "cache-control": "no-store" });
    response.end();
    return;
  }
  const { document, maxAgeMs } = await read();
  const text = JSON.stringify(document);
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": `public, max-age=${maxAgeMs / 1_000}`,
    // Public by its nature: a page may look at it too.
    "access-control-allow-origin": "*",
  });
  // Node sends no body to HEAD.
  response.end(text);
}
