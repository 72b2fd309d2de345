// What every store of discoveries promises: one suite, which each store passes.
import { describe, expect, test } from "vitest";
import type { DiscoveryStore, FoundDomain, Peer } from "../../src/store/discovery-store.ts";
import { beginning, dayMs, timeAfter } from "../conversation/given.ts";
import { listOf, publicKey } from "../federation/given.ts";

const domain: FoundDomain = {
  ...{ domain: "d.example", platform: "a.example", unclearSince: null, checkedAt: beginning },
  expiresAt: timeAfter(beginning, 1),
};
const peer: Peer = {
  ...{ platform: "a.example", list: null, fetchedAt: null, strange: null, outcome: "later", checkedAt: beginning },
  expiresAt: timeAfter(beginning, 1),
};
const list = listOf("a.example", ["one", null, { exp: timeAfter(beginning, dayMs) }], ["two", "one"]);

/** @param withStore runs what it is given with a new, empty store */
export function describeDiscoveryStore(
  name: string,
  withStore: (run: (store: DiscoveryStore) => Promise<void>) => Promise<void>,
): void {
  const promise = (title: string, run: (store: DiscoveryStore) => Promise<void>) => test(title, () => withStore(run));

  describe(name, () => {
    promise("knows nothing at first", async (store) => {
      expect(await store.domain("d.example")).toBeNull();
      expect(await store.peer("a.example")).toBeNull();
      expect(await store.hasSeen("a.example", publicKey("one"))).toBe(false);
    });

    promise("keeps what was found of a domain, unless something newer is kept", async (store) => {
      await store.putDomain(domain);
      expect(await store.domain("d.example")).toEqual(domain);
      const checkedAt = timeAfter(beginning, dayMs);
      const newer = { ...domain, platform: null, checkedAt, unclearSince: beginning, expiresAt: checkedAt };
      await store.putDomain(newer);
      await store.putDomain(domain);
      expect(await store.domain("d.example")).toEqual(newer);
    });

    promise("forgets a domain that nobody asked for in a week, but not whose it is", async (store) => {
      await store.putDomain({ ...domain, platform: null });
      await store.putDomain({ ...domain, domain: "known.example" });
      const put = (name: string, checkedAt: string) =>
        store.putDomain({ ...domain, domain: name, checkedAt, expiresAt: checkedAt });
      await put("other.example", timeAfter(domain.expiresAt, 7 * dayMs));
      expect(await store.domain("d.example")).not.toBeNull();
      await put("another.example", timeAfter(domain.expiresAt, 7 * dayMs + 1));
      expect(await store.domain("d.example")).toBeNull();
      expect(await store.domain("known.example")).not.toBeNull();
    });

    promise("keeps a peer with its lists", async (store) => {
      expect(await store.changePeer("a.example", () => peer)).toEqual(peer);
      expect(await store.peer("a.example")).toEqual(peer);
      const strange = { list: listOf("a.example", ["other", null]), since: timeAfter(beginning, 5) };
      const known: Peer = { ...peer, list, fetchedAt: timeAfter(beginning, 3), strange, outcome: "listed" };
      expect(await store.changePeer("a.example", () => known)).toEqual(known);
      expect(await store.peer("a.example")).toEqual(known);
      expect(await store.peer("b.example")).toBeNull();
    });

    promise("changes a peer on what is kept, one change after the other", async (store) => {
      const change = (kept: Peer | null): Peer => ({
        ...peer,
        expiresAt: timeAfter(kept?.expiresAt ?? beginning, 1),
      });
      await Promise.all(Array.from({ length: 20 }, () => store.changePeer("a.example", change)));
      expect((await store.peer("a.example"))?.expiresAt).toBe(timeAfter(beginning, 20));
    });

    promise("keeps nothing of a change that fails", async (store) => {
      await store.changePeer("a.example", () => peer);
      const failing = store.changePeer("a.example", () => {
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await store.peer("a.example")).toEqual(peer);
    });

    promise("knows for ever which keys a platform had, and under no other name", async (store) => {
      await store.changePeer("a.example", () => ({ ...peer, list, fetchedAt: beginning }));
      await store.changePeer("a.example", () => ({
        ...peer,
        list: listOf("a.example", ["other", null]),
        fetchedAt: beginning,
      }));
      for (const key of ["one", "two", "other"]) expect(await store.hasSeen("a.example", publicKey(key))).toBe(true);
      expect(await store.hasSeen("b.example", publicKey("one"))).toBe(false);
    });

    promise("has not seen the keys that a stranger shows", async (store) => {
      const strange = { list: listOf("a.example", ["other", null]), since: beginning };
      await store.changePeer("a.example", () => ({ ...peer, list, fetchedAt: beginning, strange }));
      expect(await store.hasSeen("a.example", publicKey("other"))).toBe(false);
    });

    promise("forgets a peer without keys that nobody asked for in a week, and no other", async (store) => {
      await store.changePeer("a.example", () => peer);
      await store.changePeer("b.example", () => ({ ...peer, platform: "b.example", list, fetchedAt: beginning }));
      const later = timeAfter(peer.expiresAt, 7 * dayMs + 1);
      await store.changePeer("c.example", () => ({
        ...peer,
        platform: "c.example",
        checkedAt: later,
        expiresAt: later,
      }));
      expect(await store.peer("a.example")).toBeNull();
      expect(await store.peer("b.example")).not.toBeNull();
      expect(await store.peer("c.example")).not.toBeNull();
    });
  });
}
