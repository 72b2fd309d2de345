// Who an address belongs to: an account here, somebody on another platform, somebody who is reached by mail, or nobody.
import type pg from "pg";
import { type Address, domainOf } from "../conversation/address.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Person } from "../store/conversation-store.ts";
import { findPeople } from "./accounts.ts";
import { ensureRecipients } from "./recipients.ts";

export interface FoundRecipient {
  /** The platform that speaks for them: of who is reached by mail, this one. */
  readonly via: PlatformName;
  /** Whether they have nothing but their address. */
  readonly mail: boolean;
  readonly person: Person;
}

/**
 * By address; `later` where their platform cannot be asked now. Who is not among them is nobody.
 * @param source who wants to know: an account, say, which has a budget of hosts that it may have asked. Left out: without a bound
 */
export type FindRecipients = (
  addresses: readonly Address[],
  source?: string,
) => Promise<ReadonlyMap<Address, FoundRecipient | "later">>;

/** Who serves a domain: a platform, nobody, or not to be said now. @param source as of `FindRecipients` */
export type PlatformOf = (
  domain: PlatformName,
  source?: string,
) => Promise<{ readonly kind: "platform"; readonly platform: PlatformName } | { readonly kind: "none" | "later" }>;

export interface FindRecipientsOptions {
  readonly pool: pg.Pool;
  /** Our own name, and the domains that we serve. */
  readonly platform: PlatformName;
  readonly domains: readonly PlatformName[];
  readonly platformOf: PlatformOf;
}

/** Makes recipients of those elsewhere who are not known yet. Safe to repeat. */
export function createFindRecipients({ pool, platform, domains, platformOf }: FindRecipientsOptions): FindRecipients {
  return async (addresses, source) => {
    const found = new Map<Address, FoundRecipient | "later">();
    const here = await findPeople({ pool }, addresses);
    for (const [address, person] of here) found.set(address, { via: platform, mail: false, person });
    const elsewhere = addresses.filter((address) => !domains.includes(domainOf(address)));
    if (elsewhere.length === 0) return found;
    const asked = await Promise.all(
      [...new Set(elsewhere.map(domainOf))].map(async (domain) => [domain, await platformOf(domain, source)] as const),
    );
    const answers = new Map(asked);
    const reached = elsewhere.flatMap((address) => {
      const answer = answers.get(domainOf(address));
      if (answer?.kind === "later") found.set(address, "later");
      if (answer?.kind === "none") return [{ address, name: null, via: platform, mail: true }];
      // A domain that says that we serve it, and is none of ours, has nobody.
      if (answer?.kind !== "platform" || answer.platform === platform) return [];
      return [{ address, name: null, platform: answer.platform, via: answer.platform, mail: false }];
    });
    const ids = await ensureRecipients(pool, reached, { platform, domains });
    for (const { address, via, mail } of reached) {
      const recipientId = ids.get(address);
      if (recipientId !== undefined) found.set(address, { via, mail, person: { recipientId, accountId: null } });
    }
    return found;
  };
}
