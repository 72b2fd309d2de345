// Drafts: conversations that only their account sees. Edited by the same commands as published ones, unsigned; then
// published, all at once, as the proposals that say what the draft says.
import type {
  ConversationBody,
  MessageBody,
  ParticipantValue,
  Role,
  SignedProposal,
  Timestamp,
} from "../protocol/event.ts";
import { hasBody } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId } from "../protocol/seal.ts";
import { expiresAtOf, roleOf } from "../protocol/value.ts";
import { bodySchema } from "../protocol/wire.ts";
import { type Command, type Occasion, propose } from "./accept.ts";
import type { Address } from "./address.ts";
import { bodyFault, labelKey, slugOf, unknownRecipient } from "./body.ts";
import { limits } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";

/** Ids in a draft are random: what it makes gets its real ones when it is published. */
export type Draft = {
  readonly subject: string;
  readonly expiresAt: Timestamp | null;
  /** The conversation that it goes on with, and the last event of that. */
  readonly continues: ConversationBody["continues"];
  readonly messages: readonly DraftMessage[];
  readonly labels: readonly DraftLabel[];
  /** Without the creator. Publishing adds them last: adding somebody is sending. */
  readonly participants: readonly DraftParticipant[];
};
export type DraftMessage = { readonly id: Hash; readonly parent: Hash | null; readonly body: MessageBody };
export type DraftLabel = { readonly id: Hash; readonly name: string };
export type DraftParticipant = {
  readonly id: Hash;
  readonly role: Role;
  readonly address: Address;
  readonly name: string | null;
};

/** Messages in one draft, and their text in bytes: publishing writes them in one statement, and each edit writes all. */
export const draftMessagesMax = 100;
const draftBytesMax = 2 * 1024 * 1024;

export const emptyDraft: Draft = {
  subject: "",
  expiresAt: null,
  continues: null,
  messages: [],
  labels: [],
  participants: [],
};

/**
 * The draft after `command`, or why not. Only its own account edits it, so there are no rights to ask about; limits and
 * words are held to as in a conversation.
 * @param newId the id of what an add makes; one that is there already was made by the same request, and nothing is done
 */
export function editDraft(draft: Draft, command: Command, newId: Hash): Draft | Rejection {
  const { action, model, item = null, value = null, body = null } = command;
  const fault = bodyFault(model, body);
  if (fault) return fault;
  if (hasBody(action, model) && body === null) return reject("INVALID_BODY");
  if (action === "add" && [...draft.messages, ...draft.labels, ...draft.participants].some(({ id }) => id === newId))
    return draft;
  if (body !== null && "text" in body && textBytes(draft) + Buffer.byteLength(body.text) > draftBytesMax) {
    return reject(
      "LIMIT_EXCEEDED",
      "A draft may have 2 MiB of text. Publish it, and say the rest in the conversation.",
    );
  }
  switch (`${action} ${model}`) {
    case "modify subject":
      return { ...draft, subject: bodySchema.subject.parse(body).subject };
    case "modify expiry":
      return {
        ...draft,
        expiresAt: expiresAtOf(value),
      };
    case "add message": {
      if (draft.messages.length >= draftMessagesMax) return reject("LIMIT_EXCEEDED");
      if (item !== null && !draft.messages.some(({ id }) => id === item)) return reject("NOT_FOUND");
      return {
        ...draft,
        messages: [...draft.messages, { id: newId, parent: item, body: bodySchema.message.parse(body) }],
      };
    }
    case "modify message":
      return replaced(draft, "messages", item, (message) => ({ ...message, body: bodySchema.message.parse(body) }));
    case "remove message":
      // What answered it answers nothing then.
      return without(
        { ...draft, messages: draft.messages.map((one) => (one.parent === item ? { ...one, parent: null } : one)) },
        "messages",
        item,
      );
    case "lock message":
    case "release message":
      return draft.messages.some(({ id }) => id === item) ? draft : reject("NOT_FOUND");
    case "add label": {
      const { name } = bodySchema.label.parse(body);
      if (draft.labels.length >= limits.labels) return reject("LIMIT_EXCEEDED");
      if (draft.labels.some((label) => labelKey(label.name) === labelKey(name))) return reject("LABEL_EXISTS");
      return { ...draft, labels: [...draft.labels, { id: newId, name }] };
    }
    case "remove label":
      return without(draft, "labels", item);
    case "add participant": {
      const { address, name } = bodySchema.participant.parse(body);
      // The creator is one of them.
      if (draft.participants.length >= limits.participants - 1) return reject("LIMIT_EXCEEDED");
      if (draft.participants.some((one) => one.address === address))
        return reject("ALREADY_PARTICIPANT", `The draft already has ${address}.`);
      return {
        ...draft,
        participants: [...draft.participants, { id: newId, role: roleOf(value) ?? roleDefault, address, name }],
      };
    }
    case "modify participant":
      return replaced(draft, "participants", item, (one) => ({ ...one, role: roleOf(value) ?? roleDefault }));
    case "remove participant":
      return without(draft, "participants", item);
    default:
      return reject("INVALID_ACTION", "A draft has no such part.");
  }
}

