// Answers a request with a result of GraphQL, in the media types of GraphQL over HTTP.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";

/** How a client wants its answer. */
export interface Accepted {
  /** In `application/json`, what went wrong in the document is told with status 200: clients of that type expect it. */
  readonly mediaType: "application/json" | "application/graphql-response+json";
  readonly isStream: boolean;
  /** Whether nothing but a stream is taken, even for one result. */
  readonly isOnlyStream: boolean;
}

/** Reads the `Accept` header; without one, `application/json` it is (GraphQL over HTTP, "Legacy watershed"). */
export function acceptedBy(request: IncomingMessage): Accepted {
  const accept = request.headers.accept?.toLowerCase() ?? "";
  const isStream = accept.includes("text/event-stream");
  const isOnlyStream = isStream && !accept.includes("json");
  const isResponseJson = isOnlyStream || accept.includes("application/graphql-response+json");
  return {
    mediaType: isResponseJson ? "application/graphql-response+json" : "application/json",
    isStream,
    isOnlyStream,
  };
}

export function answerResult(response: ServerResponse, { mediaType }: Accepted, result: ExecutionResult): void {
  answerJson(response, statusOf(result, mediaType), mediaType, result);
}

export function answerJson(
  response: ServerResponse,
  status: number,
  mediaType: Accepted["mediaType"],
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": `${mediaType}; charset=utf-8`,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...headers,
  });
  response.end(text);
}

function statusOf({ data, errors }: ExecutionResult, mediaType: Accepted["mediaType"]): number {
  if (data != null || !errors) return 200;
  const codes = errors.map(({ extensions }) => extensions["code"]);
  if (codes.includes("INTERNAL_SERVER_ERROR")) return 500;
  if (codes.includes("UNAUTHENTICATED")) return 401;
  // Without `data` nothing was executed.
  return data === undefined && mediaType === "application/graphql-response+json" ? 400 : 200;
}
