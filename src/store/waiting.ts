// A request to append while it waits: for its turn, and for its answer.
import type { Hash } from "../protocol/hash.ts";
import { hashesOf, proposalId } from "../protocol/seal.ts";
import type { AppendRequest, WriteRequest, WriteResult } from "./conversation-store.ts";
import { conversationOfRequest } from "./load.ts";

export interface Waiting {
  readonly request: WriteRequest;
  readonly conversation: Hash;
  /** Of the proposals that it brings. */
  readonly ids: readonly Hash[];
  /** Client request, draft and proposals: two requests that share one are never out together, for one repeats the other. */
  readonly keys: readonly string[];
  /** Set once a batch with others failed: then this one is tried by itself, to learn whose fault it was. */
  isAlone: boolean;
  /** How often somebody else was quicker, or the database refused. */
  tries: number;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
}

// Other processes can win a conversation again and again, but each time one of us got on.
export const triesMax = 200;

/** A request that has just come in. */
export function waitingFor(
  request: WriteRequest,
  resolve: (result: WriteResult) => void,
  reject: (error: unknown) => void,
): Waiting {
  const ids = idsOf(request);
  const client = clientOf(request);
  return {
    request,
    conversation: conversationOfRequest(request),
    ids,
    keys: [...(client ? [clientKey(client)] : []), ...draftsOf(request), ...ids],
    isAlone: false,
    tries: 0,
    resolve,
    reject,
  };
}

export type Client = NonNullable<AppendRequest["client"]>;

export const clientKey = ({ accountId, clientId }: Client): string => `${accountId} ${clientId}`;

export function clientOf(request: WriteRequest): Client | undefined {
  return "client" in request ? request.client : undefined;
}

function idsOf(request: WriteRequest): readonly Hash[] {
  if ("run" in request) return request.run.map((signed) => hashesOf(signed).id);
  if (!("proposals" in request)) return [];
  if (request.proposals.length === 0) throw new Error("a request has to bring proposals, or a command");
  return request.proposals.map(({ proposal }) => proposalId(proposal));
}

export function draftsOf(request: WriteRequest): readonly Hash[] {
  return "draft" in request && request.draft ? [request.draft] : [];
}

export function draftVersionOf(request: WriteRequest): number | null {
  return ("draftVersion" in request ? request.draftVersion : undefined) ?? null;
}
