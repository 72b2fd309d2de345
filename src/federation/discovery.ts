// Finding others: which platform serves a domain, and which keys a platform has. What was found is kept, so that each host
// is asked seldom.
import type { Logger } from "../observe/logger.ts";
import { type PlatformName, type Timestamp, version } from "../protocol/event.ts";
import { isInWindow, type KeyList } from "../protocol/key-list.ts";
import type { PublicKey } from "../protocol/signature.ts";
import { timeAfter } from "../protocol/time-after.ts";
import type { Delegation, WellKnown } from "../protocol/well-known.ts";
import type { DiscoveryStore, Peer } from "../store/discovery-store.ts";
import { createAskHost, type FetchDocument, type HostAnswer, ttlLeastMs } from "./ask-host.ts";
import { fetchBudget } from "./fetch-budget.ts";
import { afterLookUp, type DomainAnswer, type Served, servedBy } from "./found-domain.ts";
import { afterFailure, afterList, isLongAgo, isStranger, judgeKey, type Trust } from "./peer-keys.ts";
import { isSpecialUse } from "./special-use.ts";
import { createTtlCache } from "./ttl-cache.ts";
import type { KeyVerdict } from "./vouching.ts";

export interface KeyQuestion {
  /** `shown`: by what the platform lists now, also where that does not join on: for a conversation that begins. @default "held" */
  readonly trust?: Trust;
  /** As of `platformOf`. */
  readonly source?: string;
}

export interface Discovery {
  /**
   * Who serves a domain. Throws only where the store does.
   * @param source who wants to know, an account or a caller's address (of IPv6 the network, /64): each has a budget of
   * fetches, and hears `later` beyond it. Left out: the platform itself, without a bound.
   */
  platformOf(domain: PlatformName, source?: string): Promise<Served>;

  /**
   * Whether the key is the platform's at that time: an event's `timestamp`, a proposal's `sentAt`. Keys of what is more
   * than 7 days old need not be listed any more: those that once were are `valid`, and of others the answer only says what the
   * platform lists. Throws only where the store does.
   */
  keyOf(platform: PlatformName, key: PublicKey, at: Timestamp, question?: KeyQuestion): Promise<KeyVerdict>;
}

/** The platform that looks. */
export interface Own {
  readonly platform: PlatformName;
  readonly domains: readonly PlatformName[];
  keys(): Promise<KeyList>;
}

export interface DiscoveryOptions {
  readonly store: DiscoveryStore;
  readonly fetchDocument: FetchDocument;
  readonly own: Own;
  /** Whether a name is looked up though it is none of the internet: one that development maps to an origin. @default none */
  isMapped?(name: PlatformName): boolean;
  now(): Timestamp;
  readonly log: Logger;
  /** Fetches that one source may cause. @default 60 */
  readonly fetchesPerMinute?: number;
}

/** How late an acceptance by the operator is seen. A batch of events asks the store once. */
const rememberedMs = 10_000;

/** A platform is not asked more often than this because of keys that it does not list. */
const askAgainMs = 10_000;

const strangerAdvice =
  "its keys do not join on to those it had, so it is a stranger in old conversations. " +
  "Ask who runs it, by another way; then `parley keys accept PLATFORM`";

