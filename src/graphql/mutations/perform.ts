// Carrying out what mutations ask for: on a published conversation as an append, on a draft as an edit.
import type { GraphQLError } from "graphql";
import type { Command } from "../../conversation/accept.ts";
import type { Address } from "../../conversation/address.ts";
import { unknownRecipient } from "../../conversation/body.ts";
import { editDraft } from "../../conversation/draft.ts";
import { reject } from "../../conversation/rejection.ts";
import type { Changes } from "../../conversation/state.ts";
import type { SignedProposal } from "../../protocol/event.ts";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import { proposalId } from "../../protocol/seal.ts";
import { participantOf } from "../../protocol/value.ts";
import type { AppendRequest } from "../../store/conversation-store.ts";
import { changeDraft } from "../../store/drafts.ts";
import { eventView, type RecordedEventView } from "../../store/read/events.ts";
import type { ConversationView, DraftView, EventView } from "../../store/read/views.ts";
import { badInput } from "../builder.ts";
import type { Context } from "../context.ts";
import type { ConversationSource } from "../find-conversation.ts";
import { namedHash } from "../global-id.ts";
import type { RejectionSource } from "../types/Rejection.ts";

/** What an appending mutation answers with. */
export interface Performed {
  readonly conversation: ConversationSource;
  /** The event; null where there was nothing left to do, and on a draft. */
  readonly event: EventView | null;
  /** What it changed; null where the answer is a repeated one. */
  readonly changes: Changes | null;
  /** Id of what it made or was about. */
  readonly item: Hash | null;
  /** What waits for the leader of the conversation, which does not answer. */
  readonly pending?: SignedProposal;
}

/** What every appending mutation takes. */
export interface AppendInput {
  readonly conversation: string;
  readonly clientId?: string | null | undefined;
  readonly follows?: Hash | null | undefined;
}

/**
 * Does `command` in the conversation or draft that `input` names. Nothing is read back: the answer comes from what was
 * written.
 */
export async function perform(
  context: Context,
  input: AppendInput,
  command: Command,
): Promise<Performed | RejectionSource> {
  const { platform, viewer } = context;
  const conversation = conversationHash(input);
  const follows = input.follows ? { follows: input.follows } : {};
  const adds = addedBy(command);
  const found = adds === null ? undefined : (await platform.findRecipients([adds], viewer.accountId)).get(adds);
  if (found === "later") return { rejection: reject("RECIPIENT_UNREACHABLE") };
  const participant = found && participantOf(command.value ?? null);
  const value = participant ? { ...participant, via: found.via, mail: found.mail } : command.value;
  const request: AppendRequest = {
    conversation,
    accountId: viewer.accountId,
    command: { ...command, ...(value !== undefined && { value }), ...follows },
    ...(adds !== null && { people: new Map(found ? [[adds, found.person]] : []) }),
    ...clientOf(context, input),
  };
  const result = await platform.append(request);
  if ("rejection" in result) {
    // Looked for last: most of what is said is said in conversations, and a draft's hash is no conversation's.
    if (result.rejection.code !== "NOT_FOUND") return result;
    const unknown = adds !== null && !found ? adds : null;
    const drafted = await performOnDraft(context, conversation, input.clientId ?? null, command, unknown);
    if (drafted) return drafted;
    const published = await context.reader.publishedFrom(conversation);
    return published === null ? result : perform(context, { ...input, conversation: published }, command);
  }
  if ("repeatOf" in result) {
    const { reader } = context;
    const isThere =
      result.conversation === conversation || result.conversation === (await reader.publishedFrom(conversation));
    // What changed a participation appended nothing, and was another request.
    if (!isThere || result.repeatOf < 0) throw usedBefore();
    const view = await viewOf(context, result.conversation);
    const event = result.repeatOf === 0 ? null : await reader.event(view, result.repeatOf);
    const { action, model } = event ?? command;
    // There is always something to add: what had nothing left to do was another request.
    if (action !== command.action || model !== command.model || (event === null && action === "add"))
      throw usedBefore();
    return { conversation: view, event, changes: null, item: event ? itemOf(event) : (command.item ?? null) };
  }
  if ("pending" in result) {
    const { pending } = result;
    const view = await viewOf(context, result.conversation);
    return { conversation: view, event: null, changes: null, item: proposalId(pending.proposal), pending };
  }
  // Whoever removes somebody may have removed themselves, and then sees no further.
  const isRemoval = command.model === "participant" && command.action === "remove";
  const view: ConversationView = isRemoval
    ? await viewOf(context, result.conversation)
    : {
        id: result.conversation,
        conversation: result.head,
        horizon: result.head.seq,
        draftHash: undefined,
        subject: undefined,
        folded: null,
      };
  const entry = result.entries.at(-1);
  const changes = result.changes.at(-1);
  if (!entry || !changes) return { conversation: view, event: null, changes: null, item: command.item ?? null };
  // When the database recorded it is not known here, and nobody asks.
  const recorded = { ...entry, conversation: view.id, seq: entry.event.seq, recordedUs: 0, isErased: false };
  const event = eventView(recorded, view);
  return { conversation: view, event, changes, item: itemOf(event) };
}

