// What this platform says of itself at /.well-known/parley.
import { type PlatformName, type Timestamp, version } from "../protocol/event.ts";
import type { WellKnown } from "../protocol/well-known.ts";
import type { Database } from "../store/database.ts";
import { ownKeyList, wellKnownMaxAgeMs } from "./keys.ts";

export interface OwnDocument {
  readonly document: WellKnown;
  readonly maxAgeMs: number;
}

export interface OwnDocumentOptions {
  readonly prisma: Pick<Database["prisma"], "platformKey">;
  readonly platform: PlatformName;
  readonly domains: readonly PlatformName[];
  now(): Timestamp;
}

/** Whoever asks within a second gets the same: anybody may ask, and the connections are for others. */
const sharedMs = 1_000;

/** Reads it, so that a key that was made or revoked anywhere is in it. */
export function readOwnDocument({ prisma, platform, domains, now }: OwnDocumentOptions): () => Promise<OwnDocument> {
  let last: { readonly at: number; readonly reading: Promise<OwnDocument> } | null = null;
  const read = async (): Promise<OwnDocument> => {
    const document = { ...(await ownKeyList(prisma, platform)), domains, versions: [version] };
    return { document, maxAgeMs: wellKnownMaxAgeMs };
  };
  return () => {
    const at = Date.parse(now());
    if (last !== null && Math.abs(at - last.at) < sharedMs) return last.reading;
    const reading = read();
    last = { at, reading };
    reading.catch(() => {
      last = null;
    });
    return reading;
  };
}
