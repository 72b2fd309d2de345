// Records of DNS: what domains publish about their mail.
import { Resolver } from "node:dns/promises";

/** Of a name, of a type such as `TXT`. Rejects with the codes of node:dns. */
export type DnsRecords = (name: string, type: string) => Promise<string[] | string[][]>;

/**
 * Asks DNS, as it is set up on this machine.
 * @param servers others than the machine's, as `ADDRESS:PORT`
 * @param timeoutMs until a server is asked again, once
 */
export function dnsRecords({
  servers,
  timeoutMs = 2_000,
}: {
  readonly servers?: readonly string[];
  readonly timeoutMs?: number;
} = {}): DnsRecords {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers) resolver.setServers(servers);
  return async (name, type) => {
    switch (type) {
      case "TXT":
        return resolver.resolveTxt(name);
      case "A":
        return resolver.resolve4(name);
      case "AAAA":
        return resolver.resolve6(name);
      case "PTR":
        return resolver.resolvePtr(name);
      case "MX":
        // Their shape is what mailauth expects: of `resolve` of node:dns.
        return (await resolver.resolve(name, "MX")) as unknown as string[];
      default:
        throw Object.assign(new Error(`${type} is not asked for`), { code: "ENODATA" });
    }
  };
}
