// A store of what was found out about others, in memory: what the one on PostgreSQL promises.
import type { PlatformName, Timestamp } from "../../src/protocol/event.ts";
import { timeAfter } from "../../src/protocol/time-after.ts";
import type { DiscoveryStore, FoundDomain, Peer } from "../../src/store/discovery-store.ts";

const weekMs = 7 * 24 * 60 * 60_000;

export function memoryDiscoveryStore(): DiscoveryStore {
  const domains = new Map<PlatformName, FoundDomain>();
  const peers = new Map<PlatformName, Peer>();
  const seen = new Set<string>();
  const isForgotten = (expiresAt: Timestamp, now: Timestamp) => timeAfter(expiresAt, weekMs) < now;
  return {
    domain: async (domain) => domains.get(domain) ?? null,
    putDomain: async (found) => {
      const kept = domains.get(found.domain);
      if (!kept || kept.checkedAt <= found.checkedAt) domains.set(found.domain, found);
      for (const { domain, platform, expiresAt } of domains.values())
        if (platform === null && isForgotten(expiresAt, found.checkedAt)) domains.delete(domain);
    },
    peer: async (platform) => peers.get(platform) ?? null,
    changePeer: async (platform, change) => {
      const peer = change(peers.get(platform) ?? null);
      peers.set(platform, peer);
      for (const { key } of peer.list?.keys ?? []) seen.add(`${platform} ${key}`);
      for (const one of peers.values())
        if (one.list === null && isForgotten(one.expiresAt, peer.checkedAt)) peers.delete(one.platform);
      return peer;
    },
    hasSeen: async (platform, key) => seen.has(`${platform} ${key}`),
  };
}
