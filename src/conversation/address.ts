// Addresses: the one form in which they stand in bodies and in the database.
import { platformNameSchema } from "../protocol/form.ts";
import { limits } from "./limits.ts";

/** `alice@a.example`: lower case, NFC, the domain in A-labels. */
export type Address = string;

// RFC 5321 §4.1.2 Dot-string, RFC 6531 §3.3 for what is not ASCII; no quoted local parts, no comments.
const localPartPattern =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+)*$/u;

/** Whether `text` is an address in its one form. Others are refused, never mended: two forms would be two people. */
export function isAddress(text: string): text is Address {
  const at = text.lastIndexOf("@");
  const localPart = text.slice(0, at);
  return (
    at > 0 &&
    text.length <= limits.addressCharacters &&
    localPart.length <= limits.localPartCharacters &&
    localPartPattern.test(localPart) &&
    !/[\p{Cc}\p{Cf}\p{Z}\p{Cs}]/u.test(localPart) &&
    platformNameSchema.safeParse(text.slice(at + 1)).success &&
    text === text.toLowerCase() &&
    text === text.normalize("NFC")
  );
}

/** The domain of an address. */
export function domainOf(address: Address): string {
  return address.slice(address.lastIndexOf("@") + 1);
}
