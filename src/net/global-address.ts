// Which addresses are those of hosts on the Internet, and of nothing nearer: no private network, no machine of ours.
import { BlockList, isIPv4, isIPv6 } from "node:net";

// IANA IPv4 Special-Purpose Address Registry (RFC 6890), whole, also what it calls globally reachable (AS112, AMT, the
// anycast addresses of a NAT gateway): none of it is a platform. Then multicast (RFC 5771).
const special4 = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // shared with a provider
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // IETF protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.31.196.0", 24], // AS112
  ["192.52.193.0", 24], // AMT
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["192.175.48.0", 24], // AS112
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
] as const;

// What of 2000::/3 the IANA IPv6 Special-Purpose Address Registry names.
const special6 = [
  ["2001::", 23], // IETF protocol assignments: Teredo, ORCHID, benchmarks, anycast
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, which spells IPv4 addresses
  ["2620:4f:8000::", 48], // AS112
  ["3fff::", 20], // documentation
] as const;

const special = new BlockList();
for (const [network, prefix] of special4) special.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of special6) special.addSubnet(network, prefix, "ipv6");

// RFC 4291 §2.4 and the IANA registry of IPv6: all global unicast that is given out is here. So loopback, link-local and
// unique local addresses are out, as is every spelling of IPv4 within IPv6: mapped, compatible, NAT64.
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

/**
 * Whether `address` is a global unicast address, and none of a special-purpose block. Anything but the text of an
 * address is not, and neither is one with a zone (`%eth0`): that is of this machine.
 */
export function isGlobalAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, "ipv4");
  return isIPv6(address) && !address.includes("%") && global6.check(address, "ipv6") && !special.check(address, "ipv6");
}
