// One entry of a conversation's log, as it was signed.
import type { Body, Value } from "../../protocol/event.ts";
import type { EventView, ParticipantView } from "../../store/read/views.ts";
import type { RecordedEvent } from "../../store/recorded-event.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { isDraft } from "../find-conversation.ts";
import { itemKey } from "../global-id.ts";
import { itemConnection, itemFinder, loaderOf, noneInDraft } from "../items.ts";
import { ConversationType } from "./Conversation.ts";
import { ParticipantType } from "./Participant.ts";

export const EventType = builder.objectRef<EventView>("Event");

/** What there is of an event where a list shows it; for any other field all of it is read. */
export const shownEventFields: ReadonlySet<string> = new Set([
  ...["__typename", "id", "hash", "seq", "timestamp", "actor", "action", "model"],
]);

/** Resolves what a list does not show. */
function ofRecorded<Value>(read: (recorded: RecordedEvent, context: Context) => Value) {
  // The reader is taken only where there is something to read (see `watched`).
  return (source: EventView, _: unknown, context: Context): Value | Promise<Value> =>
    source.recorded
      ? read(source.recorded, context)
      : context.reader.recorded(source).then((recorded) => read(recorded, context));
}

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

const SignaturesType = builder.objectRef<RecordedEvent>("EventSignatures").implement({
  description: "Who signed an event. Ed25519, base64url, over `parley/event/1 HASH` and `parley/proposal/1 HASH`.",
  fields: (t) => ({
    leader: t.string({
      description: "The platform that gave it its place.",
      resolve: ({ event }) => event.leader,
    }),
    leaderKey: t.string({ description: "The key that it signed with.", resolve: ({ event }) => event.key }),
    event: t.string({ description: "Its signature.", resolve: ({ signatures }) => signatures.event }),
    platform: t.string({
      description: "The platform that speaks for the actor.",
      resolve: ({ event }) => event.proposal.platform,
    }),
    platformKey: t.string({
      description: "The key that it signed with.",
      resolve: ({ event }) => event.proposal.key,
    }),
    proposal: t.string({
      nullable: true,
      description: "Its signature; null where platform and key are the leader's, for one signature says both.",
      resolve: ({ signatures }) => signatures.proposal,
    }),
  }),
});

builder.node(EventType, {
  description: "One entry of the log. Together they are the conversation; each is signed and names the one before.",
  id: { resolve: ({ of, id }) => itemKey(of.id, id), description: "Opaque and global." },
  isTypeOf: (source) => typeof source === "object" && source !== null && "recorded" in source,
  loadOne: loaderOf(itemFinder(noneInDraft, (reader, of, id) => reader.eventById(of, id))),
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      description: "The proposal's hash: the id of the event, and of what it made.",
      resolve: ({ id }) => id,
    }),
    seq: t.int({ description: "Its place: 1, 2, 3 … without holes.", resolve: ({ seq }) => seq }),
    parent: t.field({
      type: "Hash",
      nullable: true,
      description: "Hash of the event before it, with its place and time; null of the first.",
      resolve: ofRecorded(({ event }) => event.parent),
    }),
    timestamp: t.field({
      type: "DateTime",
      description: "When the leader gave it its place.",
      resolve: ({ timestamp }) => timestamp,
    }),
    sentAt: t.field({
      type: "DateTime",
      description: "When the actor's platform proposed it.",
      resolve: ofRecorded(({ event }) => event.proposal.sentAt),
    }),
    actor: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who did it. Of the first event, the participant whom it made.",
      // Not destructured: whoever takes the reader has read, and then access is looked up once more (see `watched`).
      resolve: (source, _, context) => source.actor ?? readActor(source, context),
    }),
    action: t.field({
      type: ActionType,
      description: "What was done.",
      resolve: ({ action }) => action,
    }),
    model: t.field({
      type: ModelType,
      description: "What it was done to.",
      resolve: ({ model }) => model,
    }),
    item: t.field({
      type: "Hash",
      nullable: true,
      description: "Id of what it is about; of an answer, the message answered.",
      resolve: ofRecorded(({ event }) => event.proposal.item),
    }),
    value: t.field({
      type: "JSON",
      nullable: true,
      description: "What rules read: a role, an expiry, a leader, how somebody takes part, or `ERASE`.",
      resolve: ofRecorded(({ event }): Value | null => event.proposal.value),
    }),
    follows: t.field({
      type: "Hash",
      nullable: true,
      description: "The item's latest event, as the actor saw it.",
      resolve: ofRecorded(({ event }) => event.proposal.follows),
    }),
    ref: t.field({
      type: "Hash",
      nullable: true,
      description: "Commitment to body and salt.",
      resolve: ofRecorded(({ event }) => event.proposal.ref),
    }),
    body: t.field({
      type: "JSON",
      nullable: true,
      description: "The words; null where there are none, they were erased, or have not come yet.",
      resolve: ofRecorded(({ body }, { budget }): Body | null => {
        if (body && "text" in body) budget.written(body.text);
        return body;
      }),
    }),
    salt: t.field({
      type: "Hash",
      nullable: true,
      description: "What goes into the commitment beside the body.",
      resolve: ofRecorded(({ salt }) => salt),
    }),
    isErased: t.boolean({
      description: "Whether its words were erased.",
      resolve: ofRecorded(({ isErased }) => isErased),
    }),
    isLocal: t.boolean({
      description: "Whether this platform spoke for the actor.",
      resolve: ofRecorded(({ event }, { platform }) => event.proposal.platform === platform.signer.platform),
    }),
    signatures: t.field({
      type: SignaturesType,
      description: "Who signed it.",
      resolve: ofRecorded((recorded) => recorded),
    }),
  }),
});

async function readActor(source: EventView, { reader }: Context): Promise<ParticipantView | null> {
  const { id, event } = source.recorded ?? (await reader.recorded(source));
  return reader.participant(source.of, event.proposal.actor ?? id);
}

builder.objectFields(ConversationType, (t) => ({
  lastEvent: t.field({
    type: EventType,
    nullable: true,
    description: "The event at `seq`; null of a draft.",
    resolve: (source, _, context) => {
      if (isDraft(source)) return null;
      return source.lastEvent ?? context.reader.event(source, source.conversation.seq);
    },
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
        ({ seq }) => seq,
      ),
  }),
}));
