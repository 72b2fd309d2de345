// A mail that belongs to no conversation: it begins one, of the accounts here that it was sent to. The first of them creates it,
// as nobody else here can, and the sender is in it by mail.
import { findPeople, toAddress } from "../../accounts/accounts.ts";
import { isKnown } from "../../accounts/added-people.ts";
import { type Command, propose } from "../../conversation/accept.ts";
import type { Address } from "../../conversation/address.ts";
import { slugOf } from "../../conversation/body.ts";
import type { Hash } from "../../protocol/hash.ts";
import { proposalId } from "../../protocol/seal.ts";
import type { AccountId, Person } from "../../store/conversation-store.ts";
import { finish } from "./answer.ts";
import { spend } from "./budgets.ts";
import type { Envelope } from "./inbound-mail.ts";
import { proposeSigned, sayByMail, signed } from "./post.ts";
import { lookingFor, ownerOf, type PlaceOptions, type Received, type Settled } from "./received.ts";
import { saidIn } from "./said.ts";

/** An account here that a mail was sent to. */
export interface LocalRecipient {
  readonly address: Address;
  readonly recipientId: string;
  readonly accountId: AccountId;
}

/** So many of a mail's recipients are looked at. */
const recipientsMax = 100;

/** The accounts here that the mail was sent to, in the order of its envelope, each once. */
export async function localRecipients(
  { pool, domains }: Pick<PlaceOptions, "pool" | "domains">,
  { to }: Pick<Envelope, "to">,
): Promise<readonly LocalRecipient[]> {
  // RFC 5321 §4.5.1: the postmaster of the whole platform, who is asked for without a domain.
  const whole = to.map((typed) => (/^postmaster$/i.test(typed) ? `postmaster@${domains[0]}` : typed));
  const addresses = [...new Set(whole.flatMap((typed) => toAddress(typed) ?? []))].slice(0, recipientsMax);
  const people = await findPeople({ pool }, addresses);
  return addresses.flatMap((address) => {
    const { recipientId, accountId = null } = people.get(address) ?? {};
    return recipientId === undefined || accountId === null ? [] : [{ address, recipientId, accountId }];
  });
}

export async function begin(
  options: PlaceOptions,
  received: Received,
  recipients: readonly LocalRecipient[],
): Promise<Settled> {
  const { row, mail, from } = received;
  if (recipients.length === 0) return { status: "REFUSED", reason: "NO_RECIPIENT" };
  const owner = await ownerOf(options, received, false);
  if (owner !== "mail") return { status: "REFUSED", reason: owner.toUpperCase() };
  const body = saidIn(mail, row.receivedAt, true);
  if (body === null) return { status: "REFUSED", reason: "NO_WORDS" };
  const sender = (await options.findRecipients([from], lookingFor(received))).get(from);
  if (sender === undefined || sender === "later") throw new Error("a sender's recipient was lost between two look-ups");
  const people = await filed(options, received, recipients);
  if (people.length === 0) return { status: "REFUSED", reason: "TOO_MANY" };
  const everybody = [...people, [from, sender.person] as const];

  const occasion = { signer: options.signer, sentAt: options.now(), salt: options.salt };
  const { conversation, participant, proposals } = publication(
    options,
    received,
    people.map(([address]) => address),
  );
  const said = sayByMail(conversation, participant, { answered: null, body, files: mail.files }, occasion);
  const begins = {
    messageId: mail.messageId ?? `${row.id}@${options.mailDomain}`,
    subject: mail.subject === "" ? null : mail.subject,
    people: everybody,
  };
  const becoming = { conversation, participant, message: said.message, begins, words: null };
  return finish(options, received, { ...becoming, proposals: [...proposals, ...said.proposals] }, 0);
}

/** What makes the conversation of these accounts, the first of which creates it, and of the sender. */
function publication(
  { signer, now, salt }: PlaceOptions,
  { mail, from, name }: Received,
  [creator = "", ...others]: readonly Address[],
) {
  const occasion = { signer, sentAt: now(), salt };
  const here = { via: signer.platform, mail: false, imported: false };
  const value = { role: "ADMIN", ...here } as const;
  const body = { address: creator, name: null, slug: slugOf(mail.subject), continues: null };
  const first = propose({ action: "publish", model: "conversation", value, body }, null, null, null, occasion);
  const conversation = proposalId(first.proposal);
  const say = (command: Command) => proposeSigned(command, conversation, conversation, occasion);
  const add = (address: Address, called: string | null, isByMail: boolean) =>
    say({
      ...{ action: "add", model: "participant", value: { role: "WRITER", ...here, mail: isByMail } },
      body: { address, name: called },
    });
  const sender = add(from, name, true);
  const proposals = [
    signed(first, signer),
    ...(mail.subject === "" ? [] : [say({ action: "modify", model: "subject", body: { subject: mail.subject } })]),
    ...others.map((address) => add(address, null, false)),
    sender,
  ];
  return { conversation, participant: proposalId(sender.proposal) as Hash, proposals };
}

/**
 * Where each account finds it: INBOX where it knows the sender, REQUESTS where it does not, SPAM where nobody vouches for the
 * sender or they begin many. Those whose SPAM had enough for today are left out.
 */
async function filed(
  { pool, now }: PlaceOptions,
  { from, verdict }: Received,
  recipients: readonly LocalRecipient[],
): Promise<readonly (readonly [Address, Person])[]> {
  const people: (readonly [Address, Person])[] = [];
  for (const { address, recipientId, accountId } of recipients) {
    const person = { recipientId, accountId };
    const isTheirs = verdict === "aligned";
    if (isTheirs && (await isKnown(pool, accountId, "", { by: null, byAddress: from }))) people.push([address, person]);
    else if (isTheirs && (await spend(pool, "begun", `${accountId} ${from}`, now())))
      people.push([address, { ...person, folder: "REQUESTS" }]);
    else if (await spend(pool, "spam", accountId, now())) people.push([address, { ...person, folder: "SPAM" }]);
  }
  return people;
}
