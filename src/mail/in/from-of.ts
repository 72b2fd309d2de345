// Whose a mail says it is: its one From mailbox, as all programs read it, or none.

import parseAddresses from "nodemailer/lib/addressparser";
import { addressParser } from "postal-mime";
import { toAddress } from "../../accounts/accounts.ts";
import type { Address } from "../../conversation/address.ts";
import { headersEnd } from "../mail-head.ts";

/**
 * Null where it names none, several, or is read as one by one program and as another by the next: what is verified has to be what is
 * believed afterwards.
 */
export function fromOf(raw: Buffer): Address | null {
  const head = raw.toString("latin1", 0, headersEnd(raw));
  const [field, ...more] = head.match(/^from[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*/gim) ?? [];
  if (field === undefined || more.length > 0) return null;
  const value = field
    .slice(field.indexOf(":") + 1)
    .replace(/\r?\n(?=[ \t])/g, "")
    .trim();
  const [one, ...others] = addressParser(value);
  const [same, ...further] = parseAddresses(value, { flatten: true });
  if (!one?.address || others.length > 0 || one.address !== same?.address || further.length > 0) return null;
  return toAddress(one.address);
}
