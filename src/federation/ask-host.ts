// Asking a host for /.well-known/parley: once at a time, on a budget, and what its answer says.
import type { OutgoingErrorKind } from "../net/outgoing-error.ts";
import type { PlatformName } from "../protocol/event.ts";
import { type Delegation, readWellKnown, type WellKnown } from "../protocol/well-known.ts";
import type { FetchBudget } from "./fetch-budget.ts";

export interface FetchedDocument {
  readonly status: number;
  readonly body: Uint8Array;
  /** Seconds that the answer may be kept, as it says; null where it says nothing. */
  readonly maxAge: number | null;
}

/** GET https://HOST/.well-known/parley, without following redirects. */
export type FetchDocument = (host: PlatformName) => Promise<FetchedDocument | OutgoingErrorKind>;

/** What a host said: a document; clearly none; that nothing listens there, as on a machine being started anew; or nothing. */
export interface HostAnswer {
  readonly document: WellKnown | Delegation | "none" | "refused" | "later";
  /** How long that is kept. */
  readonly ttlMs: number;
}

const minuteMs = 60_000;
export const ttlLeastMs = 5 * minuteMs;
const ttlMostMs = 24 * 60 * minuteMs;
/** Where an answer says nothing. */
const ttlUnsaidMs = 60 * minuteMs;

/** What a fetch came to. A clear no is whatever is clearly no document of ours. */
function hostAnswerOf(answer: FetchedDocument | OutgoingErrorKind): HostAnswer {
  if (typeof answer === "string") {
    if (answer === "timeout" || answer === "tls" || answer === "broken")
      return { document: "later", ttlMs: ttlLeastMs };
    if (answer === "refused") return { document: "refused", ttlMs: ttlLeastMs };
    return { document: "none", ttlMs: ttlUnsaidMs };
  }
  const { status, body, maxAge } = answer;
  const ttlMs = maxAge === null ? ttlUnsaidMs : Math.min(Math.max(maxAge * 1_000, ttlLeastMs), ttlMostMs);
  // RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4: the same may be asked again.
  if (status >= 500 || [408, 425, 429].includes(status)) return { document: "later", ttlMs };
  return { document: (status === 200 ? readWellKnown(body) : null) ?? "none", ttlMs };
}

export interface AskHost {
  /** Whoever asks while the host is being asked gets the same answer. Null: over the source's budget. */
  ask(host: PlatformName, source: string | undefined): Promise<HostAnswer> | null;
  isUnderWay(host: PlatformName): boolean;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

/** @param note is told of every answer before anybody gets it */
export function createAskHost(
  fetchDocument: FetchDocument,
  budget: FetchBudget,
  note: (host: PlatformName, answer: HostAnswer) => Promise<void>,
): AskHost {
  const underWay = new Map<PlatformName, Promise<HostAnswer>>();
  const fetchAnswer = async (host: PlatformName): Promise<HostAnswer> => {
    try {
      const answer = hostAnswerOf(await fetchDocument(host));
      await note(host, answer);
      return answer;
    } finally {
      underWay.delete(host);
    }
  };
  return {
    ask: (host, source) => {
      const running = underWay.get(host);
      if (running !== undefined) return running;
      if (source !== undefined && !budget.take(source)) return null;
      const asking = fetchAnswer(host);
      underWay.set(host, asking);
      return asking;
    },
    isUnderWay: (host) => underWay.has(host),
    settled: async () => void (await Promise.allSettled(underWay.values())),
  };
}
