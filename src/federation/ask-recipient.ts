// Whether anybody has an address that is to be added to a conversation which their platform is in already: that has to take the
// event that adds them, whoever they are, and so is asked before. Of a conversation that it does not know, it says so itself.
import type { Address } from "../conversation/address.ts";
import { unknownRecipient } from "../conversation/body.ts";
import type { Rejection } from "../conversation/rejection.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { participantOf } from "../protocol/value.ts";
import type { AppendRequest, ConversationStore } from "../store/conversation-store.ts";
import type { PeerStore } from "../store/peer-store.ts";
import { fetchBudget } from "./fetch-budget.ts";
import { isUnreachable, type Transport } from "./transport.ts";

export interface AskRecipientOptions {
  readonly platform: PlatformName;
  readonly store: Pick<ConversationStore, "append">;
  readonly peers: Pick<PeerStore, "platformsIn" | "failures">;
  readonly transport: Pick<Transport, "post">;
  now(): string;
}

export interface AskRecipient {
  /**
   * Whether the platform says clearly that nobody has the address. Where it does not answer soon, it says nothing.
   * @param source on whose budget of questions it is: the platform that proposes them
   */
  isNobodys(conversation: Hash, address: Address, via: PlatformName, source: PlatformName): Promise<boolean>;
  /** RECIPIENT_UNKNOWN where the request would add somebody whom their platform does not know; null where it may be appended. */
  judge(request: AppendRequest): Promise<Rejection | null>;
}

/** Of what somebody who says something is kept waiting for a leader, at most half. */
const answerWithinMs = 1_000;

/**
 * Questions that an account, or a platform that proposes, may cause in a minute; after that, people are added as where nobody
 * answers. Each may keep us waiting, and is taken from the requests that the platform which is asked takes of us.
 */
export const questionsPerMinuteMost = 30;

export function createAskRecipient({ platform, store, peers, transport, now }: AskRecipientOptions): AskRecipient {
  const questions = fetchBudget(questionsPerMinuteMost, () => Date.parse(now()));

  /** Whether it may be asked, and is not known to be silent. */
  const isThere = async (conversation: Hash, via: PlatformName) =>
    (await peers.platformsIn(conversation)).includes(via) && (await peers.failures(via)) === 0;

  const ask = async (conversation: Hash, address: Address, via: PlatformName, source: string) => {
    if (!questions.take(source)) return false;
    const answer = await transport.post(via, [{ recipient: { conversation, address } }], answerWithinMs);
    const [result] = isUnreachable(answer) ? [] : answer;
    return result?.result === "rejected" && result.code === "RECIPIENT_UNKNOWN";
  };

  return {
    isNobodys: async (conversation, address, via, source) =>
      (await isThere(conversation, via)) && (await ask(conversation, address, via, source)),

    judge: async (request) => {
      if (!("command" in request)) return null;
      const { conversation, command } = request;
      const value = participantOf(command.value ?? null);
      const { body = null } = command;
      if (!value || value.via === platform || body === null || !("address" in body)) return null;
      const { address } = body;
      if (!request.people?.has(address) || !(await isThere(conversation, value.via))) return null;
      // Nobody is asked about for who may not add them, or where another leads, who asks: that they are nobody is looked at last.
      const tried = await store.append({ ...request, people: new Map() });
      const isAsked = "rejection" in tried && tried.rejection.code === "RECIPIENT_UNKNOWN";
      const isNobodys = isAsked && (await ask(conversation, address, value.via, request.accountId));
      return isNobodys ? unknownRecipient(address) : null;
    },
  };
}
