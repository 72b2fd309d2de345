// Names that stand for nothing on the internet: whoever has an address there has no platform that could be asked for.
import type { PlatformName } from "../protocol/event.ts";

// RFC 6761 §6 (test, localhost, invalid, example and its domains) and what was added to its registry since: RFC 6762
// (local), 7686 (onion), 9476 (alt), `internal` (ICANN, 2024). All of `arpa` is infrastructure (RFC 3172).
const specialUse = [
  ...["test", "localhost", "invalid", "example", "example.com", "example.net", "example.org"],
  ...["local", "onion", "alt", "internal", "arpa"],
];

/** Whether the name is never looked up. A name without a dot is one of a local network, or a top-level domain, which has no host. */
export function isSpecialUse(name: PlatformName): boolean {
  return !name.includes(".") || specialUse.some((special) => name === special || name.endsWith(`.${special}`));
}
