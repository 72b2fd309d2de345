// One append on a state: all of its proposals, or none. What every store does between loading and writing.
import { CanonicalJsonError } from "../protocol/canonical-json.ts";
import type { SignedProposal, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";
import { type Accepted, accept, type Command, type Occasion, proposeOn } from "./accept.ts";
import { bodyFault, type IsKnown, type Words } from "./body.ts";
import type { Rejection } from "./rejection.ts";
import { apply, type Changes, type State } from "./state.ts";

/** What is to be appended: a command of somebody here, or proposals that were made before. */
export type Wish =
  | { readonly command: Command; readonly actor: Hash | null }
  | { readonly proposals: readonly SignedProposal[] };

/** `entries` is empty where there was nothing left to do. */
export type Taken =
  | { readonly entries: readonly Entry[]; readonly changes: readonly Changes[] }
  | { readonly rejection: Rejection };

/**
 * Takes `wish` as the leader at `now`. `state` and `words` are moved on if it is taken, and are as before if it is
 * rejected: one proposal that is rejected rejects them all.
 * @param isKnown as `accept` asks it
 */
export function take(
  state: State,
  words: Words,
  wish: Wish,
  now: Timestamp,
  occasion: Occasion,
  isKnown?: IsKnown,
): Taken {
  const proposals = proposalsOf(wish, state, occasion);
  if ("code" in proposals) return { rejection: proposals };
  // `accept` moves on only what it takes, so one proposal needs no copy; several are tried on one.
  const isTrial = proposals.length > 1;
  const trial = isTrial ? copyOf(state) : state;
  const trialWords = isTrial ? { labels: new Map(words.labels), addresses: new Map(words.addresses) } : words;
  const accepted: Accepted[] = [];
  for (const proposal of proposals) {
    const answer = accept(trial, trialWords, proposal, now, occasion.signer, isKnown);
    if (answer === "done") continue;
    if ("code" in answer) return { rejection: answer };
    accepted.push(answer);
  }
  const changes = accepted.map((one) => one.changes);
  if (isTrial) {
    for (const change of changes) apply(state, change);
    for (const [id, name] of trialWords.labels) words.labels.set(id, name);
    for (const [id, address] of trialWords.addresses) words.addresses.set(id, address);
  }
  return { entries: accepted.map(({ entry }) => entry), changes };
}

function proposalsOf(wish: Wish, state: State, occasion: Occasion): readonly SignedProposal[] | Rejection {
  if ("proposals" in wish) return wish.proposals;
  const proposed = tryToPropose(state, wish.command, wish.actor, occasion);
  return "code" in proposed ? proposed : [proposed];
}

/** The proposal of a command on a state, unsigned; or why its words make none. */
export function tryToPropose(
  state: State,
  command: Command,
  actor: Hash | null,
  occasion: Occasion,
): SignedProposal | Rejection {
  try {
    return proposeOn(state, command, actor, occasion);
  } catch (error) {
    // Words without a canonical form cannot be committed to, so there is no proposal for `accept` to reject.
    const { model, body = null } = command;
    const fault = error instanceof CanonicalJsonError ? bodyFault(model, body) : null;
    if (fault) return fault;
    throw error;
  }
}

function copyOf(state: State): State {
  return {
    conversation: state.conversation,
    participants: new Map(state.participants),
    messages: new Map(state.messages),
    labels: new Map(state.labels),
    attachments: new Map(state.attachments),
  };
}
