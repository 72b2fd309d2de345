// Words that are erased after this platform left a conversation: the event that says so comes alone, for what we had.
import { isErased } from "../conversation/erased.ts";
import { evolve, fold } from "../conversation/evolve.ts";
import { apply, type State } from "../conversation/state.ts";
import type { PlatformName, Proposal, SignedEvent } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { type Entry, eventHash, isProposedByItsPlatform, isSignedByItsLeader, proposalId } from "../protocol/seal.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import type { PeerStore } from "../store/peer-store.ts";
import type { Keys } from "./vouching.ts";

export interface EraseLateOptions {
  readonly platform: PlatformName;
  readonly store: Pick<ConversationStore, "entriesAfter">;
  readonly peers: Pick<PeerStore, "standing" | "reachOf" | "eraseLate">;
  readonly keys: Keys;
}

/** `unknownSigner`: neither the leader that we last knew, nor who speaks for what is erased. `later`: whose key it is cannot be said now. */
export type ErasedLate = "erased" | "unknownSigner" | "later";

/**
 * Null where it is no such event, or we are still in the conversation: then it comes in its turn. Safe to repeat.
 * @param source who handed it over, on whose budget keys are looked up
 */
export type EraseLate = (conversation: Hash, signed: SignedEvent, source: PlatformName) => Promise<ErasedLate | null>;

const pageEvents = 1_000;

export function createEraseLate({ platform, store, peers, keys }: EraseLateOptions): EraseLate {
  const logOf = async (conversation: Hash): Promise<readonly Entry[]> => {
    const log: Entry[] = [];
    for (;;) {
      const page = await store.entriesAfter(conversation, log.length, pageEvents);
      log.push(...page);
      if (page.length < pageEvents) return log;
    }
  };

  /** Who of those who might say so signed it: the leader that we knew, or somebody who was in it. The log need not be read for that. */
  const signerOf = async (leader: PlatformName, conversation: Hash, signed: SignedEvent, source: PlatformName) => {
    const { event } = signed;
    const { proposal } = event;
    const byLeader = event.leader === leader && isSignedByItsLeader(signed);
    const leaders = byLeader ? await keys.keyOf(event.leader, event.key, event.timestamp, { source }) : "unknown";
    if (leaders === "valid") return "leader";
    const byOther = isProposedByItsPlatform(signed) && (await peers.reachOf(proposal.platform, conversation)) > 0;
    const others = byOther ? await keys.keyOf(proposal.platform, proposal.key, proposal.sentAt, { source }) : "unknown";
    if (others === "valid") return "proposer";
    return leaders === "later" || others === "later" ? "later" : "nobody";
  };

  return async (conversation, signed, source) => {
    const { event } = signed;
    const { proposal, seq } = event;
    if (!isErasing(proposal) || proposal.conversation !== conversation) return null;
    const standing = await peers.standing(platform, conversation);
    if (!standing || seq <= standing.head.seq || standing.reach > standing.head.seq) return null;
    const { head } = standing;
    const signer = await signerOf(head.leader, conversation, signed, source);
    if (signer === "later") return "later";
    if (signer === "nobody") return "unknownSigner";
    const log = await logOf(conversation);
    const state = fold(log);
    const via = viaOf(state, proposal);
    // Nothing of it is here: where we are behind, it comes.
    if (via === null) return null;
    if (signer === "proposer" && proposal.platform !== via) return "unknownSigner";
    // Our copy of the log ends before it, so neither the log nor its state has it: only the words are gone.
    apply(state, evolve(state, { id: proposalId(proposal), hash: eventHash(event), event }));
    const erased = log.filter((entry) => entry.event.proposal.ref !== null && isErased(state, entry));
    await peers.eraseLate(
      conversation,
      erased.map((entry) => entry.event.seq),
    );
    return "erased";
  };
}

/** Whether an event takes words away. */
export function isErasing({ action, model, value }: Pick<Proposal, "action" | "model" | "value">): boolean {
  return action === "remove" && (model !== "participant" || value === "ERASE");
}

/** Who speaks for whoever brought what is erased; null where we have nothing of it. */
function viaOf({ participants, messages, labels, attachments }: State, { item }: Proposal): PlatformName | null {
  if (item === null) return null;
  const made = messages.get(item) ?? labels.get(item) ?? attachments.get(item);
  return participants.get(made?.addedBy ?? item)?.via ?? null;
}
