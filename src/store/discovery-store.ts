// The contract of a store of what was found out about others: which platform serves a domain, and which keys a platform has.
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import type { KeyList } from "../protocol/key-list.ts";
import type { PublicKey } from "../protocol/signature.ts";

/** What the last look-up of a domain found. */
export interface FoundDomain {
  readonly domain: PlatformName;
  /** Who serves it; null: nobody, or that was never to be told. */
  readonly platform: PlatformName | null;
  /** Since when no look-up told anything; null where the last one did. */
  readonly unclearSince: Timestamp | null;
  readonly checkedAt: Timestamp;
  /** When it is to be looked up anew. */
  readonly expiresAt: Timestamp;
}

/** What we have of another platform. */
export interface Peer {
  readonly platform: PlatformName;
  /** Its keys, as conversations that we are in together go by them; null before there were any. */
  readonly list: KeyList | null;
  /** When the platform last listed them so. */
  readonly fetchedAt: Timestamp | null;
  /** What it lists instead, since when: it does not join on to `list`, and waits for the operator. */
  readonly strange: { readonly list: KeyList; readonly since: Timestamp } | null;
  /** How the last look-up went: a list, a clear no, or nothing told. */
  readonly outcome: "listed" | "none" | "later";
  readonly checkedAt: Timestamp;
  readonly expiresAt: Timestamp;
}

export interface DiscoveryStore {
  domain(domain: PlatformName): Promise<FoundDomain | null>;

  /** Keeps it, unless what is kept was checked later. What nobody asked for in a week, and says nothing of a platform, is forgotten. */
  putDomain(found: FoundDomain): Promise<void>;

  peer(platform: PlatformName): Promise<Peer | null>;

  /**
   * Keeps what `change` makes of what is kept; one change of a peer after the other. The keys of its `list` are noted as
   * seen under its name, for ever. What nobody asked for in a week, and has no keys, is forgotten.
   * @param change pure: it may be called again
   */
  changePeer(platform: PlatformName, change: (kept: Peer | null) => Peer): Promise<Peer>;

  /** Whether the key was ever in a list that was held of this platform. */
  hasSeen(platform: PlatformName, key: PublicKey): Promise<boolean>;
}
