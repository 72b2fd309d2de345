// GraphQL over server-sent events, in the "distinct connections" mode of graphql-sse's protocol: events `next` and
// `complete`, one operation per request. The id of an event is its cursor, so that a reconnect (Last-Event-ID) resumes.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { bearerToken, type Gateway, operationType } from "../graphql/gateway.ts";
import type { LiveResult } from "../graphql/live-execution.ts";
import { encodeCursor } from "../graphql/stream-cursor.ts";
import { BadRequestError, readJson } from "./body.ts";
import type { Handle } from "./graphql-over-http.ts";
import { operationFromQuery, operationRequest } from "./operation-request.ts";

/** How often a silent stream says that it lives: proxies cut what is silent for a minute. */
const heartbeatMs = 15_000;

export function wantsEventStream(request: IncomingMessage): boolean {
  return request.headers.accept?.toLowerCase().includes("text/event-stream") ?? false;
}

/** @param open streams that are to be ended when the process stops */
export function graphqlOverSse(gateway: Gateway, open: Set<() => void>): Handle {
  return async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (request.method !== "GET" && request.method !== "POST") throw new BadRequestError(405, "Use GET or POST.");
    const asked = request.method === "GET" ? operationFromQuery(url.searchParams) : operationRequest(await readJson(request));
    const token = bearerToken(request.headers.authorization);
    const viewer = token === null ? null : await gateway.signIn(token);
    const prepared = gateway.prepare(asked.query);
    if ("errors" in prepared) return answer(response, 400, { errors: prepared.errors });
    const type = operationType(prepared.document, asked.operationName);
    if (type === null) throw new BadRequestError(400, "The document has no operation of this name.");
    // A link must not change anything (RFC 9110 §9.2.1).
    if (type === "mutation" && request.method === "GET") throw new BadRequestError(405, "Send mutations by POST.");

    if (type !== "subscription") {
      begin(response);
      response.end(next(await gateway.run(asked, prepared.document, viewer)) + complete);
      return;
    }
    const resumeAfter = request.headers["last-event-id"];
    const results = await gateway.subscribe({
      document: prepared.document,
      variables: asked.variables,
      operationName: asked.operationName,
      viewer,
      resumeAfter: typeof resumeAfter === "string" && resumeAfter !== "" ? resumeAfter : null,
    });
    if (!("next" in results)) return answer(response, statusOf(results), results);
    await stream(response, results, open);
  };
}

async function stream(
  response: ServerResponse,
  results: AsyncIterableIterator<LiveResult, undefined>,
  open: Set<() => void>,
): Promise<void> {
  begin(response);
  const end = () => void results.return?.();
  open.add(end);
  response.once("close", end);
  const heartbeat = setInterval(() => response.write(":\n\n"), heartbeatMs);
  try {
    for await (const { result, item } of results) {
      const id = item.kind === "event" ? `id: ${encodeCursor(item.event.recordedUs)}\n` : "";
      // Not on, before this has gone: what comes meanwhile waits where it is bounded.
      if (!response.write(id + next(result)) && !response.destroyed) await Promise.race([once(response, "drain"), once(response, "close")]);
    }
    if (!response.destroyed) response.end(complete);
  } finally {
    clearInterval(heartbeat);
    open.delete(end);
  }
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" });
  // Headers now: a client waits for them to know that it is subscribed.
  response.flushHeaders();
}

function next(result: ExecutionResult): string {
  return `event: next\ndata: ${JSON.stringify(result)}\n\n`;
}

const complete = "event: complete\ndata:\n\n";

function statusOf({ errors }: ExecutionResult): number {
  return errors?.some(({ extensions }) => extensions["code"] === "UNAUTHENTICATED") ? 401 : 400;
}

function answer(response: ServerResponse, status: number, result: ExecutionResult): void {
  response.writeHead(status, { "content-type": "application/graphql-response+json; charset=utf-8" });
  response.end(JSON.stringify(result));
}
