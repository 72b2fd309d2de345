// Subscription.events
import { freshForMs } from "../../announce/feed.ts";
import { type LiveItem, liveStream } from "../../announce/live.ts";
import { everything } from "../../conversation/audience.ts";
import { viewAtHead } from "../../store/read/conversations.ts";
import { eventView } from "../../store/read/events.ts";
import { participantView } from "../../store/read/participants.ts";
import { badInput, builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { namedHash } from "../global-id.ts";
import { decodeCursor, encodeCursor } from "../stream-cursor.ts";
import { ConversationType } from "../types/Conversation.ts";
import { EventType } from "../types/Event.ts";
import { ParticipantType } from "../types/Participant.ts";
import { PendingProposalType } from "../types/PendingProposal.ts";

interface Source<Kind extends LiveItem["item"]["kind"]> {
  readonly item: Extract<LiveItem["item"], { readonly kind: Kind }>;
  readonly horizon: number;
}
type EventSource = Source<"event">;
type ReceiptSource = Source<"receipt">;
type ParticipationSource = Source<"participation">;
type PendingSource = Source<"pending">;
type GapSource = Source<"gap">;

type LiveSource = EventSource | ReceiptSource | ParticipationSource | PendingSource | GapSource;

const isFresh = ({ readAtMs }: EventSource["item"]): boolean => Date.now() - readAtMs < freshForMs;

/** The conversation as this subscriber may see it: the horizon was looked up when the item was handed on. */
async function viewOf(context: Context, { item, horizon }: Exclude<LiveSource, GapSource>) {
  // Only for whoever still sees everything: the head that is kept with the event may be older than their removal, and the
  // projections have moved on since.
  if (item.kind === "event" && isFresh(item) && horizon === everything) {
    return viewAtHead(item.head, horizon, item.head);
  }
  const view = await context.reader.viewUpTo(item.conversation, horizon);
  if (!view) throw new Error("an event's conversation is not there");
  return view;
}

const EventAddedType = builder.objectRef<EventSource>("EventAdded").implement({
  description: "An event was added to a conversation of the viewer's.",
  fields: (t) => ({
    cursor: t.string({
      description:
        "For `after`, when the stream breaks. A resume repeats a little: drop what you have by conversation and `seq`.",
      resolve: ({ item }) => encodeCursor(item.event.recordedUs),
    }),
    event: t.field({
      type: EventType,
      description: "The event.",
      resolve: async (source, _, context) => {
        const of = await viewOf(context, source);
        const { event, actor } = source.item;
        // Whoever was slow to take it gets the words that are left of it.
        const anew = isFresh(source.item) ? null : await context.reader.event(of, event.seq);
        return anew ?? eventView(event, of, actor && participantView(actor, of));
      },
    }),
    conversation: t.field({
      type: ConversationType,
      description: "The conversation, as it was when the event was read to be sent.",
      resolve: (source, _, context) => viewOf(context, source),
    }),
  }),
});

const ReceiptMovedType = builder.objectRef<ReceiptSource>("ReceiptMoved").implement({
  description: "A participant has read on. Not repeated after a break: `Participant.readUpTo` has it.",
  fields: (t) => ({
    conversation: t.field({
      type: ConversationType,
      description: "Where.",
      resolve: (source, _, context) => viewOf(context, source),
    }),
    participant: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who.",
      resolve: async (source, _, context) =>
        context.reader.participant(await viewOf(context, source), source.item.participant),
    }),
    readUpTo: t.int({ description: "The `seq` up to which they have read.", resolve: ({ item }) => item.seq }),
  }),
});

const ParticipationChangedType = builder.objectRef<ParticipationSource>("ParticipationChanged").implement({
  description:
    "What the viewer has of a conversation for themselves has changed: by another of their devices, or because new words brought it back. Told to nobody else. Not repeated after a break: `conversations(filter: {changedSince})` has it.",
  fields: (t) => ({
    conversation: t.field({
      type: ConversationType,
      description: "The conversation, with what the viewer has of it when this is sent.",
      resolve: (source, _, context) => viewOf(context, source),
    }),
  }),
});

/** @param proposal describes what is told of */
const pendingType = (name: string, description: string, proposal: string) =>
  builder.objectRef<PendingSource>(name).implement({
    description,
    fields: (t) => ({
      conversation: t.field({
        type: ConversationType,
        description: "Where.",
        resolve: (source, _, context) => viewOf(context, source),
      }),
      proposal: t.field({ type: PendingProposalType, description: proposal, resolve: ({ item }) => item.pending }),
    }),
  });

const ProposalPendingType = pendingType(
  "ProposalPending",
  "What the viewer said waits, for the platform that leads the conversation does not answer; it is asked again. Told to nobody else, and not repeated after a break: `Conversation.pending` has it.",
  "What waits.",
);

const ProposalRejectedType = pendingType(
  "ProposalRejected",
  "What waited will not be in the conversation: `proposal` says why. Told to nobody but who said it.",
  "What it was, with the rejection.",
);

const GapType = builder.objectRef<GapSource>("Gap").implement({
  description:
    "Events after this cursor may be missing here: too many, too old, or the reader was too slow. Read anew what you show; the stream goes on.",
  fields: (t) => ({
    cursor: t.string({
      description:
        "Up to where nothing is missing; but of a conversation that the viewer was added to anew, what happened while they were gone.",
      resolve: ({ item }) => encodeCursor(item.afterUs),
    }),
  }),
});

const streamTypes = {
  event: EventAddedType,
  receipt: ReceiptMovedType,
  participation: ParticipationChangedType,
  pending: ProposalPendingType,
  gap: GapType,
} as const;

const StreamItemType = builder.unionType("StreamItem", {
  description: "What the stream tells of.",
  types: [
    ...[EventAddedType, ReceiptMovedType, ParticipationChangedType],
    ...[ProposalPendingType, ProposalRejectedType, GapType],
  ],
  resolveType: ({ item }: LiveItem) =>
    item.kind === "pending" && item.pending.rejection ? ProposalRejectedType : streamTypes[item.kind],
});

builder.subscriptionField("events", (t) =>
  t.field({
    type: StreamItemType,
    description:
      "Each event of the viewer's conversations once, in order within its conversation; or a `Gap`, never a silent hole.",
    args: {
      after: t.arg.string({ description: "A cursor: begin with what came after it. Left out: from now on." }),
      conversation: t.arg.id({ description: "Only this conversation: hash or global id." }),
    },
    subscribe: async (_, { conversation, ...args }, context) => {
      const { viewer, platform } = context;
      const after = context.resumeAfter ?? args.after;
      const afterUs = after == null ? null : decodeCursor(after);
      if (after != null && afterUs === null)
        throw badInput("This cursor is not one of ours. Cursors come from `EventAdded` and `viewer`.");
      const hash = conversation == null ? null : namedHash(conversation);
      const source = hash === null ? null : await findConversation(context, hash);
      if (conversation != null && (source === null || isDraft(source)))
        throw badInput("There is no such conversation.");
      return liveStream({
        feed: platform.feed,
        pool: platform.database.pool,
        accountId: viewer.accountId,
        conversation: source?.id ?? null,
        afterUs,
      });
    },
    resolve: (item) => item as LiveSource,
  }),
);
