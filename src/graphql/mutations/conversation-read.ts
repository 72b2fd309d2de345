// Mutation.conversationRead
import { reject } from "../../conversation/rejection.ts";
import type { ConversationView } from "../../store/read/views.ts";
import { badInput, builder } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { ConversationType } from "../types/Conversation.ts";
import { ParticipantType } from "../types/Participant.ts";
import { type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";
import { onlyDraft } from "./leave.ts";
import { conversationHash } from "./perform.ts";

const Input = builder.inputType("ConversationReadInput", {
  description: "How far the viewer has read.",
  fields: (t) => ({
    conversation: t.id({ required: true, description: "Where: the conversation's hash, draft hash or global id." }),
    upTo: t.int({ description: "The `seq` read last. Default: the last event there is." }),
  }),
});

interface Read {
  readonly view: ConversationView;
  readonly participant: string;
}

const PayloadType = builder.objectRef<Read>("ConversationReadPayload").implement({
  description: "It is noted.",
  fields: (t) => ({
    conversation: t.field({ type: ConversationType, description: "The conversation.", resolve: ({ view }) => view }),
    participant: t.field({
      type: ParticipantType,
      nullable: true,
      description: "The viewer, in it.",
      resolve: ({ view, participant }, _, { reader }) => reader.participant(view, participant),
    }),
  }),
});

const ResultType = builder.unionType("ConversationReadResult", {
  description: "Done, or why not.",
  types: [PayloadType, RuleRejectionType],
  resolveType: (source: Read | RejectionSource) => ("view" in source ? PayloadType : RuleRejectionType),
});

builder.mutationField("conversationRead", (t) =>
  t.field({
    type: ResultType,
    description: "Says how far the viewer has read. The highest wins; it never goes back.",
    args: { input: t.arg({ type: Input, required: true, description: "Where, and how far." }) },
    resolve: async (_, { input }, context): Promise<Read | RejectionSource> => {
      const { platform, reader, viewer } = context;
      if (input.upTo != null && input.upTo < 0)
        throw badInput("`upTo` is the `seq` of an event, so it cannot be below 0.");
      const view = await findConversation(context, conversationHash(input));
      if (view && isDraft(view)) return { rejection: onlyDraft() };
      const [participant] = view ? await reader.ownParticipants(viewer.accountId, view.id) : [];
      if (!view || participant === undefined) {
        return { rejection: reject("NOT_FOUND", "There is no such conversation.") };
      }
      const upTo = Math.min(input.upTo ?? view.conversation.seq, view.conversation.seq);
      const move = await platform.store.moveReceipt(view.id, viewer.accountId, upTo);
      // Where the account does not tell others, its own devices alone; lost where the bus is down, for the next one says it all.
      if (move) {
        const { accountId } = viewer;
        const isTold = await reader.tellsReceipts(accountId);
        const own = { kind: "participation", conversation: view.id, accountId } as const;
        await platform.bus.publish([isTold ? { kind: "receipt", ...move } : own]).catch(() => {});
      }
      return { view, participant };
    },
  }),
);
