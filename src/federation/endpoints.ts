// What other platforms ask of this one, under `/f/`: signed requests in, JSON out; errors as RFC 9457 says. A request is
// verified before anything of it is parsed.
import { jsonOf } from "../protocol/encoding.ts";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { base64url32Schema } from "../protocol/form.ts";
import { sha256 } from "../protocol/hash.ts";
import type { PublicKey } from "../protocol/signature.ts";
import { batchLimits, batchSchema, type LogPage, type Result, readEntry } from "./batch.ts";
import type { Federation } from "./federation.ts";

import { type HttpMessage, type RequestFault, readSignature } from "./request-signature.ts";
import type { KeyVerdict } from "./vouching.ts";

/** What a platform may ask in a minute: each thing that is said on a follower is one request. */
export const requestsPerMinuteMost = 6_000;

/** A request under `/f/`. */
export interface PeerRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: HttpMessage["headers"];
  /** Reads at most so many bytes; null where there are more. */
  body(maxBytes: number): Promise<Uint8Array | null>;
  /** Who is behind it, for the budget of look-ups: an address, or its network. */
  readonly source: string;
}

export interface PeerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; null for none. */
  readonly json: unknown;
}

export interface EndpointsOptions {
  readonly platform: PlatformName;
  readonly federation: Pick<Federation, "receive" | "serveLog" | "greeted">;
  keyOf(platform: PlatformName, key: PublicKey, at: Timestamp, source: string): Promise<KeyVerdict>;
  now(): string;
  /** @default requestsPerMinuteMost */
  readonly requestsPerMinute?: number;
}

export type Endpoints = (request: PeerRequest) => Promise<PeerAnswer>;

const faults: Readonly<Record<RequestFault, string>> = {
  UNSIGNED: "Sign the request: RFC 9421 with Ed25519, as docs/federation.md has it in section 3 (M39).",
  MALFORMED_SIGNATURE: "Signature or Signature-Input is not a dictionary of structured fields (RFC 9651).",
  WRONG_PROFILE:
    "The signature covers other components, or has other parameters, than docs/federation.md has it in section 3 (M39).",
  NOT_YET_VALID: "The signature is of a time to come. Check the clock, and sign anew.",
  EXPIRED: "The signature is over a minute old. Check the clock, and sign anew.",
  BAD_SIGNATURE: "The signature does not fit this request and key.",
  WRONG_DIGEST: "Content-Digest is not that of the body.",
};

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { platform, federation, keyOf, now, requestsPerMinute = requestsPerMinuteMost } = options;
  const buckets = new Map<PlatformName, { minute: number; count: number }>();

  /** Whether the platform has asked too much in this minute. */
  const isOverBudget = (caller: PlatformName): boolean => {
    const minute = Math.floor(Date.parse(now()) / 60_000);
    if (buckets.size > 10_000) buckets.clear();
    const bucket = buckets.get(caller);
    if (bucket?.minute !== minute) {
      buckets.set(caller, { minute, count: 1 });
      return false;
    }
    return ++bucket.count > requestsPerMinute;
  };

  const route = async (caller: PlatformName, { method, target }: PeerRequest, body: Uint8Array | null) => {
    const { pathname, searchParams } = new URL(target, `https://${platform}`);
    const [, , first = "", second = "", third = ""] = pathname.split("/");
    const is = (path: string, allowed: string) => pathname === path && method === allowed;
    if (is("/f/auth/", "GET")) {
      await federation.greeted(caller);
      return answer(204, null);
    }
    if (first === "evt" && is(`/f/evt/${second}/`, "POST")) {
      // The name of the batch says that it is whole.
      if (body === null || sha256(body) !== second)
        return problem(400, "WRONG_HASH", "The path does not name the SHA-256 of the body.");
      const batch = batchSchema.safeParse(jsonOf(body));
      if (!batch.success)
        return problem(
          422,
          "MALFORMED",
          `The body is no batch: ${batch.error.issues[0]?.path.join(".")} ${batch.error.issues[0]?.message}.`,
        );
      return answer(200, { results: await receiveEach(federation, caller, batch.data.entries) });
    }
    if (base64url32Schema.safeParse(first).success && method === "GET") {
      const isSink = pathname === `/f/${first}/`;
      if (isSink || (second === "events" && third === "" && pathname === `/f/${first}/events/`)) {
        const after = isSink ? "0" : (searchParams.get("after") ?? "0");
        if (!/^\d{1,10}$/.test(after)) return problem(400, "MALFORMED", "`after` is a seq: a whole number.");
        const page: LogPage | null = await federation.serveLog(caller, first, Number(after));
        return page ? answer(200, page) : notFound;
      }
    }
    return notFound;
  };

  return async (request) => {
    const { method, target, headers } = request;
    // What the profile does not cover may not change what the bytes mean.
    if ((headers.get("content-encoding") ?? "identity") !== "identity")
      return problem(415, "ENCODED", "Send the body as it is, not compressed.");
    // A signature that covers no body belongs to a request without one.
    const body = method === "POST" ? await request.body(batchLimits.bytes) : null;
    if (method === "POST" && body === null)
      return problem(413, "TOO_LARGE", `A batch has ${batchLimits.bytes / 1024 / 1024} MiB at most.`);
    const read = readSignature({ method, targetUri: `https://${platform}${target}`, headers, body });
    if (read.fault !== null) return problem(401, read.fault, faults[read.fault]);
    const at = now();
    const fault = read.verify(new Date(at));
    if (fault !== null) return problem(401, fault, faults[fault]);
    const verdict = await keyOf(read.platform, read.key, at, request.source);
    if (verdict === "later")
      return problem(
        503,
        "KEYS_UNREACHABLE",
        `The keys of ${read.platform} cannot be looked up now. Send it again later.`,
      );
    if (verdict !== "valid")
      return problem(401, "UNKNOWN_KEY", `https://${read.platform}/.well-known/parley does not list this key for now.`);
    if (isOverBudget(read.platform)) {
      const tooMany = problem(429, "TOO_MANY_REQUESTS", `A platform may ask ${requestsPerMinute} times a minute.`);
      return { ...tooMany, headers: { ...tooMany.headers, "retry-after": "60" } };
    }
    return route(read.platform, request, body);
  };
}

const badForm: Result = { result: "rejected", code: "BAD_FORM", message: "This entry has no form that is known here." };

/** Hands over what can be read, and says of the rest that it cannot. */
async function receiveEach(
  { receive }: Pick<Federation, "receive">,
  caller: PlatformName,
  values: readonly unknown[],
): Promise<readonly Result[]> {
  const entries = values.map(readEntry);
  const known = entries.filter((entry) => entry !== null);
  const results = known.length > 0 ? await receive(caller, known) : [];
  const inOrder = results.values();
  return entries.map((entry) => (entry && inOrder.next().value) ?? badForm);
}

const json = { "content-type": "application/json", "cache-control": "no-store" };

const answer = (status: number, value: unknown): PeerAnswer => ({
  status,
  headers: value === null ? {} : json,
  json: value,
});

// RFC 9110 §15, RFC 6585 §4.
const titles = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

/** RFC 9457, with `code` for programs. A problem of no type of its own is titled as its status is (§4.2.1). */
export function problem(status: keyof typeof titles, code: string, detail: string): PeerAnswer {
  return {
    status,
    headers: { ...json, "content-type": "application/problem+json" },
    json: { type: "about:blank", title: titles[status], status, detail, code },
  };
}

const notFound = problem(404, "NOT_FOUND", "There is nothing here, or nothing for you to see.");
