// What another platform's lists of keys come to, and what they say of a key at a time. Pure.
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { isInWindow, isOlderCopy, joined, joinFault, type KeyList } from "../protocol/key-list.ts";
import type { PublicKey } from "../protocol/signature.ts";
import { timeAfter } from "../protocol/time-after.ts";
import type { Peer } from "../store/discovery-store.ts";

const dayMs = 24 * 60 * 60_000;

/** How long a list is trusted after its platform last showed it; and how long keys have to be listed by those they sign for. */
const trustedMs = 7 * dayMs;

/** An answer may lie in caches for that long, so a copy from before tells nothing until then. */
const oldestCopyMs = dayMs;

/** Which list counts: what conversations go by that we have been in together, or what the platform shows now. */
export type Trust = "held" | "shown";

/** Whether what the platform shows at `now` goes on from what we hold: else it is a stranger in old conversations. */
export function isStranger({ list, strange }: Peer, now: Timestamp): boolean {
  if (list === null || strange === null) return false;
  return !isOlderCopy(list, strange.list) || timeAfter(strange.since, oldestCopyMs) <= now;
}

/** The peer once it has shown `shown`, a list that holds by itself. */
export function afterList(kept: Peer | null, shown: KeyList, now: Timestamp, expiresAt: Timestamp): Peer {
  const checked = { platform: shown.platform, checkedAt: now, expiresAt };
  const list = kept?.list;
  if (!list) return { ...checked, list: shown, fetchedAt: now, strange: null, outcome: "listed" };
  if (joinFault(list, shown) === null)
    return { ...checked, list: joined(list, shown), fetchedAt: now, strange: null, outcome: "listed" };
  const strange = { list: shown, since: kept.strange?.since ?? now };
  const peer = { ...checked, list, fetchedAt: kept.fetchedAt, strange };
  return { ...peer, outcome: isStranger({ ...peer, outcome: "listed" }, now) ? "listed" : "later" };
}

/** The peer after a look-up that brought no list. */
export function afterFailure(
  kept: Peer | null,
  platform: PlatformName,
  outcome: "none" | "later",
  now: Timestamp,
  expiresAt: Timestamp,
): Peer {
  const { list = null, fetchedAt = null, strange = null } = kept ?? {};
  return { platform, list, fetchedAt, strange, outcome, checkedAt: now, expiresAt };
}

/** The peer once the operator accepts what it shows; null where there is nothing to accept. */
export function afterAccepting(kept: Peer | null): Peer | null {
  if (!kept?.strange) return null;
  return { ...kept, list: kept.strange.list, fetchedAt: kept.checkedAt, strange: null };
}

/** Whether a time is that long ago that its key need not be listed any more: it may have been seen once. */
export function isLongAgo(at: Timestamp, now: Timestamp): boolean {
  return timeAfter(at, trustedMs) < now;
}

/** What is known says of a key at a time: an answer, or that the platform has to be asked. */
export function judgeKey(
  peer: Peer | null,
  key: PublicKey,
  at: Timestamp,
  now: Timestamp,
  trust: Trust = "held",
): "valid" | "notInWindow" | "stranger" | "ask" {
  if (!peer) return "ask";
  const strange = isStranger(peer, now) ? peer.strange : null;
  const isShown = trust === "shown" && strange !== null;
  const list = isShown ? strange.list : peer.list;
  const listed = list?.keys.find((one) => one.key === key);
  if (!listed) return strange?.list.keys.some((one) => one.key === key) ? "stranger" : "ask";
  // Windows are signed, and no revocation is withdrawn: no later list says otherwise.
  if (!isInWindow(listed, at)) return "notInWindow";
  if (strange && !isShown && at >= strange.since) return "stranger";
  const toldAt = isShown ? peer.checkedAt : peer.fetchedAt;
  const isTrusted = toldAt !== null && now < timeAfter(toldAt, trustedMs);
  return isTrusted || isLongAgo(at, now) ? "valid" : "ask";
}
