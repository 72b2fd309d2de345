import { describe, expect, test } from "vitest";
import { isGlobalAddress } from "../../src/net/global-address.ts";

// First and last of every block of the two special-purpose registries (IANA, RFC 6890) and of multicast.
const blocks: readonly [first: string, last: string, what: string][] = [
  ["0.0.0.0", "0.255.255.255", "this network"],
  ["10.0.0.0", "10.255.255.255", "private use"],
  ["100.64.0.0", "100.127.255.255", "shared address space"],
  ["127.0.0.0", "127.255.255.255", "loopback"],
  ["169.254.0.0", "169.254.255.255", "link-local"],
  ["172.16.0.0", "172.31.255.255", "private use"],
  ["192.0.0.0", "192.0.0.255", "IETF protocol assignments"],
  ["192.0.2.0", "192.0.2.255", "TEST-NET-1"],
  ["192.31.196.0", "192.31.196.255", "AS112-v4"],
  ["192.52.193.0", "192.52.193.255", "AMT"],
  ["192.88.99.0", "192.88.99.255", "6to4 relay anycast"],
  ["192.168.0.0", "192.168.255.255", "private use"],
  ["192.175.48.0", "192.175.48.255", "AS112"],
  ["198.18.0.0", "198.19.255.255", "benchmarking"],
  ["198.51.100.0", "198.51.100.255", "TEST-NET-2"],
  ["203.0.113.0", "203.0.113.255", "TEST-NET-3"],
  ["224.0.0.0", "239.255.255.255", "multicast"],
  ["240.0.0.0", "255.255.255.255", "reserved, and limited broadcast"],
  ["::", "::1", "unspecified and loopback"],
  ["::0.0.0.2", "::255.255.255.255", "IPv4-compatible"],
  ["::ffff:0.0.0.0", "::ffff:255.255.255.255", "IPv4-mapped"],
  ["64:ff9b::", "64:ff9b::255.255.255.255", "NAT64"],
  ["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "local NAT64"],
  ["100::", "100::ffff:ffff:ffff:ffff", "discard-only"],
  ["100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "dummy prefix"],
  ["2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"],
  ["2001:1::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "IETF protocol assignments"],
  ["2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmarking"],
  ["2001:10::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID"],
  ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"],
  ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"],
  ["2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "AS112"],
  ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"],
  ["5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "segment routing"],
  ["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local"],
  ["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"],
  ["fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"],
  ["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"],
];

test.each(blocks)("%s to %s is no address of the Internet: %s", (first, last) => {
  expect(isGlobalAddress(first)).toBe(false);
  expect(isGlobalAddress(last)).toBe(false);
});

// Right before and after the blocks, where they do not touch each other.
test.each([
  ...["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"],
  ...["169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0"],
  ...["192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0", "192.88.98.255", "192.88.100.0"],
  ...["192.167.255.255", "192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255", "198.20.0.0"],
  ...["198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"],
  ...["2000::", "2001:200::", "2001:db7:ffff::", "2001:db9::", "2001:4860:4860::8888", "2003::"],
  ...["2620:4f:7fff::", "2620:4f:8001::", "2606:4700:4700::1111", "3ffe:ffff::"],
])("%s is one", (address) => expect(isGlobalAddress(address)).toBe(true));

describe("What is no address in plain form is none of the Internet", () => {
  test.each([
    ...[
      "",
      " ",
      "localhost",
      "one.platform",
      "8.8.8.8 ",
      " 8.8.8.8",
      "8.8.8.8:443",
      "8.8.8",
      "134744072",
      "0x08080808",
    ],
    ...[
      "010.8.8.8",
      "8.8.8.8.8",
      "256.8.8.8",
      "[2606:4700:4700::1111]",
      "2606:4700:4700::1111%eth0",
      "2606:4700",
      "::g",
    ],
    ...["::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::", "4000::1"],
  ])("%j", (address) => expect(isGlobalAddress(address)).toBe(false));
});
