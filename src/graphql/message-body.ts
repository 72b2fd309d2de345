// The words of a message in an input: which fields they have, and the body that they make.
import { limits } from "../conversation/limits.ts";
import type { MessageBody, MessageFormat } from "../protocol/event.ts";
import { MessageFormatType } from "./builder.ts";
import { hashOf } from "./mutations/perform.ts";
import type { InputFields } from "./mutations/result.ts";

/** @param what the text is called */
export const textFields = (t: InputFields, what: string) => ({
  body: t.string({ required: true, description: `${what}: at most ${limits.messageBytes / 1024} KiB.` }),
  format: t.field({ type: MessageFormatType, description: "How the text is written. Default: MARKDOWN." }),
});

export const mentionsField = (t: InputFields) => ({
  mentions: t.idList({ description: "Participants to mention; one of nobody here is ignored." }),
});

export interface MessageInput {
  readonly body: string;
  readonly format?: MessageFormat | null | undefined;
  readonly mentions?: readonly string[] | null | undefined;
}

export function messageBody({ body, format, mentions }: MessageInput): MessageBody {
  const ids = (mentions ?? []).map((named) => hashOf(named, "mentions"));
  return { format: format ?? "MARKDOWN", text: body, mentions: [...new Set(ids)], mail: null };
}
