// What the viewer has of a conversation for themselves. Nobody else is told any of it, neither by a query nor by the stream.
import { type Folder, folders, type PersonalLabel, participationLimits } from "../../store/participation.ts";
import type { FolderCount } from "../../store/read/conversation-list.ts";
import type { ParticipationView } from "../../store/read/participations.ts";
import { unreadMax } from "../../store/read/unread.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { type ConversationSource, isDraft } from "../find-conversation.ts";
import { isDrafted } from "../items.ts";
import { ConversationType } from "./Conversation.ts";
import { type ParticipantSource, ParticipantType } from "./Participant.ts";
import { ViewerType } from "./Viewer.ts";

const places = {
  INBOX: { value: folders[0], description: "Where conversations begin, and where new words bring them back to." },
  ARCHIVE: {
    value: folders[1],
    description: "Done with, until somebody else says something; for good if it is muted.",
  },
  SPAM: { value: folders[2], description: "Unwanted. New words change nothing." },
  TRASH: { value: folders[3], description: "Thrown away. New words change nothing; nothing is deleted." },
  REQUESTS: { value: folders[4], description: "From people whom the viewer does not know." },
} as const;

export const FolderType = builder.enumType("Folder", {
  description: "Where the viewer keeps a conversation.",
  values: places,
});

export const FolderFilterType = builder.enumType("FolderFilter", {
  description: "What a list is of: a folder, or what is asked for as if it were one.",
  values: {
    ...places,
    DRAFTS: { description: "The viewer's drafts, the one edited last first." },
    SENT: { description: "Where the viewer said something, in whichever folder but SPAM and TRASH." },
  } as const,
});

export const PersonalLabelType = builder.objectRef<PersonalLabel>("PersonalLabel").implement({
  description:
    "A label that the viewer has for themselves. Those of a conversation, which all of it sees, are `Label`.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it says. No two of an account differ in case alone." }),
    color: t.exposeString("color", { nullable: true, description: "`#rrggbb`; null where nobody chose one." }),
  }),
});

// Of an account that is not the viewer's, and of a draft, there is nothing. Whoever asks is looked up in any case, so that
// no answer that depends on it is shared by the subscribers of an event.
const ofConversation = (source: ConversationSource, { reader, viewer }: Context) => {
  const { accountId } = viewer;
  return isDraft(source) ? null : reader.participation(accountId, source.id);
};
const ofParticipant = async (source: ParticipantSource, { reader, viewer }: Context) => {
  const { accountId } = viewer;
  if (isDrafted(source) || (await reader.standingOf(source)).accountId !== accountId) return null;
  return reader.participation(accountId, source.of.id);
};

type Own = ParticipationView | null;

const descriptions = {
  folder: "Where the viewer keeps it.",
  isMuted: "Whether the viewer wants no notice of it; new words do not bring it back.",
  isPinned:
    "Whether the viewer marked it to be at hand. Lists are by time all the same: ask for the pinned ones first.",
  isHidden: "Whether lists leave it out, until somebody else says something.",
  personalLabels: `The viewer's own labels on it, by name: ${participationLimits.labels} at most.`,
  notes: "What the viewer noted about it; empty where that is nothing.",
};

builder.objectFields(ConversationType, (t) => ({
  folder: t.field({
    type: FolderType,
    nullable: true,
    description: `${descriptions.folder} Null of a draft.`,
    resolve: async (source, _, context): Promise<Folder | null> =>
      (await ofConversation(source, context))?.folder ?? null,
  }),
  isMuted: t.boolean({
    description: descriptions.isMuted,
    resolve: async (source, _, context) => (await ofConversation(source, context))?.isMuted ?? false,
  }),
  isPinned: t.boolean({
    description: descriptions.isPinned,
    resolve: async (source, _, context) => (await ofConversation(source, context))?.isPinned ?? false,
  }),
  isHidden: t.boolean({
    description: descriptions.isHidden,
    resolve: async (source, _, context) => (await ofConversation(source, context))?.isHidden ?? false,
  }),
  personalLabels: t.field({
    type: [PersonalLabelType],
    description: descriptions.personalLabels,
    resolve: async (source, _, context) => (await ofConversation(source, context))?.labels ?? [],
  }),
  notes: t.string({
    description: descriptions.notes,
    resolve: async (source, _, context) => context.budget.written((await ofConversation(source, context))?.notes ?? ""),
  }),
}));

builder.objectFields(ParticipantType, (t) => {
  const own =
    <Value>(pick: (own: NonNullable<Own>, context: Context) => Value) =>
    async (source: ParticipantSource, _: unknown, context: Context): Promise<Value | null> => {
      const found = await ofParticipant(source, context);
      return found ? pick(found, context) : null;
    };
  const toOwner = (description: string) =>
    ({ nullable: true, description: `${description} Null to everybody else.` }) as const;
  return {
    folder: t.field({ type: FolderType, ...toOwner(descriptions.folder), resolve: own(({ folder }) => folder) }),
    isMuted: t.boolean({ ...toOwner(descriptions.isMuted), resolve: own(({ isMuted }) => isMuted) }),
    isPinned: t.boolean({ ...toOwner(descriptions.isPinned), resolve: own(({ isPinned }) => isPinned) }),
    isHidden: t.boolean({ ...toOwner(descriptions.isHidden), resolve: own(({ isHidden }) => isHidden) }),
    personalLabels: t.field({
      type: [PersonalLabelType],
      ...toOwner(descriptions.personalLabels),
      resolve: own(({ labels }) => labels),
    }),
    notes: t.string({ ...toOwner(descriptions.notes), resolve: own(({ notes }, { budget }) => budget.written(notes)) }),
  };
});

const FolderCountType = builder.objectRef<FolderCount>("FolderCount").implement({
  description: "How much is in a folder, hidden conversations left out.",
  fields: (t) => ({
    folder: t.expose("folder", { type: FolderFilterType, description: "Which one; SENT is not counted." }),
    conversations: t.exposeInt("conversations", { description: "Conversations, or drafts." }),
    unread: t.exposeInt("unread", {
      description: `How many of them have something unread; counted up to ${unreadMax.toLocaleString("en")}.`,
    }),
  }),
});

builder.objectFields(ViewerType, (t) => ({
  folders: t.field({
    type: [FolderCountType],
    description: "Every folder, and the drafts, with how much is in them now.",
    resolve: ({ accountId }, _, { reader }) => reader.folderCounts(accountId),
  }),
  personalLabels: t.field({
    type: [PersonalLabelType],
    description: `The viewer's own labels, by name: ${participationLimits.labels} at most.`,
    resolve: ({ accountId }, _, { reader }) => reader.personalLabels(accountId),
  }),
}));
