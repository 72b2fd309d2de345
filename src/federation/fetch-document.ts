// Fetching what a host says of itself, by the guarded client, as discovery wants it.
import type { Outgoing } from "../net/outgoing.ts";
import { OutgoingError } from "../net/outgoing-error.ts";
import { wellKnownBytesMax } from "../protocol/well-known.ts";
import type { FetchDocument } from "./ask-host.ts";

const fetchWithinMs = 10_000;

export function createFetchDocument({ send }: Pick<Outgoing, "send">): FetchDocument {
  return async (host) => {
    try {
      const { status, headers, body } = await send({
        method: "GET",
        url: new URL(`https://${host}/.well-known/parley`),
        headers: { accept: "application/json" },
        body: null,
        timeoutMs: fetchWithinMs,
        maxAnswerBytes: wellKnownBytesMax,
      });
      return { status, body, maxAge: maxAgeOf(headers.get("cache-control") ?? "") };
    } catch (error) {
      if (error instanceof OutgoingError) return error.kind;
      throw error;
    }
  };
}

/** RFC 9111 §5.2.2.1: seconds; null where it is not said. */
function maxAgeOf(cacheControl: string): number | null {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/i.exec(cacheControl)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
