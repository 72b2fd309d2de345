// A label of a conversation, which all of it sees.
import type { DraftLabel } from "../../conversation/draft.ts";
import { pageOfList } from "../../store/read/page.ts";
import type { DraftView, LabelView } from "../../store/read/views.ts";
import { builder, connectionOf, seqPageRequest } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { itemKey, parseItemKey } from "../global-id.ts";
import { ConversationType } from "./Conversation.ts";
import { ParticipantType } from "./Participant.ts";

type LabelSource = LabelView | { readonly of: DraftView; readonly draftedLabel: DraftLabel };

export const LabelType = builder.objectRef<LabelSource>("Label");

builder.node(LabelType, {
  description: "A label that everybody in the conversation sees. Personal ones are another thing.",
  id: {
    resolve: (source) => itemKey(source.of.id, "label" in source ? source.label.id : source.draftedLabel.id),
    description: "Opaque and global.",
  },
  isTypeOf: (source) =>
    typeof source === "object" && source !== null && ("label" in source || "draftedLabel" in source),
  loadOne: async (key, context) => {
    const named = parseItemKey(key);
    const source = named && (await findConversation(context, named.conversation));
    if (!source) return null;
    if (!isDraft(source))
      return (await context.reader.labels(source)).find(({ label }) => label.id === named.item) ?? null;
    const draftedLabel = source.draft.content.labels.find(({ id }) => id === named.item);
    return draftedLabel ? { of: source, draftedLabel } : null;
  },
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The label's id, the same on every platform; null in a draft.",
      resolve: (source) => ("label" in source ? source.label.id : null),
    }),
    name: t.string({
      nullable: true,
      description: "What it says; null where that has not come yet.",
      resolve: (source) => ("label" in source ? source.name : source.draftedLabel.name),
    }),
    addedBy: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who added it; null in a draft.",
      resolve: (source, _, { reader }) =>
        "label" in source ? reader.participant(source.of, source.label.addedBy) : null,
    }),
  }),
});

builder.objectFields(ConversationType, (t) => ({
  labels: t.connection({
    type: LabelType,
    description: "Its labels, in the order in which they were added: at most 50.",
    resolve: async (source, args, { reader }) => {
      const request = seqPageRequest(args);
      if (isDraft(source)) {
        const drafted = source.draft.content.labels.map((one, index) => ({
          of: source,
          draftedLabel: one,
          place: index + 1,
        }));
        return connectionOf(
          pageOfList(drafted, request, ({ place }) => place),
          ({ place }) => String(place),
        );
      }
      return connectionOf(
        pageOfList(await reader.labels(source), request, ({ label }) => label.seq),
        ({ label }) => String(label.seq),
      );
    },
  }),
}));
