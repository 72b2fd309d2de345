// A label of a conversation, which all of it sees.
import type { DraftLabel } from "../../conversation/draft.ts";
import { limits } from "../../conversation/limits.ts";
import { pageOfList } from "../../store/read/page.ts";
import type { DraftView, LabelView } from "../../store/read/views.ts";
import { builder } from "../builder.ts";
import { itemKey } from "../global-id.ts";
import { type Drafted, draftedOf, isDrafted, itemConnection, itemFinder, loaderOf } from "../items.ts";
import { ConversationType } from "./Conversation.ts";
import { ParticipantType } from "./Participant.ts";

type LabelSource = LabelView | Drafted<DraftLabel>;

const draftedLabels = (of: DraftView) => draftedOf(of, of.draft.content.labels);

export const findLabel = itemFinder(
  draftedLabels,
  async (reader, of, id) => (await reader.labels(of)).find(({ label }) => label.id === id) ?? null,
);

export const LabelType = builder.objectRef<LabelSource>("Label");

builder.node(LabelType, {
  description: "A label that everybody in the conversation sees. Personal ones are another thing.",
  id: {
    resolve: (source) => itemKey(source.of.id, isDrafted(source) ? source.drafted.id : source.label.id),
    description: "Opaque and global.",
  },
  isTypeOf: (source) => typeof source === "object" && source !== null && ("label" in source || "drafted" in source),
  loadOne: loaderOf(findLabel),
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      nullable: true,
      description: "The label's id, the same on every platform; null in a draft.",
      resolve: (source) => (isDrafted(source) ? null : source.label.id),
    }),
    name: t.string({
      nullable: true,
      description: "What it says; null where that has not come yet.",
      resolve: (source) => (isDrafted(source) ? source.drafted.name : source.name),
    }),
    addedBy: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who added it; null in a draft.",
      resolve: (source, _, { reader }) =>
        isDrafted(source) ? null : reader.participant(source.of, source.label.addedBy),
    }),
  }),
});

builder.objectFields(ConversationType, (t) => ({
  labels: t.connection({
    type: LabelType,
    description: `Its labels, in the order in which they were added: at most ${limits.labels}.`,
    resolve: (source, args, { reader }) =>
      itemConnection(
        source,
        args,
        draftedLabels,
        async (of, request) => pageOfList(await reader.labels(of), request, ({ label }) => label.seq),
        ({ label }) => label.seq,
      ),
  }),
}));
