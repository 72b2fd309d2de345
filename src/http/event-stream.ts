// Results as server-sent events, in the "distinct connections" mode of graphql-sse's protocol: events `next` and
// `complete`, one operation per request. The id of an event is its cursor, so that a reconnect (Last-Event-ID) resumes.
import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import type { LiveResult } from "../graphql/live-execution.ts";
import { encodeCursor } from "../graphql/stream-cursor.ts";
import { resultText } from "./result-text.ts";

/** How often a silent stream says that it lives: proxies cut what is silent for a minute. */
const heartbeatMs = 15_000;
const complete = "event: complete\ndata:\n\n";

/** The result of a query or mutation, to a client that takes nothing but a stream. */
export function sendOnce(response: ServerResponse, result: ExecutionResult): void {
  begin(response);
  response.end(next(result) + complete);
}

/**
 * Streams the results until they end, the client goes or the process stops; they are let go of in each case.
 * @param stopping ends the stream without `complete`, so that the client comes again
 */
export async function eventStreamOf(
  response: ServerResponse,
  results: AsyncIterableIterator<LiveResult, undefined>,
  stopping: AbortSignal,
): Promise<void> {
  const end = () => void results.return?.();
  response.once("close", end);
  stopping.addEventListener("abort", end);
  // While we subscribed, either may have happened.
  if (response.destroyed || stopping.aborted) end();
  begin(response);
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(":\n\n");
  }, heartbeatMs);
  try {
    for await (const { result, item } of results) {
      const id = item.kind === "event" ? `id: ${encodeCursor(item.event.recordedUs)}\n` : "";
      // Not on, before this has gone: what comes meanwhile waits where it is bounded.
      if (!response.write(id + next(result)) && !response.destroyed) await drained(response);
    }
    response.end(stopping.aborted ? "" : complete);
  } finally {
    clearInterval(heartbeat);
    stopping.removeEventListener("abort", end);
  }
}

function begin(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  // Headers now: a client waits for them to know that it is subscribed.
  response.flushHeaders();
}

function next(result: ExecutionResult): string {
  return `event: next\ndata: ${resultText(result)}\n\n`;
}

/** Resolves when there is room for more, or nobody to read it. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
