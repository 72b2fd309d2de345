// Mutation.conversationCreate
import { toAddress } from "../../accounts/accounts.ts";
import type { Command } from "../../conversation/accept.ts";
import { unknownRecipient } from "../../conversation/body.ts";
import { type Draft, editDraft, emptyDraft } from "../../conversation/draft.ts";
import { limits } from "../../conversation/limits.ts";
import { type Rejection, reject } from "../../conversation/rejection.ts";
import { createDraft } from "../../store/drafts.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { messageBody, textFields } from "../message-body.ts";
import type { RejectionSource } from "../types/Rejection.ts";
import { clientOf, hashOf, type Performed } from "./perform.ts";
import { publish } from "./publish.ts";
import { appendResult, personFields } from "./result.ts";

const ParticipantInput = builder.inputType("DraftParticipantInput", {
  description: "Somebody to take part.",
  fields: personFields,
});

const MessageInput = builder.inputType("DraftMessageInput", {
  description: "Something to say.",
  fields: (t) => textFields(t, "The text"),
});

const Input = builder.inputType("ConversationCreateInput", {
  description: "What the conversation starts with.",
  fields: (t) => ({
    clientId: t.string({
      description:
        "With `publish`: your name for this request; sent again with the same one, it is done once. Each other request takes a new one; that only its words differ is not noticed.",
    }),
    subject: t.string({ description: `One line, at most ${limits.subjectCharacters} characters.` }),
    participants: t.field({ type: [ParticipantInput], description: "Who takes part beside the viewer, who is ADMIN." }),
    messages: t.field({ type: [MessageInput], description: "What is said, in this order." }),
    labels: t.stringList({ description: "Labels, which everybody sees." }),
    expiresAt: t.field({ type: "DateTime", description: "When the conversation expires." }),
    continues: t.id({
      description:
        "A conversation that this one goes on with, by hash or global id: one whose leader is gone, say, or that is frozen.",
    }),
    publish: t.boolean({ description: "Publish it at once, which sends it. Default: false, a draft." }),
  }),
});

builder.mutationField("conversationCreate", (t) =>
  t.field({
    type: appendResult("ConversationCreate"),
    description: "Begins a conversation: as a draft that only the viewer sees, or published at once.",
    args: { input: t.arg({ type: Input, required: true, description: "What it starts with." }) },
    resolve: async (_, { input }, context): Promise<Performed | RejectionSource> => {
      const continues = input.continues ? await continuedBy(context, input.continues) : null;
      if (continues && "code" in continues) return { rejection: continues };
      let draft: Draft = { ...emptyDraft, continues };
      for (const command of commandsOf(input)) {
        if ("code" in command) return { rejection: command };
        const edited = editDraft(draft, command, context.platform.salt());
        if ("code" in edited) return { rejection: edited };
        draft = edited;
      }
      const { platform, viewer } = context;
      const hash = platform.salt();
      if (input.publish) return publish(context, { hash, content: draft }, clientOf(context, input));
      const unknown = await unknownAddress(context, draft);
      if (unknown !== null) return { rejection: unknownRecipient(unknown) };
      const stored = await createDraft(platform.database.prisma, viewer.accountId, hash, draft);
      return { conversation: { id: hash, draft: stored }, event: null, changes: null, item: null };
    },
  }),
);

function commandsOf(input: typeof Input.$inferInput): readonly (Command | Rejection)[] {
  return [
    ...(input.subject
      ? [{ action: "modify", model: "subject", body: { subject: input.subject.trim().normalize("NFC") } } as const]
      : []),
    ...(input.expiresAt
      ? [{ action: "modify", model: "expiry", value: { expiresAt: input.expiresAt.toISOString() } } as const]
      : []),
    ...(input.messages ?? []).map(
      (message) => ({ action: "add", model: "message", body: messageBody(message) }) as const,
    ),
    ...(input.labels ?? []).map(
      (name) => ({ action: "add", model: "label", body: { name: name.trim().normalize("NFC") } }) as const,
    ),
    ...(input.participants ?? []).map(({ address: typed, name, role }): Command | Rejection => {
      const address = toAddress(typed);
      if (address === null) {
        const what = JSON.stringify(typed.slice(0, limits.addressCharacters));
        return reject("INVALID_ADDRESS", `${what} is not an address. Write it as name@example.org.`);
      }
      const body = { address, name: name?.trim().normalize("NFC") || null };
      return { action: "add", model: "participant", value: { role: role ?? "WRITER" }, body };
    }),
  ];
}

async function unknownAddress({ platform, viewer }: Context, draft: Draft): Promise<string | null> {
  const addresses = draft.participants.map(({ address }) => address);
  // Whose platform does not answer now may do so when it is published.
  const found = await platform.findRecipients(addresses, viewer.accountId);
  return addresses.find((address) => !found.has(address)) ?? null;
}

/** The conversation that is named, and the last event of it that the viewer sees. */
async function continuedBy({ reader, viewer }: Context, named: string): Promise<Draft["continues"] | Rejection> {
  const view = await reader.view(viewer.accountId, hashOf(named, "continues"));
  const last = view && (await reader.event(view, Math.min(view.conversation.seq, view.horizon)));
  return last ? { conversation: view.id, event: last.id } : reject("NOT_FOUND", "There is no such conversation.");
}
