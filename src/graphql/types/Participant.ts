// A recipient in a conversation.
import type { DraftParticipant } from "../../conversation/draft.ts";
import type { DraftView, ParticipantView, Standing } from "../../store/read/views.ts";
import { builder, RoleType } from "../builder.ts";
import type { Context } from "../context.ts";
import { isDraft } from "../find-conversation.ts";
import { itemKey } from "../global-id.ts";
import { type Drafted, draftedOf, isDrafted, itemConnection, itemFinder, loaderOf } from "../items.ts";
import { asksOnly } from "../selected.ts";
import { ConversationType } from "./Conversation.ts";
import { RecipientType } from "./Recipient.ts";

export type ParticipantSource = ParticipantView | Drafted<DraftParticipant>;

const draftedParticipants = (of: DraftView) => draftedOf(of, of.draft.content.participants);

export const findParticipant = itemFinder(draftedParticipants, (reader, of, id) => reader.participant(of, id));

export const ParticipantType = builder.objectRef<ParticipantSource>("Participant");

/** Fields of a participant that lists of names are read for. */
const areNamesAsked = asksOnly(
  ["edges", "node"],
  ["__typename", "id", "hash", "displayName", "role", "recipient", "address"],
);

/** Resolves what lists of names do not show; @param inDraft what it is in a draft */
function ofStanding<Value>(inDraft: Value, read: (standing: Standing, context: Context) => Value | Promise<Value>) {
  // The reader is taken only where there is something to read (see `watched`).
  return (source: ParticipantSource, _: unknown, context: Context): Value | Promise<Value> => {
    if (isDrafted(source)) return inDraft;
    if (source.standing) return read(source.standing, context);
    return context.reader.standingOf(source).then((standing) => read(standing, context));
  };
}

const ParticipantStatusType = builder.enumType("ParticipantStatus", {
  description: "Whether a participant still takes part.",
  values: {
    ACTIVE: { description: "Takes part; of a draft: will." },
    LEFT: { description: "Left by themselves." },
    REMOVED: { description: "Was removed by an ADMIN." },
  } as const,
});

builder.node(ParticipantType, {
  description: "A recipient in a conversation. Somebody who was removed and added anew is two participants.",
  id: {
    resolve: (source) => itemKey(source.of.id, isDrafted(source) ? source.drafted.id : source.participant.id),
    description: "Opaque and global.",
  },
  isTypeOf: (source) =>
    typeof source === "object" && source !== null && ("participant" in source || "drafted" in source),
  loadOne: loaderOf(findParticipant),
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The participant's id, the same on every platform; null in a draft.",
      resolve: (source) => (isDrafted(source) ? null : source.participant.id),
    }),
    recipient: t.field({
      type: RecipientType,
      nullable: true,
      description: "Who it is; null in a draft, and once erased.",
      resolve: (source, _, context) => (isDrafted(source) ? null : recipientOf(source, context)),
    }),
    address: t.string({
      nullable: true,
      description: "The recipient's address; null once erased.",
      resolve: async (source, _, context) =>
        isDrafted(source) ? source.drafted.address : ((await recipientOf(source, context))?.address ?? null),
    }),
    displayName: t.string({
      description:
        "What to call them: as they were added, else as they call themselves, else their address; or that they are erased.",
      resolve: (source, _, context) => {
        if (isDrafted(source)) return source.drafted.name ?? source.drafted.address;
        return source.name ?? recipientName(source, context);
      },
    }),
    role: t.field({
      type: RoleType,
      description: "What they may do.",
      resolve: (source) => (isDrafted(source) ? source.drafted.role : source.participant.role),
    }),
    status: t.field({
      type: ParticipantStatusType,
      description: "Whether they still take part.",
      resolve: ofStanding<Standing["status"]>("ACTIVE", ({ status }) => status),
    }),
    via: t.string({
      nullable: true,
      description: "The platform that speaks for them; null in a draft.",
      resolve: ofStanding<string | null>(null, ({ via }) => via),
    }),
    isImported: t.boolean({
      description: "Came with an archive: is told nothing and asked nothing.",
      resolve: ofStanding<boolean>(false, ({ imported }) => imported),
    }),
    readUpTo: t.int({
      description: "Up to which `seq` they have read; 0 where they did not say.",
      resolve: ofStanding<number>(0, (standing, { reader }) => standing.readUpTo ?? reader.readUpTo(standing)),
    }),
  }),
});

// The reader is taken only where there is something to read (see `watched`).
const recipientOf = (source: ParticipantView, context: Context) =>
  source.recipient === undefined ? context.reader.recipientOf(source) : source.recipient;

async function recipientName(source: ParticipantView, context: Context): Promise<string> {
  const recipient = await recipientOf(source, context);
  return recipient?.name ?? recipient?.address ?? "(erased)";
}

builder.objectFields(ConversationType, (t) => ({
  creator: t.field({
    type: ParticipantType,
    nullable: true,
    description: "Who published it; null of a draft.",
    resolve: (source, _, { reader }) => (isDraft(source) ? null : reader.participant(source, source.id)),
  }),
  participants: t.connection({
    type: ParticipantType,
    description:
      "Everybody who takes or took part, in the order in which they were added. Of a draft, without its account.",
    resolve: (source, args, { reader }, info) =>
      itemConnection(
        source,
        args,
        draftedParticipants,
        (of, request) => reader.participants(of, { ...request, isOfNames: areNamesAsked(info) }),
        ({ participant }) => participant.seq,
      ),
  }),
}));
