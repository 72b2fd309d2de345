// Who is behind a request, for budgets: an address, or the network of one.
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * The address that a request comes from; of IPv6 its /64, which one customer has whole, and could ask from all of.
 * @param isProxyTrusted whether only a proxy reaches this port: then it is the last address of `X-Forwarded-For`, which that proxy
 * wrote. Those before it are the client's to make up. Without such a header it is the proxy's own.
 */
export function sourceOf({ headers, socket }: IncomingMessage, isProxyTrusted: boolean): string {
  // Node has joined several lines of it by commas (RFC 9110 §5.3).
  const forwarded = isProxyTrusted
    ? String(headers["x-forwarded-for"] ?? "")
        .split(",")
        .at(-1)
        ?.trim()
    : undefined;
  return sourceOfAddress(forwarded && isIP(forwarded) !== 0 ? forwarded : (socket.remoteAddress ?? ""));
}

/** The address itself; of IPv6 its /64. */
export function sourceOfAddress(address: string): string {
  return isIP(address) === 6 ? networkOf(address) : address;
}

/** RFC 4291 §2.2: sixteen bits to a group; `::` once, for as many zeros as lack. */
function networkOf(address: string): string {
  const [plain = ""] = address.split("%");
  // RFC 4291 §2.5.5.2: IPv4, as a socket for both shows it.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped) return mapped;
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [before = "", after] = plain.split("::");
  const [first, last] = [groups(before), groups(after ?? "")];
  const known = first.length + last.length + (plain.includes(".") ? 1 : 0);
  const all = after === undefined ? first : [...first, ...Array<string>(8 - known).fill("0"), ...last];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
