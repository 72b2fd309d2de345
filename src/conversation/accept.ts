// How a leader takes proposals: decide, look at the words, give each a place, sign. Pure: time, salt and key are handed in.

import type { Body, Proposal, Salt, SignedProposal, Timestamp, Value } from "../protocol/event.ts";
import { version } from "../protocol/event.ts";
import { hasBody } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { commitmentTo, type Entry, isCommitted, proposalId, type Signer, sequence } from "../protocol/seal.ts";
import { bodyFault, doublesWords, type IsKnown, unknownRecipient, type Words } from "./body.ts";
import { decide, latestEvent } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { type Rejection, reject } from "./rejection.ts";
import { apply, type Changes, type State } from "./state.ts";

/** What somebody wants done in a conversation. */
export interface Command extends Pick<Proposal, "action" | "model"> {
  readonly item?: Hash | null;
  readonly value?: Value | null;
  readonly body?: Body | null;
  /** Left out: whatever the item's latest event is. Given: the one that was seen, and CONFLICT where it is another. */
  readonly follows?: Hash;
}

/** What a proposal is made with, beside the command. */
export interface Occasion {
  readonly signer: Signer;
  readonly sentAt: Timestamp;
  /** 32 bytes from the system's randomness, asked for only where there is a body. */
  salt(): Salt;
}

/**
 * Makes the proposal of a command. Unsigned: its platform leads, and signs the event.
 * @param latest the latest event of what the command is about, which it follows unless it names another
 * @throws CanonicalJsonError where the body has no canonical form
 */
export function propose(
  command: Command,
  conversation: Hash | null,
  actor: Hash | null,
  latest: Hash | null,
  occasion: Occasion,
): SignedProposal {
  const { action, model, item = null, value = null } = command;
  const body = hasBody(action, model) ? (command.body ?? null) : null;
  const salt = body === null ? null : occasion.salt();
  const proposal: Proposal = {
    v: version,
    conversation,
    platform: occasion.signer.platform,
    key: occasion.signer.key.key,
    actor,
    sentAt: occasion.sentAt,
    action,
    model,
    item,
    value,
    // What is not there has no latest event; naming the item itself leaves it to the rules to say NOT_FOUND.
    follows: isMaking(action) ? null : (command.follows ?? latest ?? item),
    ref: body === null || salt === null ? null : commitmentTo(body, salt),
  };
  return { proposal, signature: null, body, salt };
}

/** The proposal of a command on a state as it is: it follows what is the latest there. */
export function proposeOn(state: State, command: Command, actor: Hash | null, occasion: Occasion): SignedProposal {
  const latest = latestEvent(state, { ...command, item: command.item ?? null });
  return propose(command, state.conversation?.id ?? null, actor, latest, occasion);
}

function isMaking(action: Proposal["action"]): boolean {
  return action === "publish" || action === "add";
}

export interface Accepted {
  readonly entry: Entry;
  readonly changes: Changes;
}

/**
 * Takes one proposal as the leader at `now`. Accepted: `state` and `words` are moved on, so that the next proposal can
 * be taken on them; else nothing changes. A proposal that was made an event before is for the caller to find, by its id.
 * @param isKnown asked of whom the proposal makes a participant; RECIPIENT_UNKNOWN where nobody has the address
 */
export function accept(
  state: State,
  words: Words,
  signed: SignedProposal,
  now: Timestamp,
  leader: Signer,
  isKnown: IsKnown = () => true,
): Accepted | "done" | Rejection {
  const { proposal, body, salt } = signed;
  const fault = bodyFault(proposal.model, body);
  if (fault) return fault;
  if (!isCommitted(proposal, body, salt) || (proposal.ref !== null && body === null)) {
    return reject("INVALID_BODY", "The content is not what the proposal was signed for.");
  }
  const parent = state.conversation;
  // Never before the parent's: a log's times do not run backwards, whatever the clock did.
  const timestamp = parent && parent.timestamp > now ? parent.timestamp : now;
  const decision = decide(state, proposal, timestamp);
  if (decision !== "accepted") return decision;
  if (leader.platform !== (parent?.leader ?? proposal.platform))
    return reject("WRONG_PLATFORM", "Another platform leads.");
  const doubled = doublesWords(state, words, proposal, body);
  if (doubled) return doubled;
  if (body !== null && "address" in body && !isKnown(body.address)) return unknownRecipient(body.address);

  const place = { seq: (parent?.seq ?? 0) + 1, parent: parent?.head ?? null, timestamp };
  const entry = sequence(signed, proposalId(proposal), place, leader);
  const changes = evolve(state, entry);
  apply(state, changes);
  if (body !== null && isMaking(proposal.action)) {
    // The first event's body is the creator's address, and the creator a participant like any other.
    if ("address" in body) words.addresses.set(entry.id, body.address);
    else if (proposal.model === "label" && "name" in body) words.labels.set(entry.id, body.name);
  }
  return { entry, changes };
}