function textBytes({ messages }: Draft): number {
  return messages.reduce((bytes, { body }) => bytes + Buffer.byteLength(body.text), 0);
}

const roleDefault: Role = "WRITER";

type Lists = Pick<Draft, "messages" | "labels" | "participants">;

function replaced<Name extends keyof Lists>(
  draft: Draft,
  name: Name,
  item: Hash | null,
  replace: (one: Lists[Name][number]) => Lists[Name][number],
): Draft | Rejection {
  const list: Lists[Name][number][] = [...draft[name]];
  const index = list.findIndex(({ id }) => id === item);
  const found = list[index];
  return found ? { ...draft, [name]: list.with(index, replace(found)) } : reject("NOT_FOUND");
}

function without(draft: Draft, name: keyof Lists, item: Hash | null): Draft | Rejection {
  const list: readonly { readonly id: Hash }[] = draft[name];
  const left = list.filter(({ id }) => id !== item);
  return left.length < list.length ? { ...draft, [name]: left } : reject("NOT_FOUND");
}

export interface Creator {
  readonly address: Address;
  readonly name: string | null;
}

/** How the platform reaches an address, or null where there is nobody. */
export type Reach = (address: Address) => Omit<ParticipantValue, "role"> | null;

/**
 * The proposals that publish `draft`: conversation, subject, expiry, messages, labels, and last the participants. To be
 * accepted in this order, all or none.
 */
export function publishDraft(
  draft: Draft,
  creator: Creator,
  reach: Reach,
  occasion: Occasion,
): readonly SignedProposal[] | Rejection {
  if (draft.participants.some(({ address }) => address === creator.address)) {
    return reject(
      "ALREADY_PARTICIPANT",
      "You take part in your own conversation already. Leave yourself out of the draft.",
    );
  }
  if (draft.expiresAt !== null && draft.expiresAt <= occasion.sentAt) {
    return reject("EXPIRED", "The draft's expiry is in the past. Set a later one, or none.");
  }
  const { platform } = occasion.signer;
  const body: ConversationBody = { ...creator, slug: slugOf(draft.subject), continues: draft.continues };
  const value: ParticipantValue = { role: "ADMIN", via: platform, mail: false, imported: false };
  const first = propose({ action: "publish", model: "conversation", value, body }, null, null, null, occasion);
  const conversation = proposalId(first.proposal);
  // The creator's participant has the conversation's id, and subject and expiry follow the first event.
  const say = (command: Command) => propose(command, conversation, conversation, conversation, occasion);

  const adds = new Map<Hash, SignedProposal>();
  for (const { id, role, address, name } of draft.participants) {
    const reached = reach(address);
    if (!reached) return unknownRecipient(address);
    adds.set(id, say({ action: "add", model: "participant", value: { ...reached, role }, body: { address, name } }));
  }
  // Mentions name participants by the ids that the adds will make; the creator by the conversation's, as ever.
  const mentioned = (id: Hash) => {
    const add = adds.get(id);
    return add ? proposalId(add.proposal) : id;
  };
  const messageIds = new Map<Hash, Hash>();
  const messages = draft.messages.map((message) => {
    const mentions = message.body.mentions.map(mentioned);
    const item = message.parent === null ? null : (messageIds.get(message.parent) ?? null);
    const signed = say({ action: "add", model: "message", item, body: { ...message.body, mentions } });
    messageIds.set(message.id, proposalId(signed.proposal));
    return signed;
  });
  return [
    first,
    ...(draft.subject === "" ? [] : [say({ action: "modify", model: "subject", body: { subject: draft.subject } })]),
    ...(draft.expiresAt === null
      ? []
      : [say({ action: "modify", model: "expiry", value: { expiresAt: draft.expiresAt } })]),
    ...messages,
    ...draft.labels.map(({ name }) => say({ action: "add", model: "label", body: { name } })),
    ...adds.values(),
  ];
}