/** Opens it. It fetches in the background too; disposing waits for what is under way. */
export function createDiscovery(options: DiscoveryOptions): Discovery & AsyncDisposable {
  const { store, own, now, log, fetchDocument } = options;
  const nowMs = () => Date.parse(now());
  const peers = createTtlCache<Peer | null>(nowMs, rememberedMs);
  const ownKeys = createTtlCache<KeyList>(nowMs, rememberedMs);
  const documents = createTtlCache<WellKnown>(nowMs, ttlLeastMs);
  const unlisted = createTtlCache<true>(nowMs, ttlLeastMs);
  const background = new Set<Promise<void>>();
  const isLookedUp = (name: PlatformName) => !isSpecialUse(name) || options.isMapped?.(name) === true;

  const note = async (host: PlatformName, { document, ttlMs }: HostAnswer): Promise<void> => {
    if (!isOwnDocument(document, host)) return;
    const { platform, keys } = document;
    const at = now();
    let wasStranger = false;
    const peer = await store.changePeer(host, (kept) => {
      wasStranger = kept !== null && isStranger(kept, kept.checkedAt);
      return afterList(kept, { platform, keys }, at, timeAfter(at, ttlMs));
    });
    documents.put(host, document, ttlMs);
    peers.put(host, peer);
    if (!wasStranger && isStranger(peer, at)) log.warn({ platform }, strangerAdvice);
  };
  const hosts = createAskHost(fetchDocument, fetchBudget(options.fetchesPerMinute ?? 60, nowMs), note);

  /** Asks the domain's host, and the one that it names. Null: over the source's budget. */
  const askDomain = async (domain: PlatformName, source: string | undefined): Promise<DomainAnswer | null> => {
    const first = await hosts.ask(domain, source);
    if (first === null) return null;
    const { document, ttlMs } = first;
    if (typeof document !== "object") return { found: document, ttlMs };
    const { platform } = document;
    if (platform === domain) return { found: isServing(document, domain) ? { platform } : "none", ttlMs };
    // What we serve was answered before: who names us here is none of ours.
    if (platform === own.platform || !isLookedUp(platform)) return { found: "none", ttlMs };
    const known = documents.get(platform);
    if (known && isServing(known, domain)) return { found: { platform }, ttlMs };
    const second = await hosts.ask(platform, source);
    if (second === null) return null;
    const shorterMs = Math.min(ttlMs, second.ttlMs);
    if (typeof second.document !== "object") return { found: second.document, ttlMs: shorterMs };
    // One hop: what the named host leaves to yet another is nobody's.
    const isMutual = isOwnDocument(second.document, platform) && isServing(second.document, domain);
    return { found: isMutual ? { platform } : "none", ttlMs: shorterMs };
  };

  const peerOf = async (platform: PlatformName): Promise<Peer | null> => {
    const known = peers.get(platform);
    if (known !== undefined) return known;
    const peer = await store.peer(platform);
    peers.put(platform, peer);
    return peer;
  };

  /** Asks the platform for its list, and keeps how that went. Null: over the source's budget. */
  const askPeer = async (platform: PlatformName, source: string | undefined): Promise<Peer | null> => {
    const wasUnderWay = hosts.isUnderWay(platform);
    const answer = await hosts.ask(platform, source);
    if (answer === null) return null;
    if (isOwnDocument(answer.document, platform)) {
      const peer = await peerOf(platform);
      // That answer may have been given before the key was made.
      return peer && wasUnderWay ? { ...peer, outcome: "later" } : peer;
    }
    const outcome = answer.document === "refused" || answer.document === "later" ? "later" : "none";
    const at = now();
    const peer = await store.changePeer(platform, (kept) =>
      afterFailure(kept, platform, outcome, at, timeAfter(at, answer.ttlMs)),
    );
    peers.put(platform, peer);
    return peer;
  };

  /** Asks for a newer list, and keeps nobody waiting. */
  const refresh = (platform: PlatformName): void => {
    if (hosts.isUnderWay(platform)) return;
    const refreshing = askPeer(platform, undefined)
      .catch((error: unknown) => log.warn({ err: error, platform }, "could not keep what it lists; will try again"))
      .then(() => void background.delete(refreshing));
    background.add(refreshing);
  };

  const ownKeyOf = async (key: PublicKey, at: Timestamp): Promise<KeyVerdict> => {
    let listed = ownKeys.get(own.platform)?.keys.find((one) => one.key === key);
    if (!listed) {
      const list = await own.keys();
      ownKeys.put(own.platform, list);
      listed = list.keys.find((one) => one.key === key);
    }
    if (!listed) return "unknown";
    return isInWindow(listed, at) ? "valid" : "notInWindow";
  };

  return {
    platformOf: async (domain, source) => {
      if (own.domains.includes(domain)) return { kind: "platform", platform: own.platform };
      if (domain === own.platform || !isLookedUp(domain)) return { kind: "none" };
      const kept = await store.domain(domain);
      if (kept && now() < kept.expiresAt) return servedBy(kept);
      const found = await askDomain(domain, source);
      if (found === null) return kept?.platform != null ? servedBy(kept) : { kind: "later" };
      const known = afterLookUp(kept, domain, found, now());
      await store.putDomain(known);
      return servedBy(known);
    },

    keyOf: async (platform, key, at, { trust = "held", source } = {}) => {
      if (platform === own.platform) return ownKeyOf(key, at);
      if (!isLookedUp(platform)) return "unknown";
      const peer = await peerOf(platform);
      const judged = judgeKey(peer, key, at, now(), trust);
      if (judged === "valid" && peer && peer.expiresAt <= now()) refresh(platform);
      if (judged !== "ask") return judged;
      if (isLongAgo(at, now()) && (await store.hasSeen(platform, key))) return "valid";
      const name = `${platform} ${key}`;
      if (unlisted.get(name)) return "unknown";
      // Another process may have asked meanwhile.
      const current = await store.peer(platform);
      peers.put(platform, current);
      const again = judgeKey(current, key, at, now(), trust);
      if (again !== "ask") return again;
      if (current && current.outcome !== "listed" && now() < current.expiresAt) return unlistedBy(current, key);
      if (current && now() < timeAfter(current.checkedAt, askAgainMs))
        return unlistedBy(current, key) === "stranger" ? "stranger" : "later";
      const asked = await askPeer(platform, source);
      if (!asked) return "later";
      const answer = judgeKey(asked, key, at, now(), trust);
      if (answer !== "ask") return answer;
      if (asked.outcome === "listed") unlisted.put(name, true);
      return unlistedBy(asked, key);
    },

    [Symbol.asyncDispose]: async () => {
      await Promise.all([hosts.settled(), ...background]);
    },
  };
}

function isOwnDocument(document: HostAnswer["document"], host: PlatformName): document is WellKnown {
  return typeof document === "object" && "keys" in document && document.platform === host;
}

function isServing(document: WellKnown | Delegation, domain: PlatformName): boolean {
  return "domains" in document && document.domains.includes(domain) && document.versions.includes(version);
}

/** What to say of a key that the platform was asked about in vain. */
function unlistedBy({ outcome, list }: Peer, key: PublicKey): KeyVerdict {
  if (outcome === "later") return "later";
  const isHeld = list?.keys.some((one) => one.key === key) === true;
  return outcome === "listed" && isHeld ? "stranger" : "unknown";
}
