// Requests of other platforms, under `/f/`: read, handed to federation, answered.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Endpoints, type PeerAnswer, problem } from "../federation/endpoints.ts";
import type { Logger } from "../observe/logger.ts";
import { BadRequestError, readBytes } from "./body.ts";
import { sourceOf } from "./source-of.ts";

export interface AnswerPeerOptions {
  readonly endpoints: Endpoints;
  /** As of `sourceOf`. */
  readonly isProxyTrusted: boolean;
  readonly log: Logger;
}

export async function answerPeer(
  options: AnswerPeerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, json } = await ask(options, request);
  const text = json === null ? "" : JSON.stringify(json);
  response.writeHead(status, { ...headers, ...(text !== "" && { "content-length": Buffer.byteLength(text) }) });
  response.end(text);
}

async function ask(
  { endpoints, isProxyTrusted, log }: AnswerPeerOptions,
  request: IncomingMessage,
): Promise<PeerAnswer> {
  const { method = "GET", url = "/", headers } = request;
  try {
    return await endpoints({
      method,
      target: url,
      headers: { get: (name) => textOf(headers[name]) },
      body: (maxBytes) =>
        readBytes(request, maxBytes).catch((error: unknown) => {
          if (error instanceof BadRequestError && error.status === 413) return null;
          throw error;
        }),
      source: sourceOf(request, isProxyTrusted),
    });
  } catch (error) {
    // It broke off: mostly nobody is left to be told.
    if (error instanceof BadRequestError) return problem(400, "MALFORMED", error.message);
    // What went wrong is nobody's else; the line in the log has the id that the answer has.
    log.error({ err: error }, "could not answer another platform");
    return problem(500, "FAULT", "This platform could not do it, and has logged why. Send it again later.");
  }
}

// RFC 9421 §2.1: lines of one name are one, with commas between.
const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === "string" ? header : header?.join(", ");