function itemOf({ id, action, recorded }: RecordedEventView): Hash | null {
  return action === "add" || action === "publish" ? id : recorded.event.proposal.item;
}

/** @param unknown whom the command adds, where nobody has that address */
async function performOnDraft(
  context: Context,
  hash: Hash,
  clientId: string | null,
  command: Command,
  unknown: Address | null,
): Promise<Performed | RejectionSource | null> {
  const { platform, viewer } = context;
  // A retried add makes what it made: in a draft, whose ids are ours to choose, that needs no memory.
  const made = clientId === null ? platform.salt() : sha256(`${viewer.accountId} ${hash} ${clientId}`);
  const draft = await changeDraft(platform.database, viewer.accountId, hash, (content) => {
    const isUsed = (["message", "label", "participant"] as const).some(
      (model) => model !== command.model && content[`${model}s`].some(({ id }) => id === made),
    );
    if (isUsed) throw usedBefore();
    const edited = editDraft(content, command, made);
    return "code" in edited || unknown === null ? edited : unknownRecipient(unknown);
  });
  if (draft === null) return null;
  if ("code" in draft) return { rejection: draft };
  const view: DraftView = { id: draft.hash, draft };
  return {
    conversation: view,
    event: null,
    changes: null,
    item: command.action === "add" ? made : (command.item ?? null),
  };
}

/** Whom the command adds. */
function addedBy({ model, body }: Command): Address | null {
  return model === "participant" && body && "address" in body ? body.address : null;
}

/** The conversation that an input names. @throws GraphQLError BAD_USER_INPUT where it names none */
export function conversationHash(input: Pick<AppendInput, "conversation">): Hash {
  return hashOf(input.conversation, "conversation");
}

/** The hash of what an input names. @throws GraphQLError BAD_USER_INPUT */
export function hashOf(named: string, what: string): Hash {
  const hash = namedHash(named);
  if (hash === null) throw badInput(`\`${what}\` is neither a hash nor a global id.`);
  return hash;
}

/** @throws GraphQLError BAD_USER_INPUT */
export function clientOf(
  { viewer }: Context,
  { clientId }: Pick<AppendInput, "clientId">,
): Pick<AppendRequest, "client"> {
  if (clientId == null) return {};
  if (clientId === "" || clientId.length > 100 || /\p{Cc}/u.test(clientId) || !clientId.isWellFormed()) {
    throw badInput("`clientId` has 1 to 100 characters; a UUID does well.");
  }
  return { client: { accountId: viewer.accountId, clientId } };
}

/** What a client's id was used for before is something else: answered with that, this request would be lost. */
export function usedBefore(): GraphQLError {
  return badInput("This clientId was used for another request. Take a new one.");
}

/** The conversation as the viewer sees it now. */
export async function viewOf({ reader, viewer }: Context, conversation: Hash): Promise<ConversationView> {
  const view = await reader.view(viewer.accountId, conversation);
  if (!view) throw new Error("an account has no view of what it just wrote to");
  return view;
}
