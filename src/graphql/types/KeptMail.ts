// Mails of strangers that wait for the viewer's decision.
import type { InboundRow } from "../../mail/in/inbound-rows.ts";
import type { KeptCursor } from "../../mail/in/kept-mails.ts";
import { badInput, builder, connectionOf, type Placed, pageRequest } from "../builder.ts";
import { findConversation, isDraft } from "../find-conversation.ts";
import { ConversationType } from "./Conversation.ts";
import { MailSenderType } from "./OriginalMail.ts";
import { ParticipantType } from "./Participant.ts";
import { ViewerType } from "./Viewer.ts";

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const KeptMailReasonType = builder.enumType("KeptMailReason", {
  description: "Why a mail was not posted.",
  values: {
    OTHER_SENDER: {
      description:
        "It answers the mails of a participant, and is not from their address. `keptMailAccept` takes its sender in.",
    },
    ACCOUNT: { description: "Its sender has an account here, by which alone they speak." },
    PLATFORM: { description: "Another platform serves its sender's address: by that alone they speak." },
  } as const,
});
type KeptMailReason = "OTHER_SENDER" | "ACCOUNT" | "PLATFORM";

const KeptMailType = builder.objectRef<InboundRow>("KeptMail");

builder.node(KeptMailType, {
  description:
    "A mail of somebody who does not take part in the conversation that it answers: forwarded, or sent from another address.",
  id: { resolve: ({ id }) => id, description: "Opaque and global." },
  isTypeOf: (source) => typeof source === "object" && source !== null && "keptFor" in source,
  loadOne: async (id, { platform, viewer }) => (uuid.test(id) ? platform.mail.keptMail(viewer.accountId, id) : null),
  fields: (t) => ({
    from: t.field({
      type: MailSenderType,
      description: "Who it says it is from.",
      resolve: ({ told }) => told?.from ?? { address: "", name: null },
    }),
    isAuthentic: t.boolean({
      description: "Whether the sender's domain vouches for it. Else anybody may have written it.",
      resolve: ({ authentication }) => authentication?.verdict === "aligned",
    }),
    subject: t.string({ description: "Its subject; may be empty.", resolve: ({ told }) => told?.subject ?? "" }),
    preview: t.string({ description: "Its first words.", resolve: ({ told }) => told?.preview ?? "" }),
    receivedAt: t.field({ type: "DateTime", description: "When it came.", resolve: ({ receivedAt }) => receivedAt }),
    reason: t.field({
      type: KeptMailReasonType,
      description: "Why it was not posted.",
      resolve: ({ reason }) => (reason ?? "OTHER_SENDER") as KeptMailReason,
    }),
    conversation: t.field({
      type: ConversationType,
      nullable: true,
      description: "The conversation that it answers.",
      resolve: ({ conversation }, _, context) =>
        conversation === null ? null : findConversation(context, conversation),
    }),
    participant: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Whose mails it answers.",
      resolve: async ({ conversation, participant }, _, context) => {
        const view = conversation === null ? null : await findConversation(context, conversation);
        return view && !isDraft(view) && participant !== null ? context.reader.participant(view, participant) : null;
      },
    }),
  }),
});

builder.objectField(ViewerType, "keptMails", (t) =>
  t.connection({
    type: KeptMailType,
    description:
      "Mails of people who do not take part in the conversations that they answer, kept for whoever added the participant whose mails those are. The newest first.",
    resolve: async (_, args, { platform, viewer }) => {
      const page = await platform.mail.keptMails(viewer.accountId, pageRequest(args, cursorOf));
      const nodes = page.nodes.map(
        (node): Placed<InboundRow> => ({ node, place: `${node.receivedAt.toISOString()} ${node.id}` }),
      );
      return connectionOf({ ...page, nodes });
    },
  }),
);

function cursorOf(text: string): KeptCursor | null {
  const [at = "", id = ""] = text.split(" ");
  const receivedAt = new Date(at);
  return Number.isNaN(receivedAt.getTime()) || !uuid.test(id) ? null : { receivedAt, id };
}

/** The mail's own id. @throws GraphQLError BAD_USER_INPUT */
export function keptMailId(input: string): string {
  const [type, id = ""] = Buffer.from(input, "base64").toString().split(":");
  if (type !== "KeptMail" || !uuid.test(id)) throw badInput("`keptMail` is no global id of a kept mail.");
  return id;
}
