// Which URLs may be asked at all, before anything is looked up.
import { platformNameSchema } from "../protocol/form.ts";
import { OutgoingError } from "./outgoing-error.ts";

// IANA Special-Use Domain Names (RFC 6761), and `internal`, which ICANN set apart in 2024: nobody's on the Internet,
// whatever a name service on the way may say of them. Most of the registry is within `arpa`, where no platform is.
const specialUseNames: readonly string[] = [
  "alt", // RFC 9476
  "arpa",
  "example", // RFC 6761 §6.5, as the next three
  "example.com",
  "example.net",
  "example.org",
  "internal",
  "invalid", // RFC 6761 §6.4
  "local", // RFC 6762
  "localhost", // RFC 6761 §6.3
  "onion", // RFC 7686
  "test", // RFC 6761 §6.2
];

/** Whether a name is set apart, or within one that is. So is every name without a dot: only a local network knows it. */
function isSpecialUseName(name: string): boolean {
  return !name.includes(".") || specialUseNames.some((one) => name === one || name.endsWith(`.${one}`));
}

/**
 * Checks that the URL is `https`, on port 443, of a DNS name that may be somebody's.
 * @throws OutgoingError "forbidden"
 */
export function checkUrl(url: URL): void {
  const faults = [
    [url.protocol !== "https:", "only https is asked"],
    [url.port !== "", "only port 443 is asked"],
    [url.username !== "" || url.password !== "", "a URL with a name or a password is not asked"],
    // So no address either: URL has turned every spelling of one into the plain form, which is no name.
    [!platformNameSchema.safeParse(url.hostname).success, "this is no DNS name"],
    [isSpecialUseName(url.hostname), "this name is nobody's on the Internet"],
  ] as const;
  const fault = faults.find(([isFault]) => isFault);
  if (fault) throw new OutgoingError("forbidden", `${url.hostname}: ${fault[1]}`);
}
