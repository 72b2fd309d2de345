// One entry of a conversation's log, as it was signed.
import type { Body, Value } from "../../protocol/event.ts";
import type { EventView } from "../../store/read/views.ts";
import { builder } from "../builder.ts";
import { isDraft } from "../find-conversation.ts";
import { itemKey } from "../global-id.ts";
import { itemConnection, itemFinder, loaderOf, noneInDraft } from "../items.ts";
import { ConversationType } from "./Conversation.ts";
import { ParticipantType } from "./Participant.ts";

export const EventType = builder.objectRef<EventView>("Event");

export const ActionType = builder.enumType("EventAction", {
  description: "What was done.",
  values: {
    PUBLISH: { value: "publish", description: "The conversation began." },
    ADD: { value: "add", description: "Something was added." },
    MODIFY: { value: "modify", description: "Something was changed." },
    REMOVE: { value: "remove", description: "Something was removed, or somebody left." },
    LOCK: { value: "lock", description: "A message was locked." },
    RELEASE: { value: "release", description: "A message was released." },
  } as const,
});

export const ModelType = builder.enumType("EventModel", {
  description: "What it was done to.",
  values: {
    CONVERSATION: { value: "conversation", description: "The conversation." },
    PARTICIPANT: { value: "participant", description: "A participant." },
    MESSAGE: { value: "message", description: "A message." },
    ATTACHMENT: { value: "attachment", description: "An attachment." },
    SUBJECT: { value: "subject", description: "The subject." },
    EXPIRY: { value: "expiry", description: "The expiry." },
    LABEL: { value: "label", description: "A label." },
    LEADER: { value: "leader", description: "The lead." },
  } as const,
});

const SignaturesType = builder.objectRef<EventView>("EventSignatures").implement({
  description: "Who signed an event. Ed25519, base64url, over `parley/event/1 HASH` and `parley/proposal/1 HASH`.",
  fields: (t) => ({
    leader: t.string({
      description: "The platform that gave it its place.",
      resolve: ({ event }) => event.event.leader,
    }),
    leaderKey: t.string({ description: "The key that it signed with.", resolve: ({ event }) => event.event.key }),
    event: t.string({ description: "Its signature.", resolve: ({ event }) => event.signatures.event }),
    platform: t.string({
      description: "The platform that speaks for the actor.",
      resolve: ({ event }) => event.event.proposal.platform,
    }),
    platformKey: t.string({
      description: "The key that it signed with.",
      resolve: ({ event }) => event.event.proposal.key,
    }),
    proposal: t.string({
      nullable: true,
      description: "Its signature; null where platform and key are the leader's, for one signature says both.",
      resolve: ({ event }) => event.signatures.proposal,
    }),
  }),
});

builder.node(EventType, {
  description: "One entry of the log. Together they are the conversation; each is signed and names the one before.",
  id: { resolve: ({ of, event }) => itemKey(of.id, event.id), description: "Opaque and global." },
  isTypeOf: (source) => typeof source === "object" && source !== null && "event" in source && "of" in source,
  loadOne: loaderOf(itemFinder(noneInDraft, (reader, of, id) => reader.eventById(of, id))),
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      description: "The proposal's hash: the id of the event, and of what it made.",
      resolve: ({ event }) => event.id,
    }),
    seq: t.int({ description: "Its place: 1, 2, 3 … without holes.", resolve: ({ event }) => event.seq }),
    parent: t.field({
      type: "Hash",
      nullable: true,
      description: "Hash of the event before it, with its place and time; null of the first.",
      resolve: ({ event }) => event.event.parent,
    }),
    timestamp: t.field({
      type: "DateTime",
      description: "When the leader gave it its place.",
      resolve: ({ event }) => event.event.timestamp,
    }),
    sentAt: t.field({
      type: "DateTime",
      description: "When the actor's platform proposed it.",
      resolve: ({ event }) => event.event.proposal.sentAt,
    }),
    actor: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who did it. Of the first event, the participant whom it made.",
      // Not destructured: whoever takes the reader has read, and then access is looked up once more (see `watched`).
      resolve: (source, _, context) =>
        source.actor ?? context.reader.participant(source.of, source.event.event.proposal.actor ?? source.event.id),
    }),
    action: t.field({
      type: ActionType,
      description: "What was done.",
      resolve: ({ event }) => event.event.proposal.action,
    }),
    model: t.field({
      type: ModelType,
      description: "What it was done to.",
      resolve: ({ event }) => event.event.proposal.model,
    }),
    item: t.field({
      type: "Hash",
      nullable: true,
      description: "Id of what it is about; of an answer, the message answered.",
      resolve: ({ event }) => event.event.proposal.item,
    }),
    value: t.field({
      type: "JSON",
      nullable: true,
      description: "What rules read: a role, an expiry, a leader, how somebody takes part, or `ERASE`.",
      resolve: ({ event }): Value | null => event.event.proposal.value,
    }),
    follows: t.field({
      type: "Hash",
      nullable: true,
      description: "The item's latest event, as the actor saw it.",
      resolve: ({ event }) => event.event.proposal.follows,
    }),
    ref: t.field({
      type: "Hash",
      nullable: true,
      description: "Commitment to body and salt.",
      resolve: ({ event }) => event.event.proposal.ref,
    }),
    body: t.field({
      type: "JSON",
      nullable: true,
      description: "The words; null where there are none, they were erased, or have not come yet.",
      resolve: ({ event: { body } }, _, { budget }): Body | null => {
        if (body && "text" in body) budget.written(body.text);
        return body;
      },
    }),
    salt: t.field({
      type: "Hash",
      nullable: true,
      description: "What goes into the commitment beside the body.",
      resolve: ({ event }) => event.salt,
    }),
    isErased: t.boolean({ description: "Whether its words were erased.", resolve: ({ event }) => event.isErased }),
    isLocal: t.boolean({
      description: "Whether this platform spoke for the actor.",
      resolve: ({ event }, _, { platform }) => event.event.proposal.platform === platform.signer.platform,
    }),
    signatures: t.field({ type: SignaturesType, description: "Who signed it.", resolve: (source) => source }),
  }),
});

builder.objectFields(ConversationType, (t) => ({
  lastEvent: t.field({
    type: EventType,
    nullable: true,
    description: "The event at `seq`; null of a draft.",
    resolve: (source, _, { reader }) => (isDraft(source) ? null : reader.event(source, source.conversation.seq)),
  }),
  events: t.connection({
    type: EventType,
    description: "Its log, in order; the newest are `last`. Empty of a draft.",
    resolve: (source, args, { reader }) =>
      itemConnection(
        source,
        args,
        noneInDraft,
        (of, request) => reader.events(of, request),
        ({ event }) => event.seq,
      ),
  }),
}));
