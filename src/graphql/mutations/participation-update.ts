// Mutation.participationUpdate
import { bodyFault } from "../../conversation/body.ts";
import { type Rejection, reject } from "../../conversation/rejection.ts";
import { isCanonicalText } from "../../protocol/canonical-json.ts";
import { type ParticipationChanges, participationLimits, updateParticipation } from "../../store/participation.ts";
import type { ConversationView } from "../../store/read/views.ts";
import { builder } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { ConversationType } from "../types/Conversation.ts";
import { FolderType } from "../types/Participation.ts";
import { type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";
import { clientOf, conversationHash, usedBefore } from "./perform.ts";
import { appendInputFields } from "./result.ts";

const { labels: labelsMax, labelCharacters, notesCharacters } = participationLimits;

const Input = builder.inputType("ParticipationUpdateInput", {
  description: "What the viewer has of a conversation for themselves. What is left out stays as it is.",
  fields: (t) => ({
    ...appendInputFields(t),
    folder: t.field({ type: FolderType, description: "Where to keep it." }),
    isMuted: t.boolean({ description: "Whether to give no notice of it." }),
    isPinned: t.boolean({ description: "Whether to have it at hand." }),
    isHidden: t.boolean({ description: "Whether lists leave it out, until somebody else says something." }),
    personalLabels: t.stringList({
      description: `All names of the viewer's own labels on it from now on, ${labelCharacters} characters each. One that is not there is made; an account has ${labelsMax} at most.`,
    }),
    notes: t.string({ description: `Notes, at most ${notesCharacters.toLocaleString("en")} characters; empty: none.` }),
  }),
});

interface Updated {
  readonly view: ConversationView;
}

const PayloadType = builder.objectRef<Updated>("ParticipationUpdatePayload").implement({
  description: "It is kept.",
  fields: (t) => ({
    conversation: t.field({
      type: ConversationType,
      description: "The conversation, with what the viewer has of it now.",
      resolve: ({ view }) => view,
    }),
  }),
});

const ResultType = builder.unionType("ParticipationUpdateResult", {
  description: "Done, or why not.",
  types: [PayloadType, RuleRejectionType],
  resolveType: (source: Updated | RejectionSource) => ("view" in source ? PayloadType : RuleRejectionType),
});

builder.mutationField("participationUpdate", (t) =>
  t.field({
    type: ResultType,
    description:
      "Changes what the viewer has of a conversation for themselves. Private: it never leaves the platform, and nobody else is told. Also for a conversation that they left.",
    args: { input: t.arg({ type: Input, required: true, description: "Where, and what." }) },
    resolve: async (_, { input }, context): Promise<Updated | RejectionSource> => {
      const { platform, reader, viewer } = context;
      const { accountId } = viewer;
      const clientId = clientOf(context, input).client?.clientId ?? null;
      const changes = changesOf(input);
      if ("code" in changes) return { rejection: changes };
      const view = await findConversation(context, conversationHash(input));
      if (!view) return { rejection: reject("NOT_FOUND", "There is no such conversation.") };
      if (isDraft(view)) {
        return { rejection: reject("INVALID_ACTION", "A draft is in no folder. Publish it first, or discard it.") };
      }
      const update = { conversation: view.id, accountId, clientId, changes };
      const rejection = await updateParticipation(platform.database, update);
      if (rejection === "used before") throw usedBefore();
      if (rejection) return { rejection };
      reader.forgetParticipation(accountId, view.id);
      // Lost where the bus is down: the other devices have it when they read anew.
      await platform.bus.publish([{ kind: "participation", conversation: view.id, accountId }]).catch(() => {});
      return { view };
    },
  }),
);

function changesOf(input: typeof Input.$inferInput): ParticipationChanges | Rejection {
  const { folder, isMuted, isPinned, isHidden, notes } = input;
  const labels = input.personalLabels?.map((name) => name.trim().normalize("NFC"));
  if ((labels?.length ?? 0) > labelsMax) return reject("LIMIT_EXCEEDED", `You may have ${labelsMax} labels.`);
  for (const name of labels ?? []) {
    const fault = bodyFault("label", { name });
    if (fault) return fault;
  }
  if (notes != null && (!isCanonicalText(notes) || [...notes].length > notesCharacters)) {
    return reject(
      "INVALID_BODY",
      `Notes may have ${notesCharacters.toLocaleString("en")} characters, all of them whole and none U+0000.`,
    );
  }
  return {
    ...(folder != null && { folder }),
    ...(isMuted != null && { isMuted }),
    ...(isPinned != null && { isPinned }),
    ...(isHidden != null && { isHidden }),
    ...(notes != null && { notes }),
    ...(labels && { labels }),
  };
}
