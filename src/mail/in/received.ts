// A mail that came in, as far as it was read, and what working through it stands on.
import type { FindRecipients } from "../../accounts/find-recipients.ts";
import { type Address, domainOf } from "../../conversation/address.ts";
import type { PlatformName } from "../../protocol/event.ts";
import type { Signer } from "../../protocol/seal.ts";
import type { MailAbout } from "../out/ask-mail.ts";
import type { Authentication } from "./inbound-mail.ts";
import type { InboundRow, Outcome, Told } from "./inbound-rows.ts";
import type { IncomingMail } from "./parse-incoming.ts";
import { NotYetError, type PostOptions } from "./post.ts";
import { previewOf } from "./said.ts";

export interface PlaceOptions extends PostOptions {
  readonly signer: Signer;
  /** Which the platform serves. */
  readonly domains: readonly PlatformName[];
  /** Of our mail addresses. */
  readonly mailDomain: PlatformName;
  readonly findRecipients: FindRecipients;
  now(): string;
  salt(): string;
}

/** A mail that one person says they wrote. */
export interface Received {
  readonly row: InboundRow;
  readonly mail: IncomingMail;
  readonly from: Address;
  readonly name: string | null;
  /** Whether it is theirs. `confirmed`: they said so by the mail that asked them. */
  readonly verdict: Authentication["verdict"] | "confirmed";
}

/** What was decided; and what the participant of the outcome is asked or told by mail, who sees the conversation up to a place. */
export interface Settled extends Outcome {
  readonly asks?: { readonly about: MailAbout; readonly address: Address; readonly upTo: number };
}

export const toldOf = ({ mail, from, name }: Received): Told => ({
  from: { address: from, name },
  subject: mail.subject,
  preview: previewOf(mail),
});

/**
 * Whose address the mail is from: an account's here, somebody's on another platform, or nobody's but the mail's.
 * @param isByMail whether somebody with this address is reached by mail already
 * @throws NotYetError where their platform cannot be asked now
 */
export async function ownerOf(
  { domains, mailDomain, findRecipients }: Pick<PlaceOptions, "domains" | "mailDomain" | "findRecipients">,
  received: Received,
  isByMail: boolean,
): Promise<"account" | "platform" | "mail"> {
  const { from } = received;
  const domain = domainOf(from);
  // Of our domains all who are anybody are accounts.
  if (domains.includes(domain) || domain === mailDomain) return "account";
  const found = (await findRecipients([from], lookingFor(received))).get(from);
  if (found === "later") {
    // A platform is known for one, also where it does not answer. Of who is reached by mail already, nothing else is known.
    if (isByMail) return "mail";
    throw new NotYetError("whether a platform serves the sender's domain cannot be told now");
  }
  return found?.mail ? "mail" : "platform";
}

/** Whose budget of hosts that are asked a mail's is: its domain's where that vouches for it, else of who handed it over. */
export function lookingFor({ from, row, verdict }: Received): string {
  return `mail ${verdict === "aligned" ? domainOf(from) : (row.envelope.remoteAddress ?? "")}`;
}
