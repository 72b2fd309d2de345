// Appending where another platform leads: the command is signed as a proposal, kept, asked of the leader, and the event
// that it answers with is followed. What waits for a leader that does not answer is asked again, in its order.
import { unknownRecipient } from "../conversation/body.ts";
import { mayWait } from "../conversation/may-wait.ts";
import { type Rejection, type RejectionCode, reject, rejectionCodes } from "../conversation/rejection.ts";
import type { PlatformName, SignedEvent, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId } from "../protocol/seal.ts";
import type {
  AppendAnywhere,
  AppendRequest,
  AppendResult,
  ConversationStore,
  LedElsewhere,
  Pending,
  ProposalsRequest,
} from "../store/conversation-store.ts";
import type { PeerStore, PendingProposal } from "../store/peer-store.ts";
import { batchLimits, type Refusal, type Result } from "./batch.ts";
import type { CatchUp } from "./catch-up.ts";
import type { EraseLate } from "./erase-late.ts";
import type { Ingest } from "./ingest.ts";
import { isUnreachable, type Transport } from "./transport.ts";
import { beginTurn } from "./turn.ts";

export interface AskLeaderOptions {
  readonly platform: PlatformName;
  readonly store: Pick<ConversationStore, "append">;
  readonly peers: Pick<
    PeerStore,
    "head" | "keepPending" | "pendingIn" | "firstPending" | "settled" | "failed" | "dropPending"
  >;
  readonly ingest: Ingest;
  readonly eraseLate: EraseLate;
  readonly catchUp: Pick<CatchUp, "events">;
  readonly transport: Pick<Transport, "post">;
  now(): string;
  /** Something waits in this conversation from now on, for who leads it. */
  onPending(waiting: StillWaiting): void;
  /** Something that waited will not be in the log, or was kept to be asked again. */
  onPendingChanged(pending: PendingProposal): void;
}

/** What waits in a conversation. */
export interface StillWaiting {
  readonly conversation: Hash;
  readonly leader: PlatformName;
  /** When the first of it was said. */
  readonly since: Timestamp;
  /** Whether it goes on at once, behind what others wait for: some of it was settled in a turn that is over. */
  readonly isMore?: boolean;
}

export interface AskLeader {
  readonly append: AppendAnywhere;
  /**
   * Asks anew for what waits in the conversation, in its order, for one turn. Returns what has to be asked for again; null where
   * nothing is left. Safe to repeat, also at once.
   */
  askAgain(conversation: Hash): Promise<StillWaiting | null>;
}

/** How long somebody who says something is kept waiting for the leader. */
const answerWithinMs = 2_000;
/** How often it is asked anew of whom the lead went to. */
const redirectsMax = 3;
/** What waits is asked so many at a time, */
const askedMax = 100;
/** and so many characters of JSON, each of up to three bytes; or a single one. */
const askedCharactersMax = batchLimits.bytes / 4;
/** A leader takes no proposal that is older. */
const proposalLivesMs = 7 * 24 * 3_600 * 1_000;

type Asked = Pick<PendingProposal, "id" | "conversation" | "proposal">;

