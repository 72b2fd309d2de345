// Who an address belongs to: an account here, somebody on another platform, or nobody that can be reached.
import type pg from "pg";
import { type Address, domainOf } from "../conversation/address.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Person } from "../store/conversation-store.ts";
import { findPeople } from "./accounts.ts";
import { ensureRecipients } from "./recipients.ts";

export interface FoundRecipient {
  /** The platform that speaks for them. */
  readonly via: PlatformName;
  readonly person: Person;
}

/**
 * By address; `later` where their platform cannot be asked now. Who is not among them is nobody.
 * @param source who wants to know: an account, say, which has a budget of hosts that it may have asked. Left out: without a bound
 */
export type LookUp = (
  addresses: readonly Address[],
  source?: string,
) => Promise<ReadonlyMap<Address, FoundRecipient | "later">>;

/** Who serves a domain: a platform, nobody, or not to be said now. @param source as of `LookUp` */
export type PlatformOf = (
  domain: PlatformName,
  source?: string,
) => Promise<{ readonly kind: "platform"; readonly platform: PlatformName } | { readonly kind: "none" | "later" }>;

export interface LookUpOptions {
  readonly pool: pg.Pool;
  /** Our own name, and the domains that we serve. */
  readonly platform: PlatformName;
  readonly domains: readonly PlatformName[];
  readonly platformOf: PlatformOf;
}

/** Makes recipients of those on other platforms who are not known yet. Safe to repeat. */
export function createLookUp({ pool, platform, domains, platformOf }: LookUpOptions): LookUp {
  return async (addresses, source) => {
    const found = new Map<Address, FoundRecipient | "later">();
    const here = await findPeople({ pool }, addresses);
    for (const [address, person] of here) found.set(address, { via: platform, person });
    const elsewhere = addresses.filter((address) => !domains.includes(domainOf(address)));
    if (elsewhere.length === 0) return found;
    const asked = await Promise.all(
      [...new Set(elsewhere.map(domainOf))].map(async (domain) => [domain, await platformOf(domain, source)] as const),
    );
    const answers = new Map(asked);
    const served = elsewhere.flatMap((address) => {
      const answer = answers.get(domainOf(address));
      if (answer?.kind === "later") found.set(address, "later");
      return answer?.kind === "platform" && answer.platform !== platform
        ? [{ address, name: null, platform: answer.platform }]
        : [];
    });
    const ids = await ensureRecipients(pool, served, { platform, domains });
    for (const { address, platform: via } of served) {
      const recipientId = ids.get(address);
      if (recipientId !== undefined) found.set(address, { via, person: { recipientId, accountId: null } });
    }
    return found;
  };
}
