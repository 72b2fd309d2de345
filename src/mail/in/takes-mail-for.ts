// Whose mail is taken: of our mails' reply and bounce addresses, of accounts, and the postmaster's. Nobody else's is passed on.
import type pg from "pg";
import { findPeople, toAddress } from "../../accounts/accounts.ts";
import { domainOf } from "../../conversation/address.ts";
import { rowIdOfToken } from "./row-id-of-token.ts";

/** `elsewhere`: its domain is none of ours. `unknown`: there is nobody of this address. */
export type Taken = "taken" | "unknown" | "elsewhere";

export interface TakesMailForOptions {
  readonly pool: pg.Pool;
  /** Of our mails' addresses. */
  readonly mailDomain: string;
  /** Whose addresses are accounts here. */
  readonly domains: readonly string[];
}

/** @throws where the database is out of reach */
export type TakesMailFor = (typed: string) => Promise<Taken>;

export function createTakesMailFor({ pool, mailDomain, domains }: TakesMailForOptions): TakesMailFor {
  return async (typed) => {
    // RFC 5321 §4.5.1: always taken, also without a domain.
    if (/^postmaster$/i.test(typed)) return "taken";
    const address = toAddress(typed);
    const domain = address === null ? "" : domainOf(address);
    if (address === null || !(domain === mailDomain || domains.includes(domain))) return "elsewhere";
    const localPart = address.slice(0, address.lastIndexOf("@"));
    if (localPart === "postmaster") return "taken";
    const [, purpose, token = ""] = /^(reply|bounce)\+(.*)$/.exec(localPart) ?? [];
    if (
      domain === mailDomain &&
      (purpose === "reply" || purpose === "bounce") &&
      (await rowIdOfToken(pool, purpose, token)) !== null
    )
      return "taken";
    return domains.includes(domain) && (await findPeople({ pool }, [address])).has(address) ? "taken" : "unknown";
  };
}
