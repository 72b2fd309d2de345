// Requests of other platforms, under `/f/`: read, handed to federation, answered.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Endpoints } from "../federation/endpoints.ts";
import { BadRequestError, readBytes } from "./body.ts";

export async function answerPeer(
  endpoints: Endpoints,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "/", headers, socket } = request;
  const {
    status,
    headers: answered,
    json,
  } = await endpoints({
    method,
    target: url,
    headers: { get: (name) => textOf(headers[name]) },
    body: (maxBytes) =>
      readBytes(request, maxBytes).catch((error: unknown) => {
        if (error instanceof BadRequestError && error.status === 413) return null;
        throw error;
      }),
    source: socket.remoteAddress ?? "",
  });
  const text = json === null ? "" : JSON.stringify(json);
  response.writeHead(status, { ...answered, ...(text !== "" && { "content-length": Buffer.byteLength(text) }) });
  response.end(text);
}

// RFC 9421 §2.1: lines of one name are one, with commas between.
const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === "string" ? header : header?.join(", ");