export function createAskLeader(options: AskLeaderOptions): AskLeader {
  const { platform, store, peers, ingest, eraseLate, catchUp, transport, now, onPending, onPendingChanged } = options;

  /** Takes in the event that the leader made of a proposal, as far as it can be followed now. */
  const follow = async (conversation: Hash, leader: PlatformName, event: SignedEvent) => {
    const ingested = await ingest(conversation, [event], { source: leader });
    if (ingested.ended?.why !== "GAP") return ingested;
    // What the leader sequenced before it is on its way; whoever waits for this one does not wait for that.
    await catchUp.events(conversation, leader);
    return ingest(conversation, [event], { source: leader });
  };

  /** What the leader's answer comes to for who asked; null where it has to be asked again. */
  const settle = async (
    { id, conversation, proposal }: Asked,
    leader: PlatformName,
    result: Result | undefined,
  ): Promise<AppendResult | null> => {
    switch (result?.result) {
      case "accepted":
      case "duplicate": {
        const { event } = result;
        // One of another proposal answers nothing.
        if (!event || proposalId(event.event.proposal) !== id) return null;
        const followed = await follow(conversation, leader, event);
        // Who erases what is theirs after they left does not get what came between.
        if (followed.ended?.why === "GAP" && (await eraseLate(conversation, event, leader)) === "erased") {
          await peers.dropPending(id);
          return { conversation, repeatOf: event.event.seq };
        }
        if (followed.ended !== null) return null;
        const index = followed.entries.findIndex((entry) => entry.id === id);
        const entry = followed.entries[index];
        const change = followed.changes[index];
        // It came by another way, and was settled with that.
        if (!entry || !change || !followed.head) return { conversation, repeatOf: event.event.seq };
        return { conversation, entries: [entry], changes: [change], head: followed.head };
      }
      case "done": {
        // There is always something to add.
        if (proposal.proposal.action === "add") return null;
        await peers.dropPending(id);
        const head = await peers.head(conversation);
        return head && { conversation, entries: [], changes: [], head };
      }
      case "rejected":
        return rejectedBy(result);
      default:
        return null;
    }
  };

  /** As the leader itself: the lead came here while they waited. */
  const takeOwn = async ({ id, conversation, proposal }: Asked, people: AppendRequest["people"]) => {
    const answer = await store.append({ conversation, proposals: [proposal], ...(people && { people }) });
    if ("leader" in answer) return null;
    if ("entries" in answer && answer.entries.length === 0) await peers.dropPending(id);
    await peers.settled(conversation, [id]);
    return answer;
  };

  /**
   * Hands proposals of one conversation to who leads it, in their order. What each comes to; null for one that has to be
   * asked again, and for all after it that depend on it.
   */
  const hand = async (
    asked: readonly [Asked, ...Asked[]],
    withinMs: number,
    isOver: () => boolean,
    people?: AppendRequest["people"],
  ): Promise<readonly (AppendResult | null)[]> => {
    const { conversation } = asked[0];
    const before = await peers.head(conversation);
    if (before?.isFrozen) return asked.map(() => ({ rejection: reject("FROZEN") }));
    let leader = before?.leader ?? platform;
    const askedOf = new Set<PlatformName>();
    // Who was asked already, and named another, does not answer now: copies may each say that the other leads.
    for (let redirects = 0; redirects <= redirectsMax && !askedOf.has(leader) && !isOver(); redirects++) {
      askedOf.add(leader);
      if (leader === platform) {
        const own: (AppendResult | null)[] = [];
        for (const one of asked) own.push(await takeOwn(one, people));
        return own;
      }
      const answer = await transport.post(
        leader,
        asked.map(({ proposal }) => ({ proposal })),
        withinMs,
      );
      if (isUnreachable(answer)) return [];
      const movedTo = answer.map(movedToOf).find((one) => one !== undefined);
      if (movedTo === undefined || movedTo === leader) {
        const settled: (AppendResult | null)[] = [];
        // What the leader's event joins on to may have to be caught up with, for each of them.
        for (const [index, one] of asked.entries())
          settled.push(isOver() ? null : await settle(one, leader, answer[index]));
        return settled;
      }
      // It gave the lead away; the event that says so stands in its log.
      await catchUp.events(conversation, leader);
      const head = await peers.head(conversation);
      // Who does not take part any more is not shown that event, and still may have something to ask.
      leader = movedTo === platform ? (head?.leader ?? leader) : movedTo;
    }
    return [];
  };

  /**
   * Hands the leader proposals that their maker keeps until they are taken. One after the other as far as the leader takes them: what
   * it has of them from an earlier try is found again.
   */
  const handOver = async (conversation: Hash, request: ProposalsRequest): Promise<AppendResult> => {
    const asked = request.proposals.map((proposal) => ({ id: proposalId(proposal.proposal), conversation, proposal }));
    let last: AppendResult = { rejection: reject("LEADER_UNREACHABLE") };
    for (let from = 0; from < asked.length; from += askedMax) {
      const [first, ...others] = asked.slice(from, from + askedMax);
      if (!first) break;
      const answers = await hand([first, ...others], 5 * answerWithinMs, beginTurn(now), request.people);
      for (const index of [first, ...others].keys()) {
        const answer = answers[index];
        if (!answer) return { rejection: reject("LEADER_UNREACHABLE") };
        // What stands on the first does not stand without it. Of the others each stands for itself.
        if (!("rejection" in answer)) last = answer;
        else if (from + index === 0) return answer;
      }
    }
    return last;
  };

  const ask = async (elsewhere: LedElsewhere, request: AppendRequest): Promise<AppendResult | Pending> => {
    const { conversation } = elsewhere;
    // We lead it, and are in doubt how far.
    if (!("command" in request)) return handOver(conversation, request);
    const { accountId, client } = request;
    const { body } = elsewhere.proposal;
    // Nobody has it as far as we know, who speak for it: the leader would take our word.
    if (body !== null && "address" in body && !request.people?.has(body.address))
      return { rejection: unknownRecipient(body.address) };
    const kept = await peers.keepPending({
      id: proposalId(elsewhere.proposal.proposal),
      conversation,
      accountId,
      clientId: client?.clientId ?? null,
      proposal: elsewhere.proposal,
      createdAt: now(),
    });
    // Asked before under this clientId: that is what is asked again.
    const { proposal } = kept;
    if (kept.rejection) return { rejection: kept.rejection };
    const first = mayWait(proposal.proposal) ? await peers.firstPending(conversation) : null;
    // Those that wait keep their order: nothing overtakes them.
    const isInTurn = first === null || first.id === kept.id;
    const [answer] = isInTurn ? await hand([kept], answerWithinMs, beginTurn(now), request.people) : [];
    if (answer) {
      if ("rejection" in answer) await peers.dropPending(kept.id);
      return answer;
    }
    if (!mayWait(proposal.proposal)) {
      // Kept where the client named it: asking again under that name asks for this one, which may be in the log.
      if (kept.clientId === null) await peers.dropPending(kept.id);
      return { rejection: reject("LEADER_UNREACHABLE") };
    }
    onPending({ conversation: kept.conversation, leader: elsewhere.leader, since: (first ?? kept).createdAt });
    onPendingChanged(kept);
    return { conversation: kept.conversation, pending: proposal };
  };

  const stillWaiting = async (conversation: Hash, isMore = false): Promise<StillWaiting | null> => {
    const first = await peers.firstPending(conversation);
    const leader = (await peers.head(conversation))?.leader ?? platform;
    return first ? { conversation, leader, since: first.createdAt, isMore } : null;
  };

  const giveUp = async (pending: PendingProposal, rejection: Rejection): Promise<void> => {
    await peers.failed(pending.id, rejection);
    onPendingChanged({ ...pending, rejection });
  };

  return {
    append: async (request) => {
      if ("proposals" in request && request.conversation !== null) {
        const head = await peers.head(request.conversation);
        if (head && head.leader !== platform) return handOver(request.conversation, request);
      }
      const answer = await store.append(request);
      return "leader" in answer ? ask(answer, request) : answer;
    },

    askAgain: async (conversation) => {
      const isOver = beginTurn(now);
      let settledCount = 0;
      for (;;) {
        // What was not to wait is asked only by who named it.
        const [first, ...others] = await peers.pendingIn(conversation, askedMax);
        if (!first) return null;
        if (isOver()) return stillWaiting(conversation, settledCount > 0);
        const asked = inOneBatch(first, others);
        const answers = await hand(asked, 5 * answerWithinMs, isOver);
        for (const [index, pending] of asked.entries()) {
          const answer = answers[index];
          if (answer && "rejection" in answer) await giveUp(pending, answer.rejection);
          if (answer) settledCount++;
          if (answer) continue;
          if (isOver()) return stillWaiting(conversation, settledCount > 0);
          if (!isTooOld(pending, now())) return stillWaiting(conversation);
          // It may be in the log all the same: that is looked at before it is given up.
          const leader = (await peers.head(conversation))?.leader ?? platform;
          if (leader !== platform && (await catchUp.events(conversation, leader)) === "behind")
            return stillWaiting(conversation);
          settledCount++;
          await peers.settled(conversation, [pending.id]);
          await giveUp(pending, reject("LEADER_UNREACHABLE"));
        }
      }
    },
  };
}

