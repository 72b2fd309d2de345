// The mail that a message was, as it came.
import type { Original } from "../../mail/in/original.ts";
import { builder } from "../builder.ts";
import { isDrafted } from "../items.ts";
import { MessageType, ofRead } from "./Message.ts";

export const MailSenderType = builder.objectRef<Original["from"]>("MailSender").implement({
  description: "Who a mail says it is from.",
  fields: (t) => ({
    address: t.exposeString("address", { description: "Their address." }),
    name: t.exposeString("name", { nullable: true, description: "What they call themselves." }),
  }),
});

const OriginalMailType = builder.objectRef<Original>("OriginalMail").implement({
  description: "A mail as it came, with what was left out of its message: quotes and signature.",
  fields: (t) => ({
    from: t.field({ type: MailSenderType, description: "Who it is from.", resolve: ({ from }) => from }),
    receivedAt: t.field({ type: "DateTime", description: "When it came.", resolve: ({ receivedAt }) => receivedAt }),
    text: t.string({
      nullable: true,
      description: "Its plain text; null where it has none.",
      resolve: ({ text }, _, { budget }) => text && budget.written(text),
    }),
    html: t.string({
      nullable: true,
      description: "Its HTML, made safe to show as `Message.bodyHtml` is; null where it has none.",
      resolve: ({ html }, _, { budget }) => html && budget.formatted({ format: "HTML", text: html }),
    }),
  }),
});

builder.objectField(MessageType, "original", (t) =>
  t.field({
    type: OriginalMailType,
    nullable: true,
    description:
      "The mail that it was; null where it came by another way, by another platform, or is removed with one of its files. Ten at most in one answer.",
    resolve: ofRead(async (source, { platform, budget }) => {
      // Who does not see its words does not see how they came.
      if (isDrafted(source) || !source.body || source.isPending) return null;
      budget.original();
      return platform.mail.original(source.of.id, source.message.id);
    }),
  }),
);
