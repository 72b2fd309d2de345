// What look-ups of a domain come to: whose it is, nobody's, or not to be said now. Pure.
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { timeAfter } from "../protocol/time-after.ts";
import type { FoundDomain } from "../store/discovery-store.ts";

/** Who serves a domain: a platform; nobody, so that mail reaches it; or not to be said now. */
export type Served =
  | { readonly kind: "platform"; readonly platform: PlatformName }
  | { readonly kind: "none" }
  | { readonly kind: "later" };

/** How one look-up went. `refused`: nothing listens there, as on a machine that is being started anew. */
export type DomainAnswer = {
  readonly found: { readonly platform: PlatformName } | "none" | "refused" | "later";
  /** How long it is kept. */
  readonly ttlMs: number;
};

/**
 * What tells nothing for a day is taken for a no. Many a domain that has mail and no platform drops packets to port 443, or shows
 * another's certificate there, for ever.
 */
const unclearMs = 24 * 60 * 60_000;

/**
 * What is known of a domain after one more look-up. A known platform stays one while nothing is told; that nothing listens
 * is believed of it after a day, of others at once.
 */
export function afterLookUp(
  kept: FoundDomain | null,
  domain: PlatformName,
  { found, ttlMs }: DomainAnswer,
  now: Timestamp,
): FoundDomain {
  const checked = { domain, checkedAt: now, expiresAt: timeAfter(now, ttlMs) };
  if (typeof found === "object") return { ...checked, platform: found.platform, unclearSince: null };
  const platform = kept?.platform ?? null;
  const unclearSince = kept?.unclearSince ?? now;
  const isNo = found === "none" || (found === "refused" && (platform === null || isLong(unclearSince, now)));
  return isNo ? { ...checked, platform: null, unclearSince: null } : { ...checked, platform, unclearSince };
}

export function servedBy({ platform, unclearSince, checkedAt }: FoundDomain): Served {
  if (platform !== null) return { kind: "platform", platform };
  return unclearSince === null || isLong(unclearSince, checkedAt) ? { kind: "none" } : { kind: "later" };
}

function isLong(since: Timestamp, now: Timestamp): boolean {
  return timeAfter(since, unclearMs) <= now;
}
