// Names to addresses: asked of DNS alone, and let through only where they are of the Internet.
import { Resolver } from "node:dns/promises";
import { isIPv6, type LookupFunction } from "node:net";
import { isGlobalAddress } from "./global-address.ts";
import { OutgoingError } from "./outgoing-error.ts";

/** All addresses of a name, none where it has none. Rejects with the codes of node:dns. */
export type ResolveHost = (name: string) => Promise<readonly string[]>;

/** A host has a few; whoever lists more has us try no more than these. */
const triedAddressesMax = 8;

/**
 * Looks names up by DNS, as it is set up on this machine. Not by the system's own way (getaddrinfo), which knows names
 * of the local network, adds its domains to what it does not find, and holds one of four threads for as long as it waits.
 * @param servers others than the machine's, as `ADDRESS:PORT`
 * @param timeoutMs until a server is asked again, once
 */
export function resolveByDns({
  servers,
  timeoutMs = 2_000,
}: {
  servers?: readonly string[];
  timeoutMs?: number;
} = {}): ResolveHost {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers) resolver.setServers(servers);
  return async (name) => {
    const answers = await Promise.allSettled([resolver.resolve6(name), resolver.resolve4(name)]);
    const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const faults: unknown[] = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    // "None of this kind" from one and silence from the other is silence.
    throw faults.find((fault) => !isClearNo(fault)) ?? faults[0];
  };
}

/**
 * What a connection asks for the addresses that it is to try: it connects to what this lets through, and asks nobody else.
 * So what a name leads to later makes no difference to what was checked (DNS rebinding).
 */
export function guardedLookUp(resolveHost: ResolveHost): LookupFunction {
  return (name, _options, callback) => {
    checkedAddresses(resolveHost, name).then(
      (addresses) => callback(null, addresses),
      (error) => callback(error, []),
    );
  };
}

/** @throws OutgoingError */
async function checkedAddresses(resolveHost: ResolveHost, name: string) {
  const found = await resolveHost(name).catch((cause: unknown) => {
    throw new OutgoingError(lookUpFault(cause), `the name ${name} could not be looked up`, { cause });
  });
  const [first] = found;
  if (first === undefined) throw new OutgoingError("noSuchHost", `${name} has no address`);
  const checked = found.filter(isGlobalAddress).slice(0, triedAddressesMax);
  if (checked.length === 0)
    throw new OutgoingError("forbidden", `${name} leads to ${first}, which is not on the Internet`);
  return checked.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}

function lookUpFault(error: unknown) {
  if (isClearNo(error)) return "noSuchHost";
  return codeOf(error) === "ETIMEOUT" ? "timeout" : "broken";
}

function isClearNo(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOTFOUND" || code === "ENODATA";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