/** As many of these as a leader takes in one request. */
function inOneBatch(
  first: PendingProposal,
  others: readonly PendingProposal[],
): [PendingProposal, ...PendingProposal[]] {
  const sizeOf = ({ proposal }: PendingProposal) => JSON.stringify(proposal).length;
  let size = sizeOf(first);
  const end = others.findIndex((one) => {
    size += sizeOf(one);
    return size > askedCharactersMax;
  });
  return [first, ...others.slice(0, end === -1 ? others.length : end)];
}

function isTooOld({ proposal: { proposal } }: Asked, now: string): boolean {
  return Date.parse(now) - Date.parse(proposal.sentAt) > proposalLivesMs;
}

function movedToOf(result: Result): PlatformName | undefined {
  return result.result === "rejected" && result.code === "WRONG_LEADER" ? result.leader : undefined;
}

/** Null where another leads: it is asked again of that one. Every other no is the answer. */
function rejectedBy({ code: named, message, latest }: Refusal): { readonly rejection: Rejection } | null {
  if (named === "WRONG_LEADER") return null;
  const code = rejectionCodes.find((one): one is RejectionCode => one === named);
  if (code) return { rejection: { ...reject(code, message), ...(latest !== undefined && { latest }) } };
  const why = `The platform that leads this conversation does not take it: ${named}. Ask who operates this one, then say it anew.`;
  return { rejection: reject("FORBIDDEN", why) };
}
