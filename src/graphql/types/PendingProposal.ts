// What the viewer said that waits for the platform that leads the conversation. Nobody else is shown it.
import type { Body } from "../../protocol/event.ts";
import type { PendingProposal } from "../../store/peer-store.ts";
import { readPending } from "../../store/pending-proposals.ts";
import { builder } from "../builder.ts";
import { isDraft } from "../find-conversation.ts";
import { ConversationType } from "./Conversation.ts";
import { ActionType, ModelType } from "./Event.ts";
import { RejectionType } from "./Rejection.ts";

export const PendingProposalType = builder.objectRef<PendingProposal>("PendingProposal").implement({
  description: "Something that was said and is not in the log yet, or will not be.",
  fields: (t) => ({
    hash: t.field({
      type: "Hash",
      description: "Its id, also of what it makes once it is in the log.",
      resolve: ({ id }) => id,
    }),
    action: t.field({
      type: ActionType,
      description: "What is to be done.",
      resolve: ({ proposal }) => proposal.proposal.action,
    }),
    model: t.field({
      type: ModelType,
      description: "What it is to be done to.",
      resolve: ({ proposal }) => proposal.proposal.model,
    }),
    item: t.field({
      type: "Hash",
      nullable: true,
      description: "Id of what it is about; of an answer, the message answered.",
      resolve: ({ proposal }) => proposal.proposal.item,
    }),
    body: t.field({
      type: "JSON",
      nullable: true,
      description: "The words.",
      resolve: ({ proposal: { body } }, _, { budget }): Body | null => {
        if (body && "text" in body) budget.written(body.text);
        return body;
      },
    }),
    createdAt: t.field({ type: "DateTime", description: "When it was said.", resolve: ({ createdAt }) => createdAt }),
    rejection: t.field({
      type: RejectionType,
      nullable: true,
      description: "Why it will not be in the log; null while it waits.",
      resolve: ({ rejection }) => rejection && { rejection },
    }),
  }),
});

builder.objectField(ConversationType, "pending", (t) =>
  t.field({
    type: [PendingProposalType],
    description:
      "What the viewer said here that is in no log yet, in the order in which it was said: it waits for the platform that leads, or was rejected by it.",
    resolve: (source, _, { platform, viewer }) => {
      const { accountId } = viewer;
      return isDraft(source) ? [] : readPending(platform.database.pool, source.id, accountId);
    },
  }),
);
