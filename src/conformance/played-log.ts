// A log that is made by hand: as the rules have it, or otherwise.
import { type Command, proposeOn } from "../conversation/accept.ts";
import { bodyFault } from "../conversation/body.ts";
import { type FollowFault, follow } from "../conversation/follow.ts";
import { type Conversation, emptyState } from "../conversation/state.ts";
import type { Body, Event, ParticipantValue, Proposal, SignedEvent, SignedProposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { eventHash, proposalId, type Signer } from "../protocol/seal.ts";
import { newSeed } from "../protocol/signature.ts";

export class PlayedLog {
  readonly state = emptyState();
  /** As others get them: a body that may not be is not there. */
  readonly entries: SignedEvent[] = [];

  /** @throws Error before the first event */
  get head(): Conversation {
    if (this.state.conversation === null) throw new Error("the log has no event yet");
    return this.state.conversation;
  }

  /** Who has it as their `via`, and takes part; the last that was added first. */
  participantVia(via: string): Hash | null {
    const found = [...this.state.participants.values()].filter((one) => one.via === via && one.status === "ACTIVE");
    return found.at(-1)?.id ?? null;
  }

  /** @param but what it says instead; it is signed with that */
  proposal(signer: Signer, actor: Hash | null, command: Command, but: Partial<Proposal> = {}): SignedProposal {
    const occasion = { signer, sentAt: now(), salt: () => newSeed().toString("base64url") };
    const made = proposeOn(this.state, command, actor, occasion);
    return signProposal(signer, { ...made, proposal: { ...made.proposal, ...but } });
  }

  /** The proposal at the next place of the log, which does not get it. @param but what the event says instead; it is signed with that */
  sequenced(leader: Signer, signed: SignedProposal, but: Partial<Event> = {}): SignedEvent {
    const { conversation } = this.state;
    const at = now();
    const { proposal, signature, body, salt } = signed;
    const event: Event = {
      proposal,
      seq: (conversation?.seq ?? 0) + 1,
      parent: conversation?.head ?? null,
      timestamp: conversation && conversation.timestamp > at ? conversation.timestamp : at,
      leader: leader.platform,
      key: leader.key.key,
      ...but,
    };
    const isOwn = proposal.platform === event.leader && proposal.key === event.key;
    const signatures = { event: leader.key.sign("event", eventHash(event)), proposal: isOwn ? null : signature };
    return { event, signatures, body, salt };
  }

  /** Takes the event to the log, if the rules have it so. */
  take(signed: SignedEvent): FollowFault | null {
    const isFit = bodyFault(signed.event.proposal.model, signed.body) === null;
    const kept = isFit ? signed : { ...signed, body: null, salt: null };
    const fault = follow(this.state, kept, now());
    if (fault === null) this.entries.push(kept);
    return fault;
  }

  /** Sequences and takes what the leader's own participant does. @throws Error where the rules forbid it */
  does(leader: Signer, actor: Hash | null, command: Command): SignedEvent {
    const signed = this.sequenced(leader, this.proposal(leader, actor, command));
    const fault = this.take(signed);
    if (fault !== null) throw new Error(`the rules forbid it: ${JSON.stringify(fault)}`);
    return signed;
  }
}

export const now = (): string => new Date().toISOString();

export function signProposal(
  signer: Signer,
  { proposal, body, salt }: Omit<SignedProposal, "signature">,
): SignedProposal {
  return { proposal, signature: signer.key.sign("proposal", proposalId(proposal)), body, salt };
}

export const saying = (text: string): Command => ({
  ...{ action: "add", model: "message" },
  body: { format: "PLAIN", text, mentions: [], mail: null },
});

export const adding = (address: string, value: Pick<ParticipantValue, "role" | "via">): Command => ({
  ...{ action: "add", model: "participant" },
  value: { ...value, mail: false, imported: false },
  body: { address, name: null },
});

/** A conversation of `creator`'s, with a subject: two events. */
export function begun(leader: Signer, creator: string, subject: string): PlayedLog {
  const log = new PlayedLog();
  const body: Body = { address: creator, name: null, slug: "", continues: null };
  const value = { role: "ADMIN", via: leader.platform, mail: false, imported: false } as const;
  log.does(leader, null, { action: "publish", model: "conversation", value, body });
  log.does(leader, log.head.id, { action: "modify", model: "subject", body: { subject } });
  return log;
}

/** Somebody of that platform who may only read. @throws Error where there is nobody */
export function readerOf({ state }: PlayedLog, { platform }: Signer): Hash {
  const reader = [...state.participants.values()].find(({ via, role }) => via === platform && role === "READER");
  if (!reader) throw new Error("nobody of ours may only read");
  return reader.id;
}
