// The id of a request: on every line that is logged for it, in its answer, and in the jobs that come of it.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";

const requests = new AsyncLocalStorage<string | undefined>();

// It comes from outside and goes into logs and headers.
const sane = /^[\w.-]{1,64}$/;

/** The id that a proxy or a client gave it, if that is short and plain; else a new one. */
export function requestIdFrom(given: string | readonly string[] | undefined): string {
  return typeof given === "string" && sane.test(given) ? given : randomUUID();
}

/** Runs `work`, and whatever it waits for, as that request's; undefined: as none's. */
export function asRequest<T>(requestId: string | undefined, work: () => T): T {
  return requests.run(requestId, work);
}

/**
 * The id of the request that this is done for; undefined where it is done for none. What works through the wishes of several
 * requests has to be told: it runs as whichever of them started it.
 */
export function currentRequestId(): string | undefined {
  return requests.getStore();
}
