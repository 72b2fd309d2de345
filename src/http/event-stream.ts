// Results as server-sent events, in the "distinct connections" mode of graphql-sse's protocol: events `next` and
// `complete`, one operation per request. The id of an event is its cursor, so that a reconnect (Last-Event-ID) resumes.
import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import type { LiveResults } from "../graphql/live-execution.ts";
import { encodeCursor } from "../graphql/stream-cursor.ts";
import { resultBytes } from "./result-bytes.ts";
import { untilDrained } from "./until-drained.ts";

/** How often a silent stream says that it lives: proxies cut what is silent for a minute. */
const heartbeatMs = 15_000;
const blankLine = Buffer.from("\n\n");
const complete = "event: complete\ndata:\n\n";

/** The result of a query or mutation, to a client that takes nothing but a stream. */
export function sendOnce(response: ServerResponse, result: ExecutionResult): void {
  begin(response);
  response.write(next(result));
  response.end(complete);
}

/**
 * Streams the results until they end, the client goes or the process stops; they are let go of in each case.
 * @param stopping ends the stream without `complete`, so that the client comes again
 */
export async function eventStreamOf(
  response: ServerResponse,
  results: LiveResults,
  stopping: AbortSignal,
): Promise<void> {
  const end = () => results.end();
  response.once("close", end);
  stopping.addEventListener("abort", end);
  // While we subscribed, either may have happened.
  if (response.destroyed || stopping.aborted) end();
  begin(response);
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(":\n\n");
  }, heartbeatMs);
  try {
    await results.each(({ result, item }) => {
      response.write(next(result, item.kind === "event" ? `id: ${encodeCursor(item.event.recordedUs)}\n` : ""));
      return untilDrained(response);
    });
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

function next(result: ExecutionResult, id = ""): Buffer {
  return Buffer.concat([Buffer.from(`${id}event: next\ndata: `), resultBytes(result), blankLine]);
}
