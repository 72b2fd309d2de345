// Who stands in a mail's address fields.
import type { Address as MailAddress } from "postal-mime";
import { toAddress } from "../accounts/accounts.ts";
import type { Address } from "../conversation/address.ts";
import { limits } from "../conversation/limits.ts";
import { oneLine } from "./mail-text.ts";

export interface Mailbox {
  readonly address: Address;
  readonly name: string | null;
}

/** Those of a list who can be written to, each once: by a name, where one of their mentions has one. */
export function onePerAddress(list: readonly MailAddress[]): readonly Mailbox[] {
  const found = new Map<Address, Mailbox>();
  for (const one of list.flatMap(mailboxesOf)) if (!found.get(one.address)?.name) found.set(one.address, one);
  return [...found.values()];
}

/** Those who can be written to; of groups, their members. */
export function mailboxesOf(one: MailAddress): readonly Mailbox[] {
  if (one.group !== undefined) return one.group.flatMap(mailboxesOf);
  const address = toAddress(one.address ?? "");
  if (address === null) return [];
  const name = oneLine(one.name, limits.nameCharacters);
  return [{ address, name: name === "" || name.toLowerCase() === address ? null : name }];
}
